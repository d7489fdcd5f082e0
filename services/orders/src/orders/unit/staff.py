"""People whose own purchases count to a unit: by their own word, one unit at a time, from linking until leaving."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit import queries
from orders.unit.models import UnitStaff
from shared.errors import Conflict, NotFound


async def find_link(db: AsyncSession, person_id: UUID, *, is_locked: bool = False) -> UnitStaff | None:
    """The person's present link."""
    statement = select(UnitStaff).where(UnitStaff.person_id == person_id, UnitStaff.left_at.is_(None))
    found: UnitStaff | None = await db.scalar(statement.with_for_update() if is_locked else statement)
    return found


async def join_unit(db: AsyncSession, *, person_id: UUID, unit_id: UUID, now: datetime) -> UnitStaff:
    """From now on, what the person buys for itself counts to this unit, and to no other any more; joining the unit that
    it belongs to changes nothing. NotFound `unit-unknown`; Conflict `unit-closed`, `staff-changed`."""
    unit = await queries.get_unit(db, unit_id)
    if unit.status != "ACTIVE":
        raise Conflict("That unit was merged or closed.", code="unit-closed", field="unit_id")
    link = await find_link(db, person_id, is_locked=True)
    if link is not None:
        if link.unit_id == unit_id:
            return link
        await _end(db, link, now)
    made = UnitStaff(person_id=person_id, linked_at=now, unit_id=unit_id)
    db.add(made)
    try:
        async with db.begin_nested():
            await db.flush()
    except IntegrityError as error:
        raise Conflict("You joined a unit at this very moment. Look again.", code="staff-changed") from error
    return made


async def leave_unit(db: AsyncSession, *, person_id: UUID, now: datetime) -> None:
    """Nothing more counts; what counted, stays. NotFound `staff-unknown`."""
    link = await find_link(db, person_id, is_locked=True)
    if link is None:
        raise NotFound("You belong to no unit.", code="staff-unknown")
    await _end(db, link, now)


async def _end(db: AsyncSession, link: UnitStaff, now: datetime) -> None:
    if link.linked_at >= now:  # joined and left in the same instant: it never was
        await db.delete(link)
    else:
        link.left_at = now
    await db.flush()
