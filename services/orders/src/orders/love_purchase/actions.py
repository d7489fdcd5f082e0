"""Flagging harvests that will not sell. What is absorbed counts itself, by triggers, with the orders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase import queries, rules
from orders.love_purchase.models import LovePurchase
from orders.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh


async def flag_harvest(
    db: AsyncSession, *, love_purchase_id: UUID, facts: Mapping[str, Any], caller: Caller, now: datetime
) -> LovePurchase:
    """Ask people to buy a SKU of the caller's county. From now on orders of flagged goods alone are love purchases.

    Invalid `sku-unknown`, `love-end-wrong`; Forbidden `region-not-yours`; Conflict `love-purchase-open`: it is flagged
    already.
    """
    sku = await queries.find_sku(db, facts["sku_id"])
    if sku is None or not sku.is_listed:
        raise Invalid("There is no such SKU on sale.", code="sku-unknown", field="sku_id")
    rules.ensure_may_flag(caller, sku.origin_county_code)
    rules.ensure_end(facts["closes_at"], now)
    flagged = LovePurchase(
        love_purchase_id=love_purchase_id,
        revision=1,
        status="OPEN",
        supplier_id=sku.supplier_id,
        county_code=sku.origin_county_code,
        absorbed_count=0,
        flagged_by=caller.person_id,
        flagged_at=now,
        changed_at=now,
        **facts,
    )
    try:
        async with db.begin_nested():
            db.add(flagged)
            await db.flush()
    except IntegrityError as error:
        if "ix_love_purchases_one_open_a_sku" not in str(error):
            raise
        raise Conflict("It is flagged already.", code="love-purchase-open", field="sku_id") from error
    await _record(db, flagged, "flag", before=None, reason=flagged.reason, caller=caller, now=now)
    return flagged


async def edit_flag(
    db: AsyncSession,
    *,
    love_purchase_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> LovePurchase:
    """Another reason, target or end. Conflict `love-purchase-status`, `target-reached` (so many are absorbed already);
    Invalid `love-end-wrong`; Stale."""
    flagged = await queries.lock_love_purchase(db, love_purchase_id, caller)
    ensure_fresh(expected_revision, flagged.revision)
    rules.status_after("edit", flagged.status)
    rules.ensure_end(facts["closes_at"], now)
    if facts["target_count"] <= flagged.absorbed_count:
        raise Conflict(
            "More than this is absorbed already.",
            code="target-reached",
            field="target_count",
            absorbed_count=flagged.absorbed_count,
        )
    for name, value in facts.items():
        setattr(flagged, name, value)
    await _changed(db, flagged, "edit", before=flagged.status, reason="", caller=caller, now=now)
    return flagged


async def withdraw_flag(
    db: AsyncSession, *, love_purchase_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> LovePurchase:
    """Ask no more. Conflict `love-purchase-status`; Stale."""
    flagged = await queries.lock_love_purchase(db, love_purchase_id, caller)
    ensure_fresh(expected_revision, flagged.revision)
    before = flagged.status
    flagged.status = rules.status_after("withdraw", before)
    flagged.ended_at = now
    await _changed(db, flagged, "withdraw", before=before, reason=reason, caller=caller, now=now)
    return flagged


async def expire_flags(db: AsyncSession, *, now: datetime) -> int:
    """End a batch whose date has come; how many."""
    due = await queries.list_due(db, now=now)
    for flagged in due:
        before = flagged.status
        flagged.status = rules.status_after("expire", before)
        flagged.ended_at = now
        await _changed(db, flagged, "expire", before=before, reason="", caller=None, now=now)
    return len(due)


async def _changed(
    db: AsyncSession,
    flagged: LovePurchase,
    verb: str,
    *,
    before: str,
    reason: str,
    caller: Caller | None,
    now: datetime,
) -> None:
    flagged.revision += 1
    flagged.changed_at = now
    await db.flush()
    await _record(db, flagged, verb, before=before, reason=reason, caller=caller, now=now)


async def _record(
    db: AsyncSession,
    flagged: LovePurchase,
    verb: str,
    *,
    before: str | None,
    reason: str,
    caller: Caller | None,
    now: datetime,
) -> None:
    await trail_actions.record(
        db,
        subject_kind="love-purchase",
        subject_id=flagged.love_purchase_id,
        verb=verb,
        from_status=before,
        to_status=flagged.status,
        reason=reason,
        actor="clock" if caller is None else "operator" if caller.is_operator else "official",
        person_id=None if caller is None else caller.person_id,
        now=now,
    )
