"""Speaking for pieces of a line, and granting money for them: the refund, its shares and its event in one act."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.line_refund import queries, rules
from orders.line_refund.models import LineRefund
from orders.payment import actions as payment_actions
from orders.point import actions as point_actions
from shared.errors import Conflict
from shared.events.orders import RefundedLine, RefundGranted
from shared.outbox import publish

_TAKE = text("UPDATE line_balances SET claimed_count = claimed_count + :count WHERE line_id = :line_id")

_FORGO = text("""
    UPDATE line_balances SET refunded_count = refunded_count + :count, refunded_fen = refunded_fen + :goods_fen,
        refunded_delivery_fen = refunded_delivery_fen + :delivery_fen
    WHERE line_id = :line_id
""")
_FORGO_DELIVERY = text("""
    WITH before AS (
        SELECT line_id, delivery_fen - refunded_delivery_fen AS left_fen FROM line_balances
        WHERE line_id = ANY(CAST(:line_ids AS uuid[])) ORDER BY line_id FOR NO KEY UPDATE
    ), after AS (
        UPDATE line_balances SET refunded_delivery_fen = delivery_fen FROM before
        WHERE line_balances.line_id = before.line_id
    )
    SELECT sum(left_fen) FROM before
""")


async def take_pieces(db: AsyncSession, line: rules.SoldLine, count: int) -> rules.LineBalance:
    """Speak for pieces of the line, which is held until the end; the balance before. 409 `pieces-claimed-already`."""
    balance = await queries.lock_balance(db, line)
    rules.ensure_left(balance, count)
    await db.execute(_TAKE, {"line_id": line.line_id, "count": count})
    return balance


async def free_pieces(db: AsyncSession, line: rules.SoldLine, count: int) -> None:
    """The claim or return does not stand any more: others may speak for its pieces."""
    await queries.lock_balance(db, line)
    await db.execute(_TAKE, {"line_id": line.line_id, "count": -count})


async def forgo_delivery(db: AsyncSession, line_ids: Sequence[UUID]) -> int:
    """Nothing of these lines, whose pieces are all forgone, will be carried: what of their delivery has not gone back
    yet, in fen. The caller gives it back."""
    left_fen = await db.scalar(_FORGO_DELIVERY, {"line_ids": list(line_ids)})
    return int(left_fen or 0)


async def forgo_pieces(
    db: AsyncSession,
    line: rules.SoldLine,
    count: int,
    *,
    with_delivery: bool = False,
    now: datetime,
) -> rules.RefundShare:
    """Pieces that were paid and will never be sent, or never arrive: nobody can claim them any more; what they are
    worth of the line. The caller gives it back; points follow by themselves."""
    balance = await take_pieces(db, line, count)
    share = rules.refund_share(
        balance,
        count=count,
        weight_g=None,
        net_weight_g=line.net_weight_g,
        with_delivery=with_delivery,
        carrier_bp=0,
    )
    forgone = {"count": count, "goods_fen": share.goods_fen, "delivery_fen": share.delivery_fen}
    await db.execute(_FORGO, {"line_id": line.line_id, **forgone})
    await _follow_points(db, line, now=now)
    return share


async def _follow_points(db: AsyncSession, line: rules.SoldLine, *, now: datetime) -> None:
    await point_actions.follow_refund(
        db, person_id=line.buyer_id, buyer_kind=line.buyer_kind, line_id=line.line_id, now=now
    )


async def grant_refund(
    db: AsyncSession,
    line: rules.SoldLine,
    *,
    line_refund_id: UUID,
    cause: Literal["claim", "return", "exchange", "goodwill"],
    cause_id: UUID,
    piece_count: int,
    weight_g: int | None,
    with_delivery: bool,
    carrier_bp: int,
    now: datetime,
) -> rules.RefundShare:
    """Give the share of pieces that were spoken for back to the buyer, and the points that paid for them; what they
    earned is taken back. One cause is granted once (the key holds it). What is goodwill is borne by the platform.

    Recorded with the refund of the payment, which is sent after the commit: whatever is killed in between, either all
    of it happened or nothing. For no pieces it is what is left of the line's delivery. Conflict `order-not-paid`,
    `refund-exceeds-payment`, `delivery-refunded-already`.
    """
    balance = await queries.lock_balance(db, line)
    share = rules.refund_share(
        balance,
        count=piece_count,
        weight_g=weight_g,
        net_weight_g=line.net_weight_g,
        with_delivery=with_delivery,
        carrier_bp=carrier_bp,
    )
    if piece_count == 0 and share.total_fen == 0:
        raise Conflict("The delivery has gone back already.", code="delivery-refunded-already")
    if cause == "goodwill":
        share = replace(share, supplier_fen=0, carrier_fen=0)
    platform_fen = share.total_fen - share.supplier_fen - share.carrier_fen
    refund_id = None
    if share.total_fen:
        refund_id = await payment_actions.request_refund(
            db, order_id=line.order_id, amount_fen=share.total_fen, reason=f"{cause} {line.order_number}", now=now
        )
    db.add(
        LineRefund(
            line_refund_id=line_refund_id,
            line_id=line.line_id,
            refund_id=refund_id,
            cause=cause,
            cause_id=cause_id,
            piece_count=piece_count,
            goods_fen=share.goods_fen,
            delivery_fen=share.delivery_fen,
            supplier_fen=share.supplier_fen,
            carrier_fen=share.carrier_fen,
            platform_fen=platform_fen,
            granted_at=now,
        )
    )
    await db.flush()
    await _follow_points(db, line, now=now)
    refunded = RefundedLine(
        line_id=line.line_id,
        sku_id=line.sku_id,
        product_id=line.product_id,
        quantity=piece_count,
        goods_fen=share.goods_fen,
    )
    event = RefundGranted(
        refund_id=line_refund_id,
        order_id=line.order_id,
        order_number=line.order_number,
        supplier_order_id=line.supplier_order_id,
        supplier_id=line.supplier_id,
        buyer_id=line.buyer_id,
        buyer_kind=line.buyer_kind,
        organisation_id=line.organisation_id,
        cause=cause,
        cause_id=cause_id,
        lines=(refunded,) if piece_count else (),
        delivery_fen=share.delivery_fen,
        refunded_fen=share.total_fen,
        supplier_fen=share.supplier_fen,
        carrier_fen=share.carrier_fen,
        platform_fen=platform_fen,
        granted_at=now,
    )
    await publish(db, event, now=now)
    return share
