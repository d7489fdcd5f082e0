"""Checking the goods of a unit's order: once, whole; what was accepted is owed and consumes the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import queries, rules
from orders.acceptance.models import Acceptance, AcceptanceLine
from orders.acceptance.rules import CheckedLine, Owed, Quality, SentLine
from orders.budget import actions as budget_actions
from orders.crop_order import crediting as crop_crediting
from orders.order import queries as order_queries
from orders.photo import actions as photo_actions
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from orders.unit_order import rules as unit_order_rules
from orders.unit_order.models import UnitOrder
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.events.institutions import AcceptedLine, OrderAccepted
from shared.outbox import publish

ALL_REFUSED = "goods-refused"


@dataclass(frozen=True, slots=True)
class Check:
    """What was found."""

    lines: Sequence[CheckedLine]
    quality: Quality
    is_origin_right: bool
    note: str = ""
    photo_ids: Sequence[UUID] = ()


async def accept_goods(db: AsyncSession, *, order_id: UUID, check: Check, caller: Caller, now: datetime) -> Acceptance:
    """Write down the goods check. With nothing accepted the order is refused and nothing is owed.

    403 `unit-needed`, `duty-missing`; 404 `unit-order-not-found`; 409 `unit-closed`, `unit-order-status`,
    `order-disputed`; 422 `check-lines`, `check-pieces`, `refusal-cause`, `photos-missing`, `photo-unknown`.
    """
    acting = await unit_queries.get_acting_unit(db, caller)
    await unit_order_queries.get_seen(db, order_id, caller)
    order = await order_queries.lock_order(db, order_id)
    own = await unit_order_queries.lock_unit_order(db, order_id)
    if own.unit_id != acting.unit_id:
        raise unit_order_queries.no_such_unit_order()
    ensure_duty(caller, "handler", "union", "contractor")
    unit_order_rules.stage_after("accept", own.stage, is_disputed=own.is_disputed)
    [part] = order["parts"]
    owed = rules.owed_lines(
        await queries.list_sent_lines(db, order_id),
        check.lines,
        delivery_fen=order["delivery_fen"],
        photo_count=len(check.photo_ids),
    )
    acceptance = await _save(db, order_id, check, owed, caller=caller, now=now)
    if check.photo_ids:
        await photo_actions.attach_photos(
            db,
            check.photo_ids,
            subject_id=order_id,
            supplier_id=UUID(part["supplier_id"]),
            person_id=caller.person_id,
            organisation_id=caller.organisation_id,
        )
    if any(each.checked.accepted_count for each in owed):
        terms = unit_order_rules.payment_terms(acting.county_code, business_day(now))
        await _owe(
            db,
            order,
            own,
            acceptance,
            due_on=unit_order_rules.payment_due_on(now, terms),
            person_id=caller.person_id,
            now=now,
        )
    else:
        await unit_order_actions.end_order(
            db, order, verb="refuse_goods", reason=ALL_REFUSED, actor="unit", person_id=caller.person_id, now=now
        )
    return acceptance


async def _save(
    db: AsyncSession, order_id: UUID, check: Check, owed: Sequence[Owed], *, caller: Caller, now: datetime
) -> Acceptance:
    acceptance = Acceptance(
        order_id=order_id,
        quality=check.quality,
        is_origin_right=check.is_origin_right,
        note=check.note,
        accepted_fen=sum(each.payable_fen + each.delivery_fen for each in owed),
        refused_fen=sum(each.refused_fen for each in owed),
        accepted_by=caller.person_id,
        accepted_at=now,
    )
    db.add(acceptance)
    await db.flush()
    db.add_all(
        AcceptanceLine(
            line_id=each.sent.line_id,
            order_id=order_id,
            line_number=each.sent.line_number,
            sent_count=each.sent.sent_count,
            accepted_count=each.checked.accepted_count,
            missing_count=each.checked.missing_count,
            refused_count=each.checked.refused_count,
            cause=each.checked.cause,
            note=each.checked.note,
            payable_fen=each.payable_fen,
            delivery_fen=each.delivery_fen,
            refused_fen=each.refused_fen,
        )
        for each in owed
    )
    await db.flush()
    return acceptance


async def _owe(
    db: AsyncSession,
    order: dict[str, Any],
    own: UnitOrder,
    acceptance: Acceptance,
    *,
    due_on: Any,
    person_id: UUID,
    now: datetime,
) -> None:
    """The order is accepted; the budget is consumed for it, and what is left of its commitment free again."""
    accepted_fen = acceptance.accepted_fen
    crop = await crop_crediting.lock_crop(db, way=own.way, purchase_id=own.purchase_id)
    await unit_order_actions.move_on(
        db,
        order_id=own.order_id,
        verb="accept",
        actor="unit",
        person_id=person_id,
        accepted_fen=accepted_fen,
        due_on=due_on,
        now=now,
    )
    if accepted_fen:
        await budget_actions.consume(
            db,
            reference_kind="purchase",
            reference_id=own.purchase_id,
            amount_fen=accepted_fen,
            entry_id=uuid5(own.order_id, "accept"),
            now=now,
        )
    if order["payable_fen"] > accepted_fen:
        await unit_order_actions.release_budget(db, own, amount_fen=order["payable_fen"] - accepted_fen, now=now)
    if crop is not None:
        await crop_crediting.credit_accepted(db, crop, order_id=own.order_id, accepted_fen=accepted_fen, now=now)
    await tell_accepted(db, order, own, now=now)


async def tell_accepted(db: AsyncSession, order: dict[str, Any], own: UnitOrder, *, now: datetime) -> None:
    """What is owed, line by line; told again where a dispute took something off."""
    sent = {each.line_id: each for each in await queries.list_sent_lines(db, own.order_id)}
    lines = tuple(_told(sent[each.line_id], each) for each in await queries.list_lines(db, own.order_id))
    if own.due_on is None:
        raise Conflict("Nothing of this order was accepted.", code="unit-order-status", status_now=own.stage)
    event = OrderAccepted(
        **unit_order_actions.fact_of(order, own),
        lines=lines,
        accepted_fen=own.accepted_fen,
        refused_fen=sum(each.refused_fen for each in lines),
        due_on=own.due_on,
        accepted_at=own.accepted_at or now,
    )
    await publish(db, event, now=now)


def _told(sent: SentLine, line: AcceptanceLine) -> AcceptedLine:
    return AcceptedLine(
        line_id=line.line_id,
        sku_id=sent.sku_id,
        product_id=sent.product_id,
        quantity=line.accepted_count,
        refused_count=line.missing_count + line.refused_count,
        refused_fen=line.refused_fen + line.reduced_fen,
        payable_fen=line.payable_fen - line.reduced_fen,
        delivery_fen=line.delivery_fen,
    )
