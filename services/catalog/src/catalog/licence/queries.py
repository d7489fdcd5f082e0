"""Reading licences, and who may sell by them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping, exists, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.licence import rules
from catalog.licence.models import Licence
from catalog.supplier import queries as supplier_queries
from catalog.supplier.models import Supplier
from catalog.supplier.rules import ensure_may_sell as ensure_status_may_sell
from shared.clock import business_day
from shared.errors import Conflict, NotFound

_ENDING = """ SELECT licence.*, supplier.name AS supplier_name, supplier.county_code, supplier.status AS
supplier_status, region.province || coalesce(region.city, '') || region.name AS county FROM licences AS licence JOIN
suppliers AS supplier USING (supplier_id) JOIN regions AS region ON region.code = supplier.county_code WHERE
licence.status = :status AND (licence.valid_until <= :last OR licence.status = 'FILED') AND supplier.status IN
('ACTIVE', 'SUSPENDED') AND supplier.county_code ~ :regions AND supplier.county_code ~ :region AND (CAST(:type AS text)
IS NULL OR licence.type = :type) AND strpos(lower(supplier.name || ' ' || licence.number), lower(:q)) > 0 AND
(coalesce(licence.valid_until, '9999-12-31'), licence.licence_id) > (CAST(:after_day AS date), CAST(:after_id AS uuid))
ORDER BY coalesce(licence.valid_until, '9999-12-31'), licence.licence_id LIMIT :limit
"""
_AGENTS_WITHOUT = text("""
    SELECT DISTINCT mandate.supplier_id
    FROM licences AS mandate
    WHERE mandate.principal_id = :principal_id AND mandate.status = 'VERIFIED'
      AND NOT EXISTS (
        SELECT FROM licences AS other JOIN suppliers AS principal ON principal.supplier_id = other.principal_id
        WHERE other.supplier_id = mandate.supplier_id AND other.status = 'VERIFIED' AND principal.status = 'ACTIVE'
          AND other.valid_from <= :on AND other.valid_until >= :on)
    ORDER BY mandate.supplier_id
""")


def unknown_licence() -> NotFound:
    """The refusal of a licence that is not there, or not for this caller."""
    return NotFound("There is no such licence.", code="licence-unknown")


async def get_licence(db: AsyncSession, licence_id: UUID) -> Licence:
    """The licence; 404 `licence-unknown`."""
    licence = await db.get(Licence, licence_id)
    if licence is None:
        raise unknown_licence()
    return licence


async def lock_licence(db: AsyncSession, licence_id: UUID) -> Licence:
    """The licence as it is now, held until the transaction ends; 404 `licence-unknown`."""
    licence = await db.scalar(
        select(Licence)
        .where(Licence.licence_id == licence_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if licence is None:
        raise unknown_licence()
    return licence


async def list_licences(
    db: AsyncSession, supplier_id: UUID, *, statuses: Iterable[str] = rules.STATUSES
) -> Sequence[Licence]:
    """A supplier's licences in these states, in the order of filing."""
    query = select(Licence).where(Licence.supplier_id == supplier_id, Licence.status.in_(tuple(statuses)))
    return (await db.scalars(query.order_by(Licence.filed_at, Licence.licence_id))).all()


async def is_filed(db: AsyncSession, *, supplier_id: UUID, type_id: str, number: str, valid_from: date) -> bool:
    """Whether the same licence is filed or verified already."""
    same = (
        Licence.supplier_id == supplier_id,
        Licence.type == type_id,
        Licence.number == number,
        Licence.valid_from == valid_from,
        Licence.status.in_(("FILED", "VERIFIED")),
    )
    return bool(await db.scalar(select(exists().where(*same))))


async def is_followed(db: AsyncSession, licence: Licence) -> bool:
    """Whether another licence of the same type (and principal) is filed or verified that holds longer."""
    longer = (
        Licence.supplier_id == licence.supplier_id,
        Licence.type == licence.type,
        Licence.principal_id.is_not_distinct_from(licence.principal_id),
        Licence.licence_id != licence.licence_id,
        Licence.status == "VERIFIED",
        or_(Licence.valid_until.is_(None), Licence.valid_until > licence.valid_until),
    )
    return bool(await db.scalar(select(exists().where(*longer))))


async def list_due(db: AsyncSession, *, last: date, after: tuple[date, UUID], limit: int) -> Sequence[Licence]:
    """Verified licences that end by `last` and whose end was not acted on, in order of their end."""
    query = (
        select(Licence)
        .where(Licence.status == "VERIFIED", Licence.ended_at.is_(None), Licence.valid_until <= last)
        .where(or_(Licence.valid_until > after[0], (Licence.valid_until == after[0]) & (Licence.licence_id > after[1])))
        .order_by(Licence.valid_until, Licence.licence_id)
        .limit(limit)
    )
    return (await db.scalars(query)).all()


async def list_ending(
    db: AsyncSession,
    *,
    regions: str,
    region: str,
    last: date,
    status: str,
    type_id: str | None,
    q: str,
    after: tuple[date, UUID],
    limit: int,
) -> Sequence[RowMapping]:
    """Licences of admitted suppliers that end by `last` (of those that wait to be verified all), the earliest first,
    with supplier and county.

    `regions` (what the reader oversees) and `region` (what is asked for) are patterns of division codes, see
    `authority.region_pattern`.
    """
    values = {
        "regions": regions,
        "region": region,
        "last": last,
        "status": status,
        "type": type_id,
        "q": q,
        "after_day": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    return (await db.execute(text(_ENDING), values)).mappings().all()


async def list_agents_without_mandate(db: AsyncSession, *, principal_id: UUID, now: datetime) -> Sequence[UUID]:
    """Agents with a mandate of this supplier who have no mandate in force of any active supplier."""
    found = await db.scalars(_AGENTS_WITHOUT, {"principal_id": principal_id, "on": business_day(now)})
    return found.all()


async def lock_sellers(db: AsyncSession, supplier_id: UUID) -> Supplier:
    """Hold the supplier and, of an agent, those by whose mandate it sells, so that nobody suspends one of them
    meanwhile. Who puts packs on the shelf needs them, and takes them before any product."""
    supplier = await supplier_queries.lock_supplier_shared(db, supplier_id)
    if supplier.kind == "agent":
        mandates = await list_licences(db, supplier_id, statuses=["VERIFIED"])
        for principal_id in sorted({each.principal_id for each in mandates if each.principal_id is not None}):
            await supplier_queries.lock_supplier_shared(db, principal_id)
    return supplier


async def ensure_may_sell(db: AsyncSession, *, supplier_id: UUID, categories: Iterable[str], now: datetime) -> None:
    """Hold who sells (`lock_sellers`) and see that the supplier may sell on these shelves.

    409 `supplier-not-active`; `licence-ended`; for an agent `mandate-missing` without a mandate in force of a supplier
    that is active itself.
    """
    supplier = await lock_sellers(db, supplier_id)
    ensure_status_may_sell(supplier.status)
    on = business_day(now)
    licences = await list_licences(db, supplier_id, statuses=["VERIFIED"])
    held = [held_of(each) for each in licences]
    if supplier.kind == "agent":
        in_force = [each for each, rule in zip(licences, held, strict=True) if rules.is_in_force(rule, on)]
        await _ensure_principal(db, {each.principal_id for each in in_force if each.principal_id is not None})
    rules.ensure_open(held, categories, on)


def held_of(licence: Licence) -> rules.Held:
    """The licence as the rules see it."""
    return rules.Held(licence.type, licence.status, licence.valid_from, licence.valid_until, licence.number)


async def _ensure_principal(db: AsyncSession, principal_ids: set[UUID]) -> None:
    principals = await supplier_queries.list_suppliers_by_id(db, principal_ids)
    if all(each.status != "ACTIVE" for each in principals.values()):
        raise Conflict(
            "An agent sells by mandate of an active supplier: there is none in force.", code="mandate-missing"
        )
