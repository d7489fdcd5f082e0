"""Reading organisations and memberships."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import queries as account_queries
from gateway.organisation.models import Membership, Organisation
from gateway.organisation.rules import ADMIN, regions_in_force
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class OrganisationChoice:
    """An organisation that a person may act for, and as what."""

    organisation_id: UUID
    kind: str
    name: str
    name_en: str
    roles: frozenset[str]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receivers:
    """People who exist, and the roles of each organisation's members."""

    people: frozenset[UUID]
    members: Mapping[UUID, Mapping[UUID, frozenset[str]]]

    def of(self, person_id: UUID | None, organisation_id: UUID | None, roles: frozenset[str]) -> Iterator[UUID]:
        """The person and, of the organisation, those with one of the roles; for an organisation members only."""
        if organisation_id is None:
            if person_id is not None and person_id in self.people:
                yield person_id
            return
        for member_id, own in sorted(self.members.get(organisation_id, {}).items()):
            if member_id == person_id or not own.isdisjoint(roles):
                yield member_id


async def list_receivers(
    db: AsyncSession, *, person_ids: Collection[UUID], organisation_ids: Collection[UUID]
) -> Receivers:
    """Who of these can be told something."""
    people = await account_queries.list_people(db, sorted(person_ids)) if person_ids else []
    members: dict[UUID, dict[UUID, frozenset[str]]] = {}
    if organisation_ids:
        for each in await db.scalars(select(Membership).where(Membership.organisation_id.in_(organisation_ids))):
            members.setdefault(each.organisation_id, {})[each.person_id] = frozenset(each.roles)
    return Receivers(frozenset(each.person_id for each in people), members)


async def list_choices(db: AsyncSession, person_id: UUID) -> tuple[OrganisationChoice, ...]:
    """All organisations of a person, in the order of joining."""
    rows = await db.execute(
        select(Organisation, Membership)
        .join(Membership, Membership.organisation_id == Organisation.organisation_id)
        .where(Membership.person_id == person_id)
        .order_by(Membership.created_at, Organisation.organisation_id)
    )
    return tuple(
        OrganisationChoice(
            organisation.organisation_id,
            organisation.kind,
            organisation.name,
            organisation.name_en,
            frozenset(membership.roles),
            regions_in_force(membership.regions, organisation.regions),
        )
        for organisation, membership in rows
    )


async def get_organisation(db: AsyncSession, organisation_id: UUID) -> Organisation:
    """An organisation by id; 404 `organisation-not-found`."""
    organisation = await db.get(Organisation, organisation_id)
    if organisation is None:
        raise NotFound("There is no such organisation.", code="organisation-not-found")
    return organisation


async def lock_organisation(db: AsyncSession, organisation_id: UUID) -> Organisation:
    """An organisation, held until the transaction ends: changes of its people wait for each other."""
    found = await db.scalars(
        select(Organisation)
        .where(Organisation.organisation_id == organisation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    organisation = found.one_or_none()
    if organisation is None:
        raise NotFound("There is no such organisation.", code="organisation-not-found")
    return organisation


async def list_organisations(
    db: AsyncSession, *, kind: str | None, after: UUID | None, limit: int
) -> Sequence[Organisation]:
    """Organisations in the order of their ids, after the given one."""
    statement = select(Organisation).order_by(Organisation.organisation_id).limit(limit)
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    if after is not None:
        statement = statement.where(Organisation.organisation_id > after)
    return (await db.scalars(statement)).all()


async def find_membership(db: AsyncSession, *, person_id: UUID, organisation_id: UUID) -> Membership | None:
    """What a person is for an organisation, if anything."""
    return await db.get(Membership, (person_id, organisation_id))


async def list_members(db: AsyncSession, organisation_id: UUID) -> Sequence[Membership]:
    """All members, in the order of joining."""
    found = await db.scalars(
        select(Membership)
        .where(Membership.organisation_id == organisation_id)
        .order_by(Membership.created_at, Membership.person_id)
    )
    return found.all()


async def count_other_admins(db: AsyncSession, *, organisation_id: UUID, person_id: UUID) -> int:
    """How many administrators the organisation has besides this person."""
    counted = await db.scalar(
        select(func.count())
        .select_from(Membership)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.person_id != person_id,
            Membership.roles.contains([ADMIN]),
        )
    )
    return counted or 0
