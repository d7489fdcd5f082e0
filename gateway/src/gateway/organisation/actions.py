"""Founding organisations and changing who belongs to them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.organisation import queries, rules
from gateway.organisation.models import Membership, Organisation
from shared.errors import Conflict, NotFound
from shared.etag import ensure_fresh


async def found_organisation(
    db: AsyncSession,
    *,
    organisation_id: UUID,
    kind: rules.Kind,
    name: str,
    name_en: str,
    regions: Sequence[str] = (),
    now: datetime,
) -> Organisation:
    """Enter an organisation that has no people yet. `regions` are division codes; none means no bounds."""
    organisation = Organisation(
        organisation_id=organisation_id,
        kind=kind,
        name=name,
        name_en=name_en,
        regions=list(regions),
        created_at=now,
        revision=1,
    )
    db.add(organisation)
    await db.flush()
    return organisation


async def change_organisation(
    db: AsyncSession, *, organisation_id: UUID, name: str | None, name_en: str | None, expected_revision: int
) -> Organisation:
    """Rename an organisation; 412 `stale` if somebody changed it since."""
    organisation = await queries.lock_organisation(db, organisation_id)
    ensure_fresh(expected_revision, organisation.revision)
    if name is not None:
        organisation.name = name
    if name_en is not None:
        organisation.name_en = name_en
    organisation.revision += 1
    await db.flush()
    return organisation


async def add_member(
    db: AsyncSession,
    *,
    organisation_id: UUID,
    person_id: UUID,
    roles: Iterable[str],
    regions: Iterable[str] = (),
    now: datetime,
) -> Membership:
    """Let a person act for the organisation; 409 `already-a-member`."""
    organisation = await queries.lock_organisation(db, organisation_id)
    values = {
        "person_id": person_id,
        "organisation_id": organisation_id,
        "roles": sorted(rules.ensure_roles(organisation.kind, roles)),
        "regions": list(rules.ensure_regions(regions, of_organisation=organisation.regions)),
        "created_at": now,
        "revision": 1,
    }
    added = await db.scalars(insert(Membership).values(values).on_conflict_do_nothing().returning(Membership))
    membership = added.one_or_none()
    if membership is None:
        raise Conflict("This person is a member already: change the roles instead.", code="already-a-member")
    return membership


async def change_member(
    db: AsyncSession,
    *,
    organisation_id: UUID,
    person_id: UUID,
    roles: Iterable[str],
    regions: Iterable[str],
    expected_revision: int,
) -> Membership:
    """Give a member other roles and regions; the last administrator stays one: 409 `last-administrator`."""
    organisation = await queries.lock_organisation(db, organisation_id)
    membership = await _get_member(db, organisation_id=organisation_id, person_id=person_id)
    ensure_fresh(expected_revision, membership.revision)
    given = rules.ensure_roles(organisation.kind, roles)
    await _ensure_an_admin_remains(db, membership, keeps_admin=rules.ADMIN in given)
    membership.roles = sorted(given)
    membership.regions = list(rules.ensure_regions(regions, of_organisation=organisation.regions))
    membership.revision += 1
    await db.flush()
    return membership


async def remove_member(db: AsyncSession, *, organisation_id: UUID, person_id: UUID) -> None:
    """Take a person out. Sessions and keys in which the person acts for the organisation end with it."""
    await queries.lock_organisation(db, organisation_id)
    membership = await _get_member(db, organisation_id=organisation_id, person_id=person_id)
    await _ensure_an_admin_remains(db, membership, keeps_admin=False)
    await db.execute(
        delete(Membership).where(Membership.organisation_id == organisation_id, Membership.person_id == person_id)
    )


async def _get_member(db: AsyncSession, *, organisation_id: UUID, person_id: UUID) -> Membership:
    membership = await queries.find_membership(db, person_id=person_id, organisation_id=organisation_id)
    if membership is None:
        raise NotFound("This person is no member of the organisation.", code="member-not-found")
    return membership


async def _ensure_an_admin_remains(db: AsyncSession, membership: Membership, *, keeps_admin: bool) -> None:
    if rules.ADMIN in membership.roles:
        others = await queries.count_other_admins(
            db, organisation_id=membership.organisation_id, person_id=membership.person_id
        )
        rules.ensure_an_admin_remains(others, keeps_admin=keeps_admin)
