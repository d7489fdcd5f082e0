"""Reading people."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account.models import Person
from shared.errors import NotFound


async def find_by_contact(db: AsyncSession, contact: str) -> Person | None:
    """The person with this e-mail address or number, as `rules.contact_of` spells it."""
    found = await db.scalars(select(Person).where(or_(Person.email == contact, Person.phone == contact)))
    return found.one_or_none()


async def find_person(db: AsyncSession, person_id: UUID) -> Person | None:
    """A person by id."""
    return await db.get(Person, person_id)


async def get_person(db: AsyncSession, person_id: UUID) -> Person:
    """A person by id; 404 `person-not-found`."""
    person = await find_person(db, person_id)
    if person is None:
        raise NotFound("There is no such person.", code="person-not-found")
    return person


async def list_people(db: AsyncSession, person_ids: Sequence[UUID]) -> Sequence[Person]:
    """People by id, in the order of their ids."""
    found = await db.scalars(select(Person).where(Person.person_id.in_(person_ids)).order_by(Person.person_id))
    return found.all()


async def lock_person(db: AsyncSession, person_id: UUID) -> Person:
    """A person, held until the transaction ends; 404 `person-not-found`."""
    found = await db.scalars(
        select(Person).where(Person.person_id == person_id).with_for_update().execution_options(populate_existing=True)
    )
    person = found.one_or_none()
    if person is None:
        raise NotFound("There is no such person.", code="person-not-found")
    return person
