"""Keeping the calendar of fairs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees
from catalog.fair import queries, rules
from catalog.fair.models import Deal, Fair, Participant
from catalog.region import queries as region_queries
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Forbidden
from shared.etag import ensure_fresh

SUBJECT = "fair"


async def plan_fair(db: AsyncSession, *, fair_id: UUID, facts: dict[str, Any], caller: Caller, now: datetime) -> Fair:
    """A draft, by an official of the region where it is held, or an operator. 422 `days-reversed`, `county-unknown`."""
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    _ensure_keeper(caller, county)
    rules.ensure_days(facts["from_on"], facts["until_on"])
    fair = Fair(
        fair_id=fair_id,
        **{**facts, "county_code": county},
        status="DRAFT",
        organisation_id=caller.organisation_id,
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(fair)
    await db.flush()
    await _record(db, fair, "plan", "", caller, now)
    return fair


async def edit_fair(
    db: AsyncSession, *, fair_id: UUID, expected_revision: int, facts: dict[str, Any], caller: Caller, now: datetime
) -> Fair:
    """Replace what the calendar says. 409 `fair-status` for one that was cancelled."""
    fair = await queries.lock_fair(db, fair_id, caller=caller)
    _ensure_keeper(caller, fair.county_code)
    ensure_fresh(expected_revision, fair.revision)
    if fair.status == "CANCELLED":
        raise Conflict("This fair was cancelled.", code="fair-status", status_now=fair.status)
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    _ensure_keeper(caller, county)
    rules.ensure_days(facts["from_on"], facts["until_on"])
    for name, value in {**facts, "county_code": county}.items():
        setattr(fair, name, value)
    fair.revision += 1
    fair.changed_at = now
    await db.flush()
    await _record(db, fair, "edit", fair.status, caller, now)
    return fair


async def move_fair(
    db: AsyncSession, *, fair_id: UUID, verb: str, expected_revision: int, caller: Caller, now: datetime
) -> Fair:
    """`announce` or `cancel`. 409 `fair-status`."""
    fair = await queries.lock_fair(db, fair_id, caller=caller)
    _ensure_keeper(caller, fair.county_code)
    ensure_fresh(expected_revision, fair.revision)
    before, fair.status = fair.status, rules.status_after(verb, fair.status)
    fair.revision += 1
    fair.changed_at = now
    await db.flush()
    await _record(db, fair, verb, before, caller, now)
    return fair


async def enrol(
    db: AsyncSession,
    *,
    fair_id: UUID,
    participant_id: UUID,
    supplier_id: UUID | None,
    name: str,
    booth: str,
    caller: Caller,
    now: datetime,
) -> Participant:
    """Who takes part: entered by the organiser's office, or by a supplier for itself. 409 `participant-exists`,
    `fair-status`."""
    fair = await queries.lock_fair(db, fair_id, caller=caller)
    if caller.kind == "supplier" and caller.organisation_id is not None:
        supplier_id = caller.organisation_id
    else:
        _ensure_keeper(caller, fair.county_code)
    if fair.status == "CANCELLED":
        raise Conflict("This fair was cancelled.", code="fair-status", status_now=fair.status)
    if supplier_id is not None:
        name = (await supplier_queries.get_supplier(db, supplier_id)).name
    participant = Participant(
        participant_id=participant_id, fair_id=fair_id, supplier_id=supplier_id, name=name, booth=booth
    )
    try:
        async with db.begin_nested():
            db.add(participant)
            await db.flush()
    except IntegrityError as error:
        if "uq_fair_participants_name" not in str(error.orig):
            raise
        raise Conflict("This one takes part already.", code="participant-exists", field="name") from error
    await _record(db, fair, "enrol", fair.status, caller, now, name)
    return participant


async def register_deal(
    db: AsyncSession,
    *,
    fair_id: UUID,
    deal_id: UUID,
    participant_id: UUID,
    buyer_name: str,
    product_name: str,
    quantity_g: int,
    amount_fen: int,
    agreed_on: date,
    caller: Caller,
    now: datetime,
) -> Deal:
    """A deal agreed at the fair: entered by the office, or by the seller. 404 `participant-unknown`; 409 `fair-status`;
    422 `deal-too-early`, `deal-in-future`."""
    fair = await queries.lock_fair(db, fair_id, caller=caller)
    participant = await queries.get_participant(db, fair_id=fair_id, participant_id=participant_id)
    is_seller = caller.kind == "supplier" and caller.organisation_id == participant.supplier_id
    if not is_seller:
        _ensure_keeper(caller, fair.county_code)
    rules.ensure_deal_fits(fair.status, from_on=fair.from_on, agreed_on=agreed_on, today=business_day(now))
    deal = Deal(
        deal_id=deal_id,
        fair_id=fair_id,
        participant_id=participant_id,
        buyer_name=buyer_name,
        product_name=product_name,
        quantity_g=quantity_g,
        amount_fen=amount_fen,
        agreed_on=agreed_on,
        registered_at=now,
    )
    db.add(deal)
    await db.flush()
    await _record(db, fair, "register-deal", fair.status, caller, now, f"{participant.name}: {product_name}")
    return deal


def _ensure_keeper(caller: Caller, county_code: str) -> None:
    if caller.kind != "official" and not caller.is_operator:
        raise Forbidden("Fairs are kept by offices of the region and operators.", code="officials-only")
    ensure_oversees(caller, county_code, "agriculture", "assistance", "department", "province")


async def _record(
    db: AsyncSession, fair: Fair, verb: str, before: str, caller: Caller, now: datetime, reason: str = ""
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=fair.fair_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=fair.status,
        reason=reason,
    )
