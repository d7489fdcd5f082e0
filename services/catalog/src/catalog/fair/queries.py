"""Reading fairs. Everybody sees those that are announced or were cancelled after it; offices their drafts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.fair.models import Deal, Fair, Participant
from catalog.newest import saying
from catalog.supply.queries import within
from shared.auth import Caller
from shared.errors import NotFound


def _visible(caller: Caller | None) -> ColumnElement[bool]:
    public = Fair.status == "ANNOUNCED"
    if caller is None:
        return public
    if caller.is_operator:
        return true()
    own = [within(Fair.county_code, each) for each in caller.regions] if caller.kind == "official" else []
    return or_(public, false(), *own)


async def list_fairs(
    db: AsyncSession,
    *,
    caller: Caller | None,
    region: str | None,
    from_on: date | None,
    until_on: date | None,
    status: str | None,
    q: str,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Fair]:
    """Fairs by their first day; those that run on a day of the range; `q` in name, venue or organiser."""
    query = select(Fair).where(_visible(caller)).order_by(Fair.from_on, Fair.fair_id).limit(limit)
    if region is not None:
        query = query.where(within(Fair.county_code, region))
    if from_on is not None:
        query = query.where(Fair.until_on >= from_on)
    if until_on is not None:
        query = query.where(Fair.from_on <= until_on)
    if status is not None:
        query = query.where(Fair.status == status)
    if q:
        query = query.where(saying(q, Fair.name, Fair.name_en, Fair.venue, Fair.organiser))
    if after is not None:
        query = query.where(func.row(Fair.from_on, Fair.fair_id) > func.row(*after))
    return (await db.scalars(query)).all()


async def get_fair(db: AsyncSession, fair_id: UUID, *, caller: Caller | None) -> Fair:
    """The fair; 404 `fair-unknown`."""
    fair = await db.scalar(select(Fair).where(Fair.fair_id == fair_id, _visible(caller)))
    if fair is None:
        raise _unknown()
    return fair


async def lock_fair(db: AsyncSession, fair_id: UUID, *, caller: Caller) -> Fair:
    """The fair, held until the transaction ends; 404 `fair-unknown`."""
    query = select(Fair).where(Fair.fair_id == fair_id, _visible(caller)).with_for_update()
    fair = await db.scalar(query.execution_options(populate_existing=True))
    if fair is None:
        raise _unknown()
    return fair


async def list_participants(db: AsyncSession, fair_id: UUID) -> Sequence[Participant]:
    """Who takes part, by name."""
    rows = await db.scalars(
        select(Participant).where(Participant.fair_id == fair_id).order_by(Participant.name, Participant.participant_id)
    )
    return rows.all()


async def get_participant(db: AsyncSession, *, fair_id: UUID, participant_id: UUID) -> Participant:
    """The participant of this fair; 404 `participant-unknown`."""
    found = await db.scalar(
        select(Participant).where(Participant.fair_id == fair_id, Participant.participant_id == participant_id)
    )
    if found is None:
        raise NotFound("This one does not take part in the fair.", code="participant-unknown", field="participant_id")
    return found


async def list_deals(db: AsyncSession, fair_id: UUID) -> Sequence[tuple[Deal, str]]:
    """The deals of a fair with their seller's name, the largest first."""
    rows = await db.execute(
        select(Deal, Participant.name)
        .join(Participant, Participant.participant_id == Deal.participant_id)
        .where(Deal.fair_id == fair_id)
        .order_by(Deal.amount_fen.desc(), Deal.deal_id)
    )
    return [(row[0], row[1]) for row in rows]


async def summarise_fairs(db: AsyncSession, fair_ids: Iterable[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """How many take part in each fair, how many deals were made and what they come to."""
    ids = set(fair_ids)
    people = await db.execute(
        select(Participant.fair_id, func.count()).where(Participant.fair_id.in_(ids)).group_by(Participant.fair_id)
    )
    deals = await db.execute(
        select(Deal.fair_id, func.count(), func.sum(Deal.amount_fen))
        .where(Deal.fair_id.in_(ids))
        .group_by(Deal.fair_id)
    )
    found: dict[UUID, dict[str, Any]] = {
        each: {"participant_count": 0, "deal_count": 0, "deal_amount_fen": 0} for each in ids
    }
    for fair_id, count in people:
        found[fair_id]["participant_count"] = count
    for fair_id, count, amount in deals:
        found[fair_id] |= {"deal_count": count, "deal_amount_fen": int(amount)}
    return dict(found)


def _unknown() -> NotFound:
    return NotFound("There is no such fair.", code="fair-unknown", field="fair_id")
