"""Asking for exchanges and moving them, by people and by what logistics tells of the replacement. Locks are taken in
this order: exchange, stock, line balance, payment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import goods_of, side_of, tell_answer
from orders.exchange import queries, rules
from orders.exchange.models import Exchange
from orders.exchange.rules import Replacement, Said
from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.line_refund.rules import SoldLine, ensure_left, ensure_may
from orders.photo import actions as photo_actions
from orders.service_desk.rules import ensure_agent
from orders.stock import actions as stock_actions
from orders.stock import queries as stock_queries
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events.orders import ReplacementDue
from shared.ids import new_id
from shared.outbox import publish


async def request_exchange(
    db: AsyncSession,
    *,
    exchange_id: UUID,
    order_id: UUID,
    line_id: UUID,
    piece_count: int,
    problem: str,
    description: str,
    photo_ids: Sequence[UUID],
    caller: Caller,
    now: datetime,
) -> Exchange:
    """Ask for pieces to be sent again.

    404 `line-not-found`; 409 `not-delivered`, `exchange-window-over`, `pieces-claimed-already`; 422 `photo-unknown`.
    """
    line = await line_refund_queries.get_sold_line(db, line_id, buyer_id=caller.person_id, order_id=order_id)
    rules.ensure_exchangeable(line, now)
    ensure_left(await line_refund_queries.lock_balance(db, line), piece_count)  # a trigger takes them
    exchange = _opened(line, exchange_id, piece_count, problem, description, status=rules.REQUESTED, now=now)
    db.add(exchange)
    await db.flush()
    await photo_actions.attach_photos(
        db, photo_ids, subject_id=exchange_id, supplier_id=line.supplier_id, person_id=caller.person_id
    )
    await _record(db, exchange, "request", before=None, reason="", actor="buyer", person_id=caller.person_id, now=now)
    return exchange


async def reissue_pieces(
    db: AsyncSession,
    *,
    exchange_id: UUID,
    order_id: UUID,
    line_id: UUID,
    piece_count: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> Exchange:
    """An agent sends pieces again on the buyer's behalf: the stock is held, logistics is told, nothing comes back.

    403 `agents-only`; 404 `line-not-found`; 409 `not-delivered`, `pieces-claimed-already`, `stock-short` (pay the
    pieces back instead).
    """
    ensure_agent(caller)
    line = await line_refund_queries.get_sold_line(db, line_id, order_id=order_id)
    rules.ensure_reissuable(line)
    ensure_left(await line_refund_queries.find_balance(db, line), piece_count)  # told before a shortage
    await _hold_replacement(db, exchange_id, line.sku_id, piece_count, now=now)
    agent = caller.person_id
    return await _reissue(db, line, exchange_id, piece_count, reason=reason, side="operator", person_id=agent, now=now)


async def replace_lost(
    db: AsyncSession,
    *,
    exchange_id: UUID,
    line: SoldLine,
    piece_count: int,
    reason: str,
    side: Literal["supplier", "operator"],
    person_id: UUID,
    now: datetime,
) -> bool:
    """Pieces lost on their way are sent again as a reissue; False where there are not enough. The order is locked."""
    try:
        async with db.begin_nested():
            await _hold_replacement(db, exchange_id, line.sku_id, piece_count, now=now)
    except Conflict:
        return False
    sent = replace(line, delivered_at=now)  # as far as an exchange is concerned, its first goods are done with
    await _reissue(db, sent, exchange_id, piece_count, reason=reason, side=side, person_id=person_id, now=now)
    return True


async def note_lost(
    db: AsyncSession, *, exchange_id: UUID, loss_id: UUID, count: int, carrier_bp: int, reason: str, now: datetime
) -> None:
    """Pieces of the replacement were lost as well: they are paid back, once a `loss_id`; with the last it ends.
    404 `exchange-not-found`; 409 `exchange-status`."""
    exchange = await queries.lock_exchange(db, exchange_id)
    if await line_refund_queries.is_granted(db, loss_id):
        return
    rules.status_after("give_up", exchange.status, goods_back=exchange.goods_back)
    await _pay_back(db, exchange, count, cause_id=loss_id, carrier_bp=carrier_bp, now=now)
    await _end_if_paid_back(db, exchange, reason=reason, now=now)


async def move_exchange(
    db: AsyncSession,
    *,
    exchange_id: UUID,
    verb: str,
    said: Said,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> Exchange:
    """A buyer's, supplier's or operator's verb. An approval holds the replacement's stock in the same transaction;
    logistics is told to send it as soon as nothing has to come back first.

    404 `exchange-not-found`; 403 `not-your-move`; 409 `exchange-status`, `exchange-too-early`, `exchange-too-late`,
    `stock-short` (pay the pieces back instead), `refund-exceeds-payment`; 412 `stale`; 422 `reason-missing`,
    `send-to-missing`, `waybill-missing`.
    """
    exchange = await queries.lock_exchange(db, exchange_id, caller)
    side = side_of(exchange, caller)
    ensure_may(rules.WHO, verb, side)
    ensure_fresh(expected_revision, exchange.revision)
    rules.status_after(verb, exchange.status, goods_back=exchange.goods_back)
    rules.ensure_turn(verb, side, exchange.due_at, now)
    rules.ensure_said(
        verb,
        reason=said.reason,
        goods_back=said.goods_back,
        send_to=said.send_to,
        waybill_number=said.waybill_number,
    )
    if verb == "approve":
        await _hold_replacement(db, exchange_id, exchange.sku_id, exchange.piece_count, now=now)
        exchange.goods_back, exchange.send_to = said.goods_back, said.send_to if said.goods_back else ""
    if verb == "send":
        exchange.carrier_name, exchange.waybill_number = said.carrier_name, said.waybill_number
    if verb == "refund":
        await _pay_back(db, exchange, exchange.piece_count, cause_id=exchange_id, now=now)
    await _move(db, exchange, verb, reason=said.reason, actor=side, person_id=caller.person_id, now=now)
    if verb == "send" or (verb == "approve" and not exchange.goods_back):
        await publish(db, _replacement_due(exchange, now), now=now)
    return exchange


async def lapse_exchange(db: AsyncSession, *, exchange_id: UUID, now: datetime) -> str | None:
    """What the clock does where goods that had to come back were not sent: the verb, or None where they were."""
    exchange = await queries.lock_due_exchange(db, exchange_id, now=now)
    if exchange is None:
        return None
    await _move(db, exchange, "expire", reason="", actor="clock", person_id=None, now=now)
    return "expire"


async def mark_shipped(db: AsyncSession, *, exchange_id: UUID, sent: Replacement, shipped_at: datetime) -> None:
    """Pieces of the replacement left: they leave the stock, of the exchange's own hold. Told again it changes nothing.

    404 `exchange-not-found`; 409 `exchange-status`, `shipped-more-than-held`.
    """
    exchange = await queries.lock_exchange(db, exchange_id)
    if await stock_queries.has_shipped(
        db, holder_id=exchange_id, shipment_id=sent.shipment_id, reference=sent.reference
    ):
        return
    rules.status_after("ship", exchange.status, goods_back=exchange.goods_back)
    await stock_actions.ship_stock(
        db,
        holder_id=exchange_id,
        quantities=sent.quantities,
        now=shipped_at,
        lots=sent.lots,
        shipment_id=sent.shipment_id,
        reference=sent.reference,
    )
    exchange.shipment_id = sent.shipment_id
    exchange.shipped_at = exchange.shipped_at or shipped_at
    await _move(db, exchange, "ship", reason=sent.reference, actor="supplier", person_id=None, now=shipped_at)


async def mark_delivered(db: AsyncSession, *, exchange_id: UUID, delivered_at: datetime) -> None:
    """The replacement arrived; told again it changes nothing. 404 `exchange-not-found`; 409 `exchange-status`."""
    exchange = await queries.lock_exchange(db, exchange_id)
    if exchange.status == rules.DELIVERED:
        return
    await _move(db, exchange, "deliver", reason="", actor="clock", person_id=None, now=delivered_at)


async def give_up(
    db: AsyncSession,
    *,
    exchange_id: UUID,
    shortfall_id: UUID,
    quantities: Mapping[UUID, int],
    reason: str,
    now: datetime,
) -> None:
    """The supplier cannot send these pieces again either: they are paid back. Once a `shortfall_id`; with the last of
    them, and nothing on its way, the exchange ends.

    404 `exchange-not-found`; 409 `exchange-status`, `gave-up-more-than-held`.
    """
    exchange = await queries.lock_exchange(db, exchange_id)
    if await line_refund_queries.is_granted(db, shortfall_id):
        return
    rules.status_after("give_up", exchange.status, goods_back=exchange.goods_back)
    await stock_actions.give_up_stock(db, holder_id=exchange_id, quantities=quantities, now=now)
    await _pay_back(db, exchange, sum(quantities.values()), cause_id=shortfall_id, now=now)
    await _end_if_paid_back(db, exchange, reason=reason, now=now)


async def _end_if_paid_back(db: AsyncSession, exchange: Exchange, *, reason: str, now: datetime) -> None:
    if exchange.refunded_count == exchange.piece_count:
        await _move(db, exchange, "give_up", reason=reason, actor="supplier", person_id=None, now=now)
        return
    exchange.revision += 1
    still = exchange.status
    await _record(db, exchange, "pay_part", before=still, reason=reason, actor="supplier", person_id=None, now=now)


async def _reissue(
    db: AsyncSession,
    line: SoldLine,
    exchange_id: UUID,
    piece_count: int,
    *,
    reason: str,
    side: Literal["supplier", "operator"],
    person_id: UUID,
    now: datetime,
) -> Exchange:
    ensure_left(await line_refund_queries.lock_balance(db, line), piece_count)  # a trigger takes them
    exchange = _opened(line, exchange_id, piece_count, rules.REISSUE, "", status=rules.APPROVED, now=now)
    db.add(exchange)
    await _record(db, exchange, "reissue", before=None, reason=reason, actor=side, person_id=person_id, now=now)
    await publish(db, _replacement_due(exchange, now), now=now)
    return exchange


def _opened(
    line: SoldLine, exchange_id: UUID, piece_count: int, problem: str, description: str, *, status: str, now: datetime
) -> Exchange:
    return Exchange(
        exchange_id=exchange_id,
        revision=1,
        **goods_of(line),
        sku_id=line.sku_id,
        piece_count=piece_count,
        problem=problem,
        description=description,
        status=status,
        goods_back=False,
        send_to="",
        carrier_name="",
        waybill_number="",
        refunded_count=0,
        refunded_fen=0,
        opened_at=now,
        due_at=rules.due_after(status, now, goods_back=False),
    )


async def _hold_replacement(
    db: AsyncSession, exchange_id: UUID, sku_id: UUID, piece_count: int, *, now: datetime
) -> None:
    try:
        await stock_actions.hold_stock(
            db,
            holder_id=exchange_id,
            purpose="order",
            quantities={sku_id: piece_count},
            until=None,
            now=now,
        )
    except Conflict as refusal:
        raise Conflict(
            "There is not enough left to send it again: pay the pieces back instead.",
            code=refusal.code,
            instead="refund",
            **refusal.extra,
        ) from refusal


async def _pay_back(
    db: AsyncSession, exchange: Exchange, count: int, *, cause_id: UUID, now: datetime, carrier_bp: int = 0
) -> None:
    line = await line_refund_queries.get_sold_line(db, exchange.line_id)
    share = await line_refund_actions.grant_refund(
        db,
        line,
        line_refund_id=new_id(),
        cause="exchange",
        cause_id=cause_id,
        piece_count=count,
        weight_g=None,
        with_delivery=rules.delivery_goes_back(),
        carrier_bp=carrier_bp,
        now=now,
    )
    exchange.refunded_count += count
    exchange.refunded_fen += share.total_fen


def _replacement_due(exchange: Exchange, now: datetime) -> ReplacementDue:
    return ReplacementDue(
        exchange_id=exchange.exchange_id,
        order_id=exchange.order_id,
        supplier_order_id=exchange.supplier_order_id,
        supplier_id=exchange.supplier_id,
        sku_id=exchange.sku_id,
        quantity=exchange.piece_count,
        noted_at=now,
    )


async def _move(
    db: AsyncSession,
    exchange: Exchange,
    verb: str,
    *,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    before = exchange.status
    after = rules.status_after(verb, before, goods_back=exchange.goods_back)
    if after == rules.CANCELLED and before != rules.REQUESTED:
        await stock_actions.release_stock(db, holder_ids=[exchange.exchange_id], now=now)
    exchange.status = after
    exchange.revision += 1
    exchange.due_at = rules.due_after(after, now, goods_back=exchange.goods_back)
    if after in rules.ENDED:
        exchange.ended_at = now
    await _record(db, exchange, verb, before=before, reason=reason, actor=actor, person_id=person_id, now=now)
    if verb in rules.ANSWERS:
        await tell_answer(db, exchange, "exchange", exchange.exchange_id, rules.ANSWERS[verb], reason=reason, now=now)


async def _record(
    db: AsyncSession,
    exchange: Exchange,
    verb: str,
    *,
    before: str | None,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="exchange",
        subject_id=exchange.exchange_id,
        verb=verb,
        from_status=before,
        to_status=exchange.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
