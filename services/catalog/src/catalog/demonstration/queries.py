"""Reading demonstrations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.demonstration.models import Demonstration, DemonstrationReview
from catalog.newest import newest, within_regions
from shared.errors import NotFound


@dataclass(frozen=True)
class Named:
    """Somebody who is named, for the badge of its products."""

    kind: str
    name: str
    county_code: str
    supplier_id: UUID | None


def known(found: Demonstration | None) -> Demonstration:
    """It; 404 `demonstration-unknown` where there is none, or none that one may know of."""
    if found is None:
        raise NotFound("There is no such demonstration.", code="demonstration-unknown")
    return found


async def get_demonstration(db: AsyncSession, demonstration_id: UUID) -> Demonstration:
    """The demonstration; 404 `demonstration-unknown`."""
    return known(await db.get(Demonstration, demonstration_id, populate_existing=True))


async def lock_demonstration(db: AsyncSession, demonstration_id: UUID) -> Demonstration:
    """The demonstration, held until the transaction ends; 404 `demonstration-unknown`."""
    return known(await db.get(Demonstration, demonstration_id, populate_existing=True, with_for_update=True))


async def find_open(db: AsyncSession, *, kind: str, county_code: str, supplier_id: UUID | None) -> Demonstration | None:
    """The same applicant's application or name that has not come to its end."""
    same = Demonstration.supplier_id == supplier_id if supplier_id else Demonstration.supplier_id.is_(None)
    found: Demonstration | None = await db.scalar(
        select(Demonstration).where(
            Demonstration.kind == kind,
            Demonstration.county_code == county_code,
            same,
            Demonstration.status != "REMOVED",
        )
    )
    return found


async def list_demonstrations(
    db: AsyncSession,
    *,
    seen: ColumnElement[bool] | None,
    kind: str | None,
    statuses: Collection[str],
    region_code: str | None,
    unreviewed_for: int | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Demonstration]:
    """Demonstrations, the newest first; everybody sees those that are named, `seen` is what the caller sees too.
    `unreviewed_for` leaves those that were not reviewed for that year."""
    is_public = Demonstration.status == "NAMED"
    conditions: list[ColumnElement[bool]] = [is_public if seen is None else or_(is_public, seen)]
    if kind is not None:
        conditions.append(Demonstration.kind == kind)
    if statuses:
        conditions.append(Demonstration.status.in_(statuses))
    if region_code is not None:
        conditions.append(within_regions(Demonstration.county_code, [region_code]))
    if unreviewed_for is not None:
        conditions.append((Demonstration.status == "NAMED") & (Demonstration.reviewed_for_year < unreviewed_for))
    if q:
        conditions.append(func.strpos(Demonstration.name, q) > 0)
    return await newest(db, Demonstration, Demonstration.demonstration_id, *conditions, after=after, limit=limit)


async def list_reviews(db: AsyncSession, demonstration_id: UUID) -> Sequence[DemonstrationReview]:
    """Its yearly reviews, the first one first."""
    query = select(DemonstrationReview).where(DemonstrationReview.demonstration_id == demonstration_id)
    return (await db.scalars(query.order_by(DemonstrationReview.year))).all()


async def list_named(
    db: AsyncSession, *, supplier_ids: Collection[UUID], county_codes: Collection[str]
) -> Sequence[Named]:
    """Those of these suppliers and counties that are named, by kind and name."""
    of_county = (Demonstration.kind == "county") & Demonstration.county_code.in_(set(county_codes))
    rows = await db.execute(
        select(Demonstration.kind, Demonstration.name, Demonstration.county_code, Demonstration.supplier_id)
        .where(Demonstration.status == "NAMED", or_(of_county, Demonstration.supplier_id.in_(set(supplier_ids))))
        .order_by(Demonstration.kind, Demonstration.name)
    )
    return [Named(row.kind, row.name, row.county_code, row.supplier_id) for row in rows]
