"""Reading brands and grants."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import is_within
from catalog.brand.models import Brand, BrandGrant
from catalog.newest import newest, saying, within_regions
from shared.errors import NotFound


@dataclass(frozen=True)
class Licensed:
    """A brand that a supplier may use, for which products and until when."""

    supplier_id: UUID
    name: str
    name_en: str
    region_code: str
    categories: tuple[str, ...]
    certificate_number: str
    valid_from_on: date
    valid_until_on: date

    def covers(self, *, category: str, county_code: str) -> bool:
        """Whether a product of this shelf and origin carries the brand."""
        return category in self.categories and is_within(county_code, [self.region_code])


def known_brand(brand: Brand | None) -> Brand:
    """The brand; 404 `brand-unknown`."""
    if brand is None:
        raise NotFound("There is no such brand.", code="brand-unknown")
    return brand


async def get_brand(db: AsyncSession, brand_id: UUID) -> Brand:
    """The brand; 404 `brand-unknown`."""
    return known_brand(await db.get(Brand, brand_id, populate_existing=True))


async def lock_brand(db: AsyncSession, brand_id: UUID) -> Brand:
    """The brand, held until the transaction ends; 404 `brand-unknown`."""
    return known_brand(await db.get(Brand, brand_id, populate_existing=True, with_for_update=True))


async def find_brand_named(db: AsyncSession, *, region_code: str, name: str) -> Brand | None:
    """The region's brand of this name."""
    found: Brand | None = await db.scalar(select(Brand).where(Brand.region_code == region_code, Brand.name == name))
    return found


async def list_brands(
    db: AsyncSession, *, region_code: str | None, q: str | None, after: UUID | None, limit: int
) -> Sequence[Brand]:
    """Brands, the newest first."""
    conditions: list[ColumnElement[bool]] = []
    if region_code is not None:
        conditions.append(within_regions(Brand.region_code, [region_code]))
    if q:
        conditions.append(func.strpos(func.lower(Brand.name + " " + Brand.name_en), q.lower()) > 0)
    return await newest(db, Brand, Brand.brand_id, *conditions, after=after, limit=limit)


async def get_grant(db: AsyncSession, grant_id: UUID) -> BrandGrant:
    """The grant; 404 `grant-unknown`."""
    return _known_grant(await db.get(BrandGrant, grant_id, populate_existing=True))


async def lock_grant(db: AsyncSession, grant_id: UUID) -> BrandGrant:
    """The grant, held until the transaction ends; 404 `grant-unknown`."""
    return _known_grant(await db.get(BrandGrant, grant_id, populate_existing=True, with_for_update=True))


async def get_grant_numbered(db: AsyncSession, number: str) -> BrandGrant:
    """The grant with this certificate number; 404 `brand-number-unknown`: nobody was given such a number."""
    found = await db.scalar(select(BrandGrant).where(BrandGrant.certificate_number == number))
    if found is None:
        raise NotFound("No certificate with this number was issued.", code="brand-number-unknown", field="number")
    return found


def _known_grant(grant: BrandGrant | None) -> BrandGrant:
    if grant is None:
        raise NotFound("There is no such grant.", code="grant-unknown")
    return grant


async def find_grant_in_force(db: AsyncSession, *, brand_id: UUID, supplier_id: UUID) -> BrandGrant | None:
    """The supplier's grant of the brand that is in force."""
    found: BrandGrant | None = await db.scalar(
        select(BrandGrant).where(
            BrandGrant.brand_id == brand_id, BrandGrant.supplier_id == supplier_id, BrandGrant.status == "IN_FORCE"
        )
    )
    return found


async def list_grants(
    db: AsyncSession,
    *,
    brand_id: UUID | None,
    supplier_id: UUID | None,
    statuses: Collection[str],
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[BrandGrant]:
    """Grants, the newest first; `q` in the supplier's name or the certificate number."""
    conditions: list[ColumnElement[bool]] = []
    if brand_id is not None:
        conditions.append(BrandGrant.brand_id == brand_id)
    if supplier_id is not None:
        conditions.append(BrandGrant.supplier_id == supplier_id)
    if statuses:
        conditions.append(BrandGrant.status.in_(statuses))
    if q:
        conditions.append(saying(q, BrandGrant.supplier_name, BrandGrant.certificate_number))
    return await newest(db, BrandGrant, BrandGrant.grant_id, *conditions, after=after, limit=limit)


async def list_licensed(db: AsyncSession, supplier_ids: Collection[UUID]) -> Sequence[Licensed]:
    """The brands that these suppliers may use, by supplier and certificate number."""
    rows = await db.execute(
        select(BrandGrant, Brand)
        .join(Brand, Brand.brand_id == BrandGrant.brand_id)
        .where(BrandGrant.supplier_id.in_(set(supplier_ids)), BrandGrant.status == "IN_FORCE")
        .order_by(BrandGrant.supplier_id, BrandGrant.certificate_number)
        .execution_options(populate_existing=True)
    )
    return [
        Licensed(
            supplier_id=grant.supplier_id,
            name=brand.name,
            name_en=brand.name_en,
            region_code=brand.region_code,
            categories=tuple(brand.categories),
            certificate_number=grant.certificate_number,
            valid_from_on=grant.valid_from_on,
            valid_until_on=grant.valid_until_on,
        )
        for grant, brand in rows
    ]


async def list_ended(db: AsyncSession, *, today: date, limit: int) -> Sequence[UUID]:
    """Grants in force whose last day is past, in order of id."""
    query = select(BrandGrant.grant_id).where(BrandGrant.status == "IN_FORCE", BrandGrant.valid_until_on < today)
    return (await db.scalars(query.order_by(BrandGrant.grant_id).limit(limit))).all()
