"""What a unit does with a request for quotation."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order.rules import Address
from orders.quotation import queries, rules
from orders.quotation.attaching import break_seals
from orders.quotation.models import (
    Quotation,
    QuotationBid,
    QuotationInvitation,
    QuotationLine,
    QuotationOffer,
    QuotationQuestion,
)
from orders.quotation.sealing import Seal
from orders.sku import queries as sku_queries
from orders.trail import actions as trail_actions
from orders.unit import queries as unit_queries
from orders.unit import rules as unit_rules
from orders.unit.models import BudgetUnit
from orders.unit.rules import Fund
from shared.auth import Caller
from shared.errors import Conflict, Invalid, NotFound
from shared.etag import ensure_fresh
from shared.events.institutions import BidDecided, SupplierInvited
from shared.ids import new_id
from shared.outbox import publish


@dataclass(frozen=True, slots=True)
class Draft:
    """What a unit asks for."""

    title: str
    fund: Fund
    note: str
    address: Address
    deliver_from: datetime
    deliver_until: datetime
    closes_at: datetime
    lines: tuple[rules.Wanted, ...]
    supplier_ids: tuple[UUID, ...]


async def create_quotation(
    db: AsyncSession, *, quotation_id: UUID, draft: Draft, caller: Caller, now: datetime
) -> Quotation:
    """A draft that no supplier sees. Forbidden `unit-needed`, `duty-missing`; Conflict `unit-closed`; Invalid
    `delivery-before-deadline`, `sku-unknown`, `supplier-unknown`."""
    unit = await _acting_handler(db, caller)
    quotation = Quotation(
        quotation_id=quotation_id,
        revision=1,
        unit_id=unit.unit_id,
        status="DRAFT",
        asked_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **_facts(draft),
    )
    db.add(quotation)
    await db.flush()
    await _write_parts(db, quotation, draft)
    await _record(db, quotation, "create", before=None, caller=caller, now=now)
    return quotation


async def edit_quotation(
    db: AsyncSession, *, quotation_id: UUID, expected_revision: int, draft: Draft, caller: Caller, now: datetime
) -> Quotation:
    """Another draft in its place. Refused as creating it is, and Conflict `quotation-status`; Stale."""
    quotation, before = await lock_own(db, quotation_id, expected_revision, caller)
    quotation.status = rules.status_after("edit", before)
    for name, value in _facts(draft).items():
        setattr(quotation, name, value)
    await db.execute(delete(QuotationLine).where(QuotationLine.quotation_id == quotation_id))
    await db.execute(delete(QuotationInvitation).where(QuotationInvitation.quotation_id == quotation_id))
    await _write_parts(db, quotation, draft)
    await note_changed(db, quotation, "edit", before=before, caller=caller, now=now)
    return quotation


async def publish_quotation(
    db: AsyncSession, *, quotation_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> Quotation:
    """Invite the suppliers; from now on nothing of what is asked changes. Conflict `quotation-status`; Invalid
    `suppliers-too-few`, `deadline-too-near`, `deadline-too-far`; Stale."""
    quotation, before = await lock_own(db, quotation_id, expected_revision, caller)
    after = rules.status_after("publish", before)
    invited = await queries.list_invitations(db, quotation_id)
    rules.ensure_enough_suppliers([each.supplier_id for each in invited])
    rules.ensure_deadline(quotation.closes_at, now)
    quotation.status, quotation.published_at = after, now
    await note_changed(db, quotation, "publish", before=before, caller=caller, now=now)
    told = [
        SupplierInvited(
            quotation_id=quotation_id,
            supplier_id=each.supplier_id,
            title=quotation.title,
            closes_at=quotation.closes_at,
        )
        for each in invited
    ]
    await publish(db, *told, now=now)
    return quotation


async def extend_quotation(
    db: AsyncSession,
    *,
    quotation_id: UUID,
    expected_revision: int,
    closes_at: datetime,
    reason: str,
    caller: Caller,
    now: datetime,
) -> Quotation:
    """Once, after the deadline, with too few bids: they stay sealed, and suppliers bid on. Conflict
    `quotation-status`, `quotation-sealed`, `bids-enough`, `extended-already`; Invalid `deadline-too-near`,
    `deadline-too-far`, `delivery-before-deadline`; Stale."""
    quotation, before = await lock_own(db, quotation_id, expected_revision, caller)
    rules.status_after("extend", before)
    rules.ensure_may_extend(
        closes_at=quotation.closes_at,
        now=now,
        bid_count=await queries.count_bids(db, quotation_id),
        extension_count=quotation.extension_count,
    )
    rules.ensure_deadline(closes_at, now)
    rules.ensure_delivery(quotation.deliver_from, quotation.deliver_until, closes_at)
    quotation.closes_at = closes_at
    quotation.extension_count += 1
    await note_changed(db, quotation, "extend", before=before, reason=reason, caller=caller, now=now)
    return quotation


async def open_quotation(
    db: AsyncSession,
    seal: Seal,
    *,
    quotation_id: UUID,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> Quotation:
    """Break the seals, all at once, after the deadline. Conflict `quotation-status`, `quotation-sealed`,
    `quotation-without-bids`, `bid-unreadable`; Invalid `few-bids-reason-missing`; Stale."""
    quotation, before = await lock_own(db, quotation_id, expected_revision, caller)
    after = rules.status_after("open", before)
    bids = await queries.lock_bids(db, quotation_id)
    rules.ensure_may_open(closes_at=quotation.closes_at, now=now, bid_count=len(bids), reason=reason)
    quotation.status, quotation.opened_at, quotation.opened_by = after, now, caller.person_id
    quotation.few_bids_reason = reason if len(bids) < rules.figures().least_bids else ""
    await note_changed(db, quotation, "open", before=before, reason=reason, caller=caller, now=now)
    for bid in bids:
        await _break_seal(db, seal, bid)
    return quotation


async def _break_seal(db: AsyncSession, seal: Seal, bid: QuotationBid) -> None:
    told = seal.open(bid.sealed or b"", quotation_id=bid.quotation_id, bid_id=bid.bid_id)
    skus = await sku_queries.list_for_sale(db, [each.sku_id for each in told.offers])
    bid.status = rules.bid_status_after("open", bid.status)
    bid.promised_on, bid.note, bid.warranty_days = told.promised_on, told.note, told.warranty_days
    bid.total_fen = sum(each.amount_fen for each in told.offers)
    await db.flush()
    db.add_all(
        QuotationOffer(
            bid_id=bid.bid_id,
            line_id=each.line_id,
            sku_id=each.sku_id,
            product_title=skus[each.sku_id].product_title,
            specification=skus[each.sku_id].specification,
            origin_county_code=skus[each.sku_id].origin_county_code,
            piece_count=each.piece_count,
            unit_price_fen=each.unit_price_fen,
            amount_fen=each.amount_fen,
        )
        for each in told.offers
    )
    await break_seals(db, seal, bid)


async def cancel_quotation(
    db: AsyncSession, *, quotation_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Quotation:
    """Call it off; who was invited is told, and what is sealed stays so. Conflict `quotation-status`; Invalid
    `reason-missing`; Stale."""
    quotation, before = await lock_own(db, quotation_id, expected_revision, caller)
    after = rules.status_after("cancel", before)
    if not reason:
        raise Invalid("Say why; suppliers read it.", code="reason-missing", field="reason")
    quotation.status = after
    quotation.cancelled_at, quotation.cancel_reason = now, reason
    await note_changed(db, quotation, "cancel", before=before, reason=reason, caller=caller, now=now)
    if before != "DRAFT":
        invited = await queries.list_invitations(db, quotation_id)
        told = [decided(quotation, each.supplier_id, "CANCELLED", now) for each in invited]
        await publish(db, *told, now=now)
    return quotation


async def answer_question(
    db: AsyncSession, *, quotation_id: UUID, question_id: UUID, answer: str, caller: Caller, now: datetime
) -> QuotationQuestion:
    """Answer, for all invited to read; once, before the deadline. NotFound `question-unknown`; Conflict
    `quotation-status`, `quotation-closed`, `question-answered`."""
    unit = await _acting_handler(db, caller)
    quotation = await queries.lock_quotation(db, quotation_id, unit_id=unit.unit_id)
    rules.ensure_taking_bids(quotation.status, quotation.closes_at, now)
    question = await db.get(QuotationQuestion, question_id)
    if question is None or question.quotation_id != quotation_id:
        raise NotFound("There is no such question.", code="question-unknown", field="question_id")
    if question.answered_at is not None:
        raise Conflict("Suppliers have read the answer.", code="question-answered")
    question.answer, question.answered_at = answer, now
    await db.flush()
    await _record(db, quotation, "answer", before=quotation.status, caller=caller, now=now)
    return question


async def _acting_handler(db: AsyncSession, caller: Caller) -> BudgetUnit:
    unit_rules.ensure_duty(caller, "handler", "union")
    return await unit_queries.get_acting_unit(db, caller)


async def lock_own(db: AsyncSession, quotation_id: UUID, expected: int, caller: Caller) -> tuple[Quotation, str]:
    """The caller's unit's, locked, with the status that it has. NotFound `quotation-unknown`; Stale."""
    unit = await _acting_handler(db, caller)
    quotation = await queries.lock_quotation(db, quotation_id, unit_id=unit.unit_id)
    ensure_fresh(expected, quotation.revision)
    return quotation, quotation.status


def _facts(draft: Draft) -> dict[str, object]:
    rules.ensure_delivery(draft.deliver_from, draft.deliver_until, draft.closes_at)
    return {
        "title": draft.title,
        "fund": draft.fund,
        "note": draft.note,
        "recipient": draft.address.recipient,
        "phone": draft.address.phone,
        "county_code": draft.address.county_code,
        "detail": draft.address.detail,
        "deliver_from": draft.deliver_from,
        "deliver_until": draft.deliver_until,
        "closes_at": draft.closes_at,
    }


async def _write_parts(db: AsyncSession, quotation: Quotation, draft: Draft) -> None:
    known = await sku_queries.list_for_sale(db, [each.sku_id for each in draft.lines if each.sku_id is not None])
    for each in draft.lines:
        if each.sku_id is not None and each.sku_id not in known:
            raise Invalid("There is no such SKU.", code="sku-unknown", field="lines", sku_id=str(each.sku_id))
    names = await queries.list_named(db, draft.supplier_ids)
    if missing := [str(each) for each in draft.supplier_ids if each not in names]:
        raise Invalid("They sell nothing here.", code="supplier-unknown", field="supplier_ids", unknown=missing)
    db.add_all(
        QuotationLine(
            line_id=new_id(),
            quotation_id=quotation.quotation_id,
            line_number=number,
            sku_id=each.sku_id,
            description=each.description
            or (f"{known[each.sku_id].product_title} {known[each.sku_id].specification}" if each.sku_id else ""),
            quantity=each.quantity,
            unit=each.unit,
            origin_county_code=each.origin_county_code,
            certificates=each.certificates,
        )
        for number, each in enumerate(draft.lines, 1)
    )
    db.add_all(
        QuotationInvitation(quotation_id=quotation.quotation_id, supplier_id=each, supplier_name=names[each])
        for each in dict.fromkeys(draft.supplier_ids)
    )
    await db.flush()


def decided(quotation: Quotation, supplier_id: UUID, outcome: str, now: datetime) -> BidDecided:
    """What a supplier is told."""
    return BidDecided(
        subject_kind="quotation",
        subject_id=quotation.quotation_id,
        supplier_id=supplier_id,
        title=quotation.title,
        outcome=outcome,
        decided_at=now,
    )


async def note_changed(
    db: AsyncSession, quotation: Quotation, verb: str, *, before: str, caller: Caller, now: datetime, reason: str = ""
) -> None:
    """Written, and in the trail."""
    quotation.revision += 1
    quotation.changed_at = now
    await db.flush()
    await _record(db, quotation, verb, before=before, reason=reason, caller=caller, now=now)


async def _record(
    db: AsyncSession,
    quotation: Quotation,
    verb: str,
    *,
    before: str | None,
    caller: Caller,
    now: datetime,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind="quotation",
        subject_id=quotation.quotation_id,
        verb=verb,
        from_status=before,
        to_status=quotation.status,
        reason=reason,
        actor="unit",
        person_id=caller.person_id,
        now=now,
    )
