"""Group buys that are open, and orders in them, through the real actions."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.group_buy import actions
from orders.order import rules as order_rules
from orders.payment import settling
from services.orders.tests.factories import ADDRESS, NOW, WINDOW, listed_sku
from services.orders.tests.payment.payment_factories import opened_payment, paid_trade
from shared.auth import Caller
from shared.events.catalog import SkuListed
from shared.ids import new_id

DAY = timedelta(days=1)
PRICE_FEN = 2980


async def opened_group(
    db: AsyncSession, sku: SkuListed | None = None, *, stock: int = 20, is_open: bool = True, **given: Any
) -> UUID:
    """A group of a SKU at 39.80 for 29.80: at least 4 pieces, at most 10, until tomorrow."""
    sku = sku or await listed_sku(db, stock=stock)
    caller = Caller(uuid4(), sku.supplier_id, "supplier")
    now = given.pop("now", NOW)
    facts = {
        "sku_id": sku.sku_id,
        "title": "香菇拼团",
        "title_en": "Shiitake together",
        "price_fen": PRICE_FEN,
        "min_count": 4,
        "max_count": 10,
        "person_cap": None,
        "closes_at": now + DAY,
    }
    group = await actions.create_group_buy(db, group_buy_id=new_id(), facts=facts | given, caller=caller, now=now)
    if is_open:
        await actions.move_group_buy(
            db,
            group_buy_id=group.group_buy_id,
            verb="open",
            expected_revision=1,
            reason="",
            caller=caller,
            now=now,
        )
    return group.group_buy_id


async def joined(
    db: AsyncSession, group_buy_id: UUID, quantity: int = 1, *, buyer_id: UUID | None = None, now: datetime = NOW
) -> order_rules.OrderDraft:
    """An unpaid order in the group."""
    wanted = {
        "group_buy_id": group_buy_id,
        "quantity": quantity,
        "next_id": new_id,
        "buyer": order_rules.Buyer(buyer_id or uuid4(), "consumer"),
        "address": ADDRESS,
        "note": "",
        "payment_window": WINDOW,
    }
    quoted = await actions.draft_join(db, **wanted, order_id=new_id(), now=now)
    placed = await actions.join_group(
        db,
        **wanted,
        order_id=new_id(),
        now=now,
        seen_payable_fen=quoted.payable_fen,
        render=lambda _: b"{}",
        once=None,
    )
    return placed.draft


async def paid(db: AsyncSession, draft: order_rules.OrderDraft, *, at: datetime = NOW) -> UUID:
    """The order's money arrived, taken by the provider at this instant; the payment's id."""
    payment_id = await opened_payment(
        db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=draft.buyer.person_id
    )
    trade = paid_trade(payment_id, draft.payable_fen, succeeded_at=at)
    outcome = await settling.take_trade(db, trade, provider="sandbox", now=at)
    assert outcome.verdict == "capture"
    return payment_id


async def group_row(db: AsyncSession, group_buy_id: UUID) -> Row[Any]:
    """The group's row as it is stored."""
    found = await db.execute(text("SELECT * FROM group_buys WHERE group_buy_id = :id"), {"id": group_buy_id})
    return found.one()


async def order_of(db: AsyncSession, order_id: UUID) -> tuple[str, str, str]:
    """(status, fulfilment, history) of an order of one part."""
    found = await db.execute(
        text("""
            SELECT status, (SELECT fulfilment FROM supplier_orders AS part WHERE part.order_id = placed.order_id),
                   (SELECT string_agg(change, ' ' ORDER BY change_id) FROM order_changes AS step
                    WHERE step.order_id = placed.order_id)
            FROM orders AS placed WHERE order_id = :id
        """),
        {"id": order_id},
    )
    row = found.one()
    return row[0], row[1], row[2]
