"""Keeping a cart's pieces, and letting them go. The order that buys them ends the hold itself (`place_order`)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import queries as cart_queries
from orders.cart_hold import queries, rules
from orders.hold import actions as hold_actions
from orders.sku.rules import unsellable_reason
from shared.auth import Caller


async def keep_pieces(db: AsyncSession, *, holder_id: UUID, caller: Caller, now: datetime) -> None:
    """Hold what is in the caller's cart and on sale, all or none. A hold that is there already stays as it is.

    Conflict `cart-empty`, `cart-hold-too-many`, `cart-hold-too-soon` with `again_at`, `stock-short` with `shortages`.
    """
    if await queries.lock_open(db, caller.person_id) is not None:
        return
    limits = rules.cart_limits()
    rules.ensure_again(await queries.find_last_ended(db, caller.person_id), now, limits)
    lines = await cart_queries.list_lines(db, caller.person_id)
    quantities = {line.sku.sku_id: line.quantity for line in lines if not unsellable_reason(line.sku, now)}
    rules.ensure_holdable(quantities, limits)
    await hold_actions.hold(
        db,
        holder_id=holder_id,
        purpose="cart",
        title="",
        quantities=quantities,
        expires_at=now + limits.lasts,
        caller=caller,
        now=now,
    )


async def let_go(db: AsyncSession, *, person_id: UUID, now: datetime) -> None:
    """Others may buy the pieces again. Nothing held is nothing done."""
    holder_id = await queries.lock_open(db, person_id)
    if holder_id is not None:
        await hold_actions.end_holds(db, [holder_id], verb="release", now=now)
