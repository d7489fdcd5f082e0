"""A crop order from its draft to the agreement of both sides. What comes after: `paying`, `growing`, `sharing`."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions as approval_actions
from orders.approval.rules import Outcome
from orders.budget import actions as budget_actions
from orders.budget.rules import budget_year
from orders.crop_order import crediting, queries, rules
from orders.crop_order.models import CropMilestone, CropOrder
from orders.crop_order.rules import Stage
from orders.order.naming import order_number
from orders.purchase.rules import ensure_fund, ensure_may_handle
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku, unsellable_reason
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import Fund
from orders.unit_order.rules import payment_code
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events.institutions import CropOrderOffered
from shared.ids import new_id
from shared.outbox import publish
from shared.workdays import working_days_after


async def draft_crop_order(
    db: AsyncSession,
    *,
    crop_order_id: UUID,
    facts: Mapping[str, Any],
    stages: Sequence[Stage],
    caller: Caller,
    now: datetime,
) -> CropOrder:
    """A handler drafts it for its unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`, `sku-not-listed`; 422
    `deposit-too-large`, `deposit-too-small`, `season-invalid`, `milestones-invalid`, `fund-without-union`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_may_handle(caller, facts["fund"])
    sku = await _checked(db, facts, stages, has_union=unit.has_union, now=now)
    crop = CropOrder(
        crop_order_id=crop_order_id,
        crop_order_number=f"DD-{order_number(crop_order_id, business_day(now))}",
        revision=1,
        status="DRAFT",
        unit_id=unit.unit_id,
        payment_code=payment_code(crop_order_id),
        drafted_by=caller.person_id,
        created_at=now,
        changed_at=now,
    )
    _write(crop, facts, sku)
    db.add(crop)
    await db.flush()
    await _write_stages(db, crop_order_id, stages)
    await db.refresh(crop)
    await crediting.record(db, crop, "draft", before=None, actor="unit", person_id=caller.person_id, now=now)
    return crop


async def edit_crop_order(
    db: AsyncSession,
    *,
    crop_order_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    stages: Sequence[Stage],
    caller: Caller,
    now: datetime,
) -> CropOrder:
    """Everything may change while it is a draft. 409 `crop-order-status`; 412 `stale`; what drafting refuses."""
    crop = await lock_own(db, crop_order_id, caller, expected_revision)
    ensure_may_handle(caller, facts["fund"])
    before = crop.status
    crop.status = rules.status_after("edit", before)
    unit = await unit_queries.get_unit(db, crop.unit_id)
    sku = await _checked(db, facts, stages, has_union=unit.has_union, now=now)
    _write(crop, facts, sku)
    await _write_stages(db, crop_order_id, stages)
    await crediting.changed(db, crop, "edit", before=before, actor="unit", person_id=caller.person_id, now=now)
    return crop


async def submit_crop_order(
    db: AsyncSession, *, crop_order_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> CropOrder:
    """To the unit's approval, with all that it costs committed of this year's budget, in one transaction.

    409 `crop-order-status`, `budget-exceeded`, `season-over`, `unit-closed`; 412 `stale`; what opening a case refuses.
    """
    crop = await lock_own(db, crop_order_id, caller, expected_revision)
    before = crop.status
    crop.status = rules.status_after("submit", before)
    await _ensure_awaited(db, crop)
    crop.budget_year = budget_year(now)
    await budget_actions.commit(
        db,
        unit_id=crop.unit_id,
        year=crop.budget_year,
        fund=fund_of(crop),
        amount_fen=crop.total_fen,
        reference_kind=crediting.REFERENCE,
        reference_id=crop_order_id,
        by=caller.person_id,
        now=now,
    )
    await crediting.changed(db, crop, "submit", before=before, actor="unit", person_id=caller.person_id, now=now)
    skus = await sku_queries.list_for_sale(db, [crop.sku_id])
    case = await approval_actions.open_case(
        db,
        case_id=new_id(),
        subject_kind="crop-order",
        subject_id=crop_order_id,
        title=crop.title,
        digest=digest_of(crop),
        unit_id=crop.unit_id,
        fund=fund_of(crop),
        amount_fen=crop.total_fen,
        categories=sorted({sku.category for sku in skus.values()}),
        asked_by=caller.person_id,
        now=now,
    )
    if case.status == "APPROVED":
        await settle_approval(
            db, subject_id=crop_order_id, digest=case.digest, outcome="APPROVED", reason="", by=None, now=now
        )
    return crop


async def settle_approval(
    db: AsyncSession,
    *,
    subject_id: UUID,
    digest: str,
    outcome: Outcome,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """The unit's approvers agreed: it is offered to its supplier. One refused: it ends. Nobody decided in time: it is a
    draft again. Its money is free where it is not offered. 409 `crop-order-status`, `basket-changed`."""
    crop = await queries.lock_crop_order(db, subject_id)
    before = crop.status
    verb = {"APPROVED": "approve", "REFUSED": "refuse"}.get(outcome, "expire")
    crop.status = rules.status_after(verb, before)
    if verb == "approve":
        if digest != digest_of(crop):
            raise Conflict("The crop order is not the one that was approved.", code="basket-changed")
        crop.offered_at = now
        event = CropOrderOffered(
            crop_order_id=crop.crop_order_id,
            supplier_id=crop.supplier_id,
            title=crop.title,
            quantity=crop.quantity,
            total_fen=crop.total_fen,
            offered_at=now,
        )
        await publish(db, event, now=now)
    else:
        await _free(db, crop, verb, by=by, now=now)
    actor: Actor = "clock" if verb == "expire" else "unit"
    await crediting.changed(db, crop, verb, before=before, actor=actor, person_id=by, now=now, reason=reason)


async def withdraw_crop_order(
    db: AsyncSession, *, crop_order_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> CropOrder:
    """Back to a draft, from approval or from its supplier; its money is free. 409 `crop-order-status`; 412 `stale`."""
    crop = await lock_own(db, crop_order_id, caller, expected_revision)
    before = crop.status
    crop.status = rules.status_after("withdraw", before)
    crop.offered_at = None
    if before == "SUBMITTED":
        await approval_actions.close_case(
            db,
            subject_kind="crop-order",
            subject_id=crop_order_id,
            verb="withdraw",
            reason=reason,
            by=caller.person_id,
            now=now,
        )
    await _free(db, crop, "withdraw", by=caller.person_id, now=now)
    await crediting.changed(
        db, crop, "withdraw", before=before, actor="unit", person_id=caller.person_id, now=now, reason=reason
    )
    return crop


async def answer_offer(
    db: AsyncSession,
    *,
    crop_order_id: UUID,
    does_agree: bool,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> CropOrder:
    """The supplier agrees, and the deposit falls due; or declines, and the unit's money is free.

    404 `crop-order-unknown`; 409 `crop-order-status`, `season-over`, `season-full`; 412 `stale`.
    """
    seen = await queries.get_crop_order_for(db, caller, crop_order_id)
    await queries.lock_season(db, sku_id=seen.sku_id, season_year=seen.season_year, season=seen.season)
    crop = await lock_offered(db, crop_order_id, caller, expected_revision)
    before, verb = crop.status, "agree" if does_agree else "decline"
    after = rules.status_after(verb, before)
    if does_agree:
        await _ensure_awaited(db, crop)
        beside = await queries.list_awaiting(db, sku_id=crop.sku_id, season_year=crop.season_year, season=crop.season)
        if len(beside) >= rules.figures().most_orders:
            raise Conflict("This season has as many orders as one sharing takes.", code="season-full")
        crop.agreed_at, crop.agreed_by = now, caller.person_id
        crop.deposit_due_on = working_days_after(business_day(now), rules.figures().deposit_days)
    else:
        await _free(db, crop, verb, by=caller.person_id, now=now)
    crop.status = after
    await crediting.changed(
        db, crop, verb, before=before, actor="supplier", person_id=caller.person_id, now=now, reason=reason
    )
    return crop


async def lock_own(db: AsyncSession, crop_order_id: UUID, caller: Caller, expected_revision: int) -> CropOrder:
    """One of the caller's unit, whose duty it is to handle it, locked. 403 `unit-needed`, `duty-missing`; 404
    `crop-order-unknown`; 409 `unit-closed`; 412 `stale`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    crop = await queries.lock_crop_order(db, crop_order_id)
    if crop.unit_id != unit.unit_id:
        raise queries.crop_order_unknown()
    ensure_may_handle(caller, fund_of(crop))
    ensure_fresh(expected_revision, crop.revision)
    return crop


async def lock_offered(db: AsyncSession, crop_order_id: UUID, caller: Caller, expected_revision: int) -> CropOrder:
    """One that was offered to the calling supplier, locked. 404 `crop-order-unknown`; 412 `stale`."""
    await queries.get_crop_order_for(db, caller, crop_order_id)
    crop = await queries.lock_crop_order(db, crop_order_id)
    if caller.kind != "supplier" or crop.supplier_id != caller.organisation_id or crop.offered_at is None:
        raise queries.crop_order_unknown()
    ensure_fresh(expected_revision, crop.revision)
    return crop


def fund_of(crop: CropOrder) -> Fund:
    """What pays it."""
    fund: Fund = crop.fund  # type: ignore[assignment]  # a CHECK holds the same three
    return fund


def digest_of(crop: CropOrder) -> str:
    """What an approval is bound to: whatever may cost something."""
    said = {
        "supplier": crop.supplier_id,
        "fund": crop.fund,
        "goods": [crop.sku_id, crop.quantity, crop.unit_price_fen],
        "deposit": crop.deposit_fen,
        "least": crop.least_share_bp,
        "season": [crop.sowing_on, crop.harvest_from_on, crop.harvest_until_on, crop.season],
    }
    return hashlib.sha256(orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _ensure_awaited(db: AsyncSession, crop: CropOrder) -> None:
    """409 `season-over`: the season's harvest was shared already."""
    if await queries.find_harvest(db, sku_id=crop.sku_id, season_year=crop.season_year, season=crop.season):
        raise Conflict("The harvest of this season was shared already.", code="season-over", field="season")


async def _free(db: AsyncSession, crop: CropOrder, verb: str, *, by: UUID | None, now: datetime) -> None:
    await crediting.release(db, crop, entry_id=uuid5(crop.crop_order_id, f"{verb} {crop.revision}"), by=by, now=now)


async def _checked(
    db: AsyncSession, facts: Mapping[str, Any], stages: Sequence[Stage], *, has_union: bool, now: datetime
) -> SaleSku:
    ensure_fund(facts["fund"], has_union=has_union)
    rules.ensure_deposit(facts["deposit_bp"])
    rules.ensure_season(facts["sowing_on"], facts["harvest_from_on"], facts["harvest_until_on"], on=business_day(now))
    rules.ensure_milestones(stages, sowing_on=facts["sowing_on"], harvest_until_on=facts["harvest_until_on"])
    sku = (await sku_queries.list_for_sale(db, [facts["sku_id"]])).get(facts["sku_id"])
    reason = unsellable_reason(sku, now)
    if sku is None or reason:
        refused = [{"sku_id": str(facts["sku_id"]), "reason": reason}]
        raise Conflict("This pack is not on sale.", code="sku-not-listed", field="sku_id", skus=refused)
    return sku


def _write(crop: CropOrder, facts: Mapping[str, Any], sku: SaleSku) -> None:
    for name, value in facts.items():
        setattr(crop, name, value)
    crop.supplier_id, crop.supplier_name = sku.supplier_id, sku.supplier_name
    crop.product_title, crop.specification = sku.product_title, sku.specification
    crop.total_fen = rules.total_fen(crop.quantity, crop.unit_price_fen)
    crop.deposit_fen = rules.deposit_fen(crop.total_fen, crop.deposit_bp)
    crop.season_year = crop.harvest_until_on.year


async def _write_stages(db: AsyncSession, crop_order_id: UUID, stages: Sequence[Stage]) -> None:
    await db.execute(delete(CropMilestone).where(CropMilestone.crop_order_id == crop_order_id))
    ordered = sorted(stages, key=lambda each: each.due_on)
    db.add_all(
        CropMilestone(crop_order_id=crop_order_id, number=number, kind=each.kind, due_on=each.due_on)
        for number, each in enumerate(ordered, 1)
    )
    await db.flush()
