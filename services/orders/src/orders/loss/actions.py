"""What follows from lost parcels: load, decide, save, publish.

Locks in this order: the order, the buyer's points, stock, line balances, the payment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.exchange import actions as exchange_actions
from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.line_refund.rules import SoldLine
from orders.loss import queries, rules
from orders.loss.models import MissingReport, PartLoss
from orders.order import actions as order_actions
from orders.order import completing, shortfall
from orders.order import queries as order_queries
from orders.payment import actions as payment_actions
from orders.point import actions as point_actions
from orders.point import rules as point_rules
from orders.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events.aftercare import NotArrived
from shared.events.orders import PiecesGivenUp, RefundedLine, SupplierOrderSettled
from shared.ids import new_id
from shared.outbox import publish

_NOTE = text("""
    INSERT INTO order_changes (order_id, supplier_order_id, change, reason, changed_by, changed_at)
    VALUES (:order_id, :supplier_order_id, :change, :reason, :changed_by, :now)
""")
_END = text("""
    WITH part AS (UPDATE supplier_orders SET fulfilment = 'LOST' WHERE supplier_order_id = :supplier_order_id)
    INSERT INTO order_changes (order_id, supplier_order_id, change, changed_at)
    VALUES (:order_id, :supplier_order_id, 'LOST', :now)
""")


@dataclass(frozen=True, slots=True)
class Told:
    """What logistics says of lost parcels."""

    loss_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    carrier_code: str
    waybill_numbers: Sequence[str]
    quantities: Mapping[UUID, int]
    sends_again: bool
    evidence: str
    side: Literal["supplier", "operator"]
    declared_by: UUID


@dataclass(slots=True)
class _Given:
    """What became of the lost pieces."""

    lines: list[RefundedLine]
    refunded_count: int = 0
    replaced_count: int = 0
    refund_fen: int = 0


async def note_lost(db: AsyncSession, told: Told, *, now: datetime) -> None:
    """Pieces of a part were lost: they are sent again where that is wanted and there is enough, else their frozen share
    goes back with its delivery, and nobody argues. Told again it changes nothing; an order that was cancelled meanwhile
    has given everything back already. Of an order on account nothing was paid: its history says so, and the goods check
    counts what came. Conflict `part-not-under-way`."""
    order = await order_queries.lock_order(db, told.order_id)
    part = _part_of(order, told.supplier_order_id)
    if order["status"] == "CANCELLED" or await queries.is_known(db, told.loss_id):
        return
    rules.ensure_under_way(part["fulfilment"])
    if order["is_on_account"]:
        await _note(
            db, told.order_id, told.supplier_order_id, "PIECES_LOST", told.evidence, by=told.declared_by, now=now
        )
        return
    if point_rules.is_for(order["buyer_kind"]):  # before the stock, as placing does
        await point_actions.lock_account(db, UUID(order["buyer_id"]), now=now)
    given = await _give(db, told, part, now=now)
    carrier_bp = rules.carrier_bp()
    carrier_fen = rules.carrier_part(given.refund_fen, carrier_bp)
    db.add(
        PartLoss(
            loss_id=told.loss_id,
            order_id=told.order_id,
            supplier_order_id=told.supplier_order_id,
            carrier_code=told.carrier_code,
            waybill_numbers=list(told.waybill_numbers),
            evidence=told.evidence,
            declared_side=told.side,
            declared_by=told.declared_by,
            declared_at=now,
            refunded_count=given.refunded_count,
            replaced_count=given.replaced_count,
            supplier_fen=given.refund_fen - carrier_fen,
            carrier_fen=carrier_fen,
            carrier_bp=carrier_bp,
        )
    )
    await db.flush()
    await _record(db, told.loss_id, "declare", None, carrier_bp, told.evidence, told.side, told.declared_by, now)
    await _note(db, told.order_id, told.supplier_order_id, "PIECES_LOST", told.evidence, by=told.declared_by, now=now)
    if not given.lines:
        return
    event = PiecesGivenUp(
        shortfall_id=told.loss_id,
        order_id=told.order_id,
        order_number=order["order_number"],
        supplier_order_id=told.supplier_order_id,
        supplier_id=part["supplier_id"],
        lines=tuple(given.lines),
        refunded_fen=given.refund_fen,
        cause="lost",
        carrier_fen=carrier_fen,
        noted_at=now,
    )
    await publish(db, event, now=now)
    if given.refund_fen:
        reason = f"lost {order['order_number']}"
        await payment_actions.request_refund(
            db, order_id=told.order_id, amount_fen=given.refund_fen, reason=reason, now=now
        )


async def _give(db: AsyncSession, told: Told, part: Mapping[str, Any], *, now: datetime) -> _Given:
    sold = {UUID(line["line_id"]): await _sold(db, line) for line in part["lines"]}
    free = [(line.line_id, line.sku_id, await _left(db, line)) for line in sold.values()]
    lost = [(sold[line_id], count) for line_id, count in rules.portions(free, told.quantities)]
    given, to_pay_back = _Given([]), []
    for line, count in lost:
        if told.sends_again and await exchange_actions.replace_lost(
            db,
            exchange_id=new_id(),
            line=line,
            piece_count=count,
            reason=told.evidence,
            side=told.side,
            person_id=told.declared_by,
            now=now,
        ):
            given.replaced_count += count
        else:
            to_pay_back.append((line, count))
    for line, count in to_pay_back:
        share = await line_refund_actions.forgo_pieces(
            db, line, count, with_delivery=rules.delivery_goes_back(), now=now
        )
        await shortfall.keep(db, told.loss_id, line, count, refund_fen=share.goods_fen, now=now)
        given.lines.append(
            RefundedLine(
                line_id=line.line_id,
                sku_id=line.sku_id,
                product_id=line.product_id,
                quantity=count,
                goods_fen=share.goods_fen,
            )
        )
        given.refunded_count += count
        given.refund_fen += share.total_fen
    return given


async def decide_share(
    db: AsyncSession,
    *,
    loss_id: UUID,
    carrier_bp: int,
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> PartLoss:
    """The customer service decides which share of what went back the carrier bears; the rest is the supplier's. The
    buyer's money does not change.

    404 `loss-not-found`; 409 `nothing-to-share`, `share-unchanged`; 412 `stale`; 422 `share-out-of-bounds`.
    """
    loss = await queries.lock_loss(db, loss_id)
    ensure_fresh(expected_revision, loss.revision)
    total_fen, before_bp = loss.supplier_fen + loss.carrier_fen, loss.carrier_bp
    rules.ensure_share(carrier_bp, now_bp=before_bp, shared_fen=total_fen)
    loss.carrier_bp, loss.carrier_fen = carrier_bp, rules.carrier_part(total_fen, carrier_bp)
    loss.supplier_fen = total_fen - loss.carrier_fen
    loss.revision += 1
    await _record(db, loss_id, "decide-share", before_bp, carrier_bp, reason, "operator", caller.person_id, now)
    return loss


async def _record(
    db: AsyncSession,
    loss_id: UUID,
    verb: str,
    before_bp: int | None,
    after_bp: int,
    reason: str,
    actor: Literal["supplier", "operator"],
    person_id: UUID,
    now: datetime,
) -> None:
    """The trail of a loss tells the carrier's share in basis points."""
    await trail_actions.record(
        db,
        subject_kind="loss",
        subject_id=loss_id,
        verb=verb,
        from_status=None if before_bp is None else str(before_bp),
        to_status=str(after_bp),
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )


async def end_lost_part(db: AsyncSession, *, order_id: UUID, supplier_order_id: UUID, now: datetime) -> None:
    """All that was sent of the part is lost, and nothing is to be sent: it ends LOST, its order is complete or void.
    What is sent again is settled now, as the buyer paid for it; where nothing is, the rest of the delivery goes back.
    On account the goods check follows, which will count nothing.

    Told again, or after the order was cancelled, it changes nothing. Conflict `part-not-under-way`.
    """
    order = await order_queries.lock_order(db, order_id)
    part = _part_of(order, supplier_order_id)
    if order["status"] == "CANCELLED" or part["fulfilment"] == "LOST":
        return
    rules.ensure_sent(part["fulfilment"])
    if order["is_on_account"]:
        await order_actions.mark_delivered(db, order_id=order_id, supplier_order_id=supplier_order_id, delivered_at=now)
        return
    await db.execute(_END, {"order_id": order_id, "supplier_order_id": supplier_order_id, "now": now})
    settled = await shortfall.settled_lines(db, supplier_order_id, part["lines"])
    if settled:
        event = SupplierOrderSettled(
            order_id=order_id,
            supplier_order_id=supplier_order_id,
            supplier_id=part["supplier_id"],
            lines=settled,
            settled_at=now,
        )
        await publish(db, event, now=now)
    else:
        line_ids = [UUID(line["line_id"]) for line in part["lines"]]
        left_fen = await line_refund_actions.forgo_delivery(db, line_ids)
        if left_fen:
            reason = f"lost {order['order_number']}"
            await payment_actions.request_refund(db, order_id=order_id, amount_fen=left_fen, reason=reason, now=now)
    await completing.end_part(db, order, part, "LOST", reason="lost", now=now)


async def note_late_arrival(
    db: AsyncSession, *, order_id: UUID, supplier_order_id: UUID, waybill_number: str, now: datetime
) -> None:
    """What was lost came all the same: the order's history says so, and nothing else changes."""
    await order_queries.lock_order(db, order_id)
    await _note(db, order_id, supplier_order_id, "ARRIVED_AFTER_LOSS", waybill_number, by=None, now=now)


async def report_missing(
    db: AsyncSession, *, order_id: UUID, supplier_order_id: UUID, note: str, caller: Caller, now: datetime
) -> MissingReport:
    """The buyer says that a part has not come although the promise is over: its supplier and the customer service know.

    404 `order-not-found`; 409 `part-not-under-way`, `promise-not-over`, `reported-already`.
    """
    order = await order_queries.lock_own_order(db, order_id, caller)
    part = _part_of(order, supplier_order_id)
    rules.ensure_under_way(part["fulfilment"])
    awaited = {each.supplier_order_id: each for each in await queries.list_awaited(db, order_id)}
    expected = awaited[supplier_order_id]
    rules.ensure_promise_over(expected.reportable_from, today=business_day(now))
    if await queries.find_report(db, supplier_order_id) is not None:
        raise Conflict("You have told us already.", code="reported-already")
    report = MissingReport(
        supplier_order_id=supplier_order_id,
        order_id=order_id,
        note=note,
        promised_until=expected.promised_until,
        reported_by=caller.person_id,
        reported_at=now,
    )
    db.add(report)
    await db.flush()
    event = NotArrived(
        order_id=order_id,
        order_number=order["order_number"],
        supplier_order_id=supplier_order_id,
        supplier_id=part["supplier_id"],
        buyer_id=order["buyer_id"],
        note=note,
        reported_at=now,
    )
    await publish(db, event, now=now)
    return report


async def _note(
    db: AsyncSession,
    order_id: UUID,
    supplier_order_id: UUID,
    change: str,
    reason: str,
    *,
    by: UUID | None,
    now: datetime,
) -> None:
    values = {"order_id": order_id, "supplier_order_id": supplier_order_id, "change": change, "reason": reason}
    await db.execute(_NOTE, {**values, "changed_by": by, "now": now})


async def _sold(db: AsyncSession, line: Mapping[str, Any]) -> SoldLine:
    return await line_refund_queries.get_sold_line(db, UUID(line["line_id"]))


async def _left(db: AsyncSession, line: SoldLine) -> int:
    return (await line_refund_queries.find_balance(db, line)).left_count


def _part_of(order: Mapping[str, Any], supplier_order_id: UUID) -> dict[str, Any]:
    for part in order["parts"]:
        if part["supplier_order_id"] == str(supplier_order_id):
            found: dict[str, Any] = part  # the very row, so that it can be told from the others
            return found
    raise order_queries.no_such_order()
