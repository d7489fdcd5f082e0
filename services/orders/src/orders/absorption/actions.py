"""An official asks units to absorb a flagged harvest; units pledge, and each pledge becomes their purchase.

Lock order: the purchase or order, the pledge, the absorption, the hold, stock. What is given back gives itself back, by
triggers, when its purchase is withdrawn or refused, or its order ends without goods.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.absorption import queries, rules
from orders.absorption.models import Absorption, AbsorptionPledge
from orders.love_purchase import queries as love_queries
from orders.love_purchase.rules import ensure_may_flag
from orders.order.rules import Address
from orders.pool import actions as pool_actions
from orders.pool.rules import figures
from orders.purchase import actions as purchase_actions
from orders.purchase import queries as purchase_queries
from orders.purchase.rules import ensure_fund, ensure_may_handle
from orders.sku import queries as sku_queries
from orders.sku.rules import unit_price_fen, unsellable_reason
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from orders.unit.rules import Fund
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh

_KIND: Final = "absorption"
_GIVE_BACK = text("SELECT give_back_pledge(:share_id, :now)")


async def publish_absorption(
    db: AsyncSession,
    *,
    absorption_id: UUID,
    love_purchase_id: UUID,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> Absorption:
    """Ask units to buy so much of a harvest that is flagged. Its supplier and the units of its province are told.

    Invalid `flag-unknown`, `sku-unknown`, `price-above-listed`, `deadline-too-near`, `deadline-too-far`; Forbidden
    `region-not-yours`; Conflict `absorption-open`: one is running already.
    """
    flag = await love_queries.find_open(db, love_purchase_id)
    if flag is None:
        raise Invalid("This harvest is not flagged any more.", code="flag-unknown", field="love_purchase_id")
    ensure_may_flag(caller, flag.county_code)
    sku = (await sku_queries.list_for_sale(db, [flag.sku_id])).get(flag.sku_id)
    if sku is None or unsellable_reason(sku, now):
        raise Invalid("There is no such SKU on sale.", code="sku-unknown", field="love_purchase_id")
    rules.ensure_price(facts["price_fen"], unit_price_fen(sku, group="institution", quantity=1, now=now))
    rules.ensure_end(facts["closes_at"], now)
    made = Absorption(
        absorption_id=absorption_id,
        revision=1,
        status="PUBLISHED",
        love_purchase_id=love_purchase_id,
        sku_id=flag.sku_id,
        supplier_id=flag.supplier_id,
        county_code=flag.county_code,
        pledged_count=0,
        published_by=caller.person_id,
        published_at=now,
        changed_at=now,
        outcome="",
        **facts,
    )
    try:
        async with db.begin_nested():
            db.add(made)
            await db.flush()
    except IntegrityError as error:
        if "ix_absorptions_one_open_a_sku" not in str(error.orig):
            raise
        raise Conflict("Units are asked for it already.", code="absorption-open", field="love_purchase_id") from error
    await _record(db, made, "publish", before=None, reason=made.reason, caller=caller, now=now)
    units = await queries.list_of_province(db, made.county_code)
    await pool_actions.tell(
        db, kind=_KIND, pool_id=absorption_id, title=sku.product_title, outcome="PUBLISHED",
        supplier_id=made.supplier_id, units=units, now=now,
    )  # fmt: skip
    return made


async def edit_absorption(
    db: AsyncSession,
    *,
    absorption_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> Absorption:
    """Another urgency, reason, quantity or end; goods and price stay. Conflict `absorption-status`, `pledged-already`;
    Invalid `deadline-too-near`, `deadline-too-far`; Stale."""
    found = await queries.lock_absorption(db, absorption_id, caller=caller)
    ensure_fresh(expected_revision, found.revision)
    verb = "change" if found.status == "RESPONDING" else "edit"
    found.status = rules.status_after(verb, found.status)
    rules.ensure_end(facts["closes_at"], now)
    rules.ensure_quantity(facts["quantity"], pledged_count=found.pledged_count)
    for name, value in facts.items():
        setattr(found, name, value)
    await _changed(db, found, verb, before=found.status, caller=caller, now=now)
    return found


async def close_absorption(
    db: AsyncSession, *, absorption_id: UUID, expected_revision: int, outcome: str, caller: Caller, now: datetime
) -> Absorption:
    """Nobody pledges any more, and what came of it is said. What was pledged stays with its units. Conflict
    `absorption-status`; Invalid `reason-missing`; Stale."""
    found = await queries.lock_absorption(db, absorption_id, caller=caller)
    ensure_fresh(expected_revision, found.revision)
    before, found.status = found.status, rules.status_after("close", found.status)
    rules.ensure_outcome(outcome)
    found.closed_at, found.outcome = now, outcome
    await _changed(db, found, "close", before=before, reason=outcome, caller=caller, now=now)
    await _tell_all(db, found, "ENDED", now=now)
    return found


async def note_absorbed(db: AsyncSession, *, absorption_id: UUID, now: datetime) -> bool:
    """By the clock: enough of it was accepted. False if it is not, or was noted before."""
    found = await queries.lock_absorption(db, absorption_id)
    accepted_count = await queries.count_accepted(db, absorption_id)
    if found.status != "RESPONDING" or not rules.is_absorbed(accepted_count, found.quantity):
        return False
    before, found.status = found.status, rules.status_after("absorb", found.status)
    found.absorbed_at = now
    await _changed(db, found, "absorb", before=before, caller=None, now=now)
    await _tell_all(db, found, "ABSORBED", now=now)
    return True


async def pledge(
    db: AsyncSession,
    *,
    absorption_id: UUID,
    share_id: UUID,
    quantity: int,
    fund: Fund,
    address: Address,
    caller: Caller,
    now: datetime,
) -> AbsorptionPledge:
    """A unit takes so many pieces: they are held for it, and its purchase is written at once.

    Forbidden `unit-needed`, `duty-missing`; NotFound `absorption-unknown`; Conflict `unit-closed`, `absorption-status`,
    `absorption-over`, `absorption-full` (with what is left), `stock-short`, `sku-not-listed`; Invalid
    `fund-without-union`.
    """
    ensure_may_handle(caller, fund)
    own = await unit_queries.get_acting_unit(db, caller)
    ensure_fund(fund, has_union=own.has_union)
    found = await queries.lock_absorption(db, absorption_id)
    before, after = found.status, rules.status_after("respond", found.status)
    rules.ensure_open(found.closes_at, now)
    rules.ensure_left(quantity, wanted=found.quantity, pledged_count=found.pledged_count)
    made = AbsorptionPledge(
        share_id=share_id,
        absorption_id=absorption_id,
        unit_id=own.unit_id,
        revision=1,
        status="PLEDGED",
        quantity=quantity,
        fund=fund,
        recipient=address.recipient,
        phone=address.phone,
        county_code=address.county_code,
        detail=address.detail,
        taken_by=caller.person_id,
        taken_at=now,
        changed_at=now,
    )
    db.add(made)
    await db.flush()
    await db.refresh(found)
    found.status, found.responded_at = after, found.responded_at or now
    await _changed(
        db, found, "respond", before=before, reason=f"{own.name} · {quantity}", caller=caller, now=now, is_new=False
    )
    sku = (await sku_queries.list_for_sale(db, [found.sku_id]))[found.sku_id]
    title = f"应急消纳 {sku.product_title}"
    await pool_actions.hold_share(db, made, sku_id=found.sku_id, title=title, until=now + figures().ordering, now=now)
    await pool_actions.draft_share(
        db, made, way="ABSORPTION", sku_id=found.sku_id, price_fen=found.price_fen, title=title, by=caller.person_id,
        now=now,
    )  # fmt: skip
    return made


async def withdraw_pledge(
    db: AsyncSession, *, absorption_id: UUID, share_id: UUID, reason: str, caller: Caller, now: datetime
) -> AbsorptionPledge:
    """Give it back before it is ordered, with its purchase, whatever that has come to; its pieces may be pledged by
    others. Forbidden `unit-needed`, `duty-missing`; NotFound `pledge-unknown`; Conflict `unit-closed`,
    `pledge-status`, `pledge-ordered`."""
    own = await unit_queries.get_acting_unit(db, caller)
    made = await queries.find_pledge(db, absorption_id, share_id, unit_id=own.unit_id)
    if made is None:
        raise rules.pledge_unknown()
    ensure_may_handle(caller, made.fund)  # type: ignore[arg-type]  # a CHECK holds the same three
    bought = await purchase_queries.find_of_source(db, "ABSORPTION", share_id)
    if bought is not None:
        bought = await purchase_queries.lock_purchase(db, bought.purchase_id)
        await db.refresh(made)
        rules.pledge_status_after("withdraw", made.status)
        rules.ensure_withdrawable(bought.status)
        if bought.status in {"SUBMITTED", "APPROVED"}:
            await purchase_actions.withdraw_purchase(
                db, purchase_id=bought.purchase_id, expected_revision=None, reason=reason, by=caller.person_id, now=now
            )
    await db.execute(_GIVE_BACK, {"share_id": share_id, "now": now})
    await db.refresh(made)
    return made


async def _tell_all(db: AsyncSession, found: Absorption, outcome: str, *, now: datetime) -> None:
    sku = (await sku_queries.list_for_sale(db, [found.sku_id]))[found.sku_id]
    units: list[BudgetUnit] = await queries.list_pledging_units(db, found.absorption_id)
    await pool_actions.tell(
        db, kind=_KIND, pool_id=found.absorption_id, title=sku.product_title, outcome=outcome,
        supplier_id=found.supplier_id, units=units, now=now,
    )  # fmt: skip


async def _changed(
    db: AsyncSession,
    found: Absorption,
    verb: str,
    *,
    before: str,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
    is_new: bool = True,
) -> None:
    """Written, and in the trail. A pledge is no new version of what an official edits: units do not make it stale."""
    found.revision += is_new
    found.changed_at = now
    await db.flush()
    await _record(db, found, verb, before=before, reason=reason, caller=caller, now=now)


async def _record(
    db: AsyncSession,
    found: Absorption,
    verb: str,
    *,
    before: str | None,
    caller: Caller | None,
    now: datetime,
    reason: str,
) -> None:
    await trail_actions.record(
        db,
        subject_kind="absorption",
        subject_id=found.absorption_id,
        verb=verb,
        from_status=before,
        to_status=found.status,
        reason=reason,
        actor=_actor(caller),
        person_id=None if caller is None else caller.person_id,
        now=now,
    )


def _actor(caller: Caller | None) -> Actor:
    if caller is None:
        return "clock"
    if caller.is_operator:
        return "operator"
    return "unit" if caller.kind == "institution" else "official"
