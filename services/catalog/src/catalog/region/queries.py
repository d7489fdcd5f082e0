"""Reading divisions and designations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.region.models import Designation, Region, RegionAlias
from shared.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True)
class Place:
    """Where a county is and which lists it is on, for other slices. Empty text where there is no city between."""

    county_code: str
    county: str
    province_code: str
    province: str
    city_code: str
    city: str
    designations: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResolvedRegion:
    """A division of today, and the old code or name by which it was asked for, if it was."""

    region: Region
    aliases: Sequence[RegionAlias]
    asked_by_old_code: bool


_PLACES = text("""
    SELECT region.code, region.name, region.province_code, region.province, coalesce(region.city_code, '') AS city_code,
           coalesce(region.city, '') AS city,
           ARRAY(SELECT DISTINCT kind FROM designations
                 WHERE county_code = region.code AND from_on <= :day AND (until_on IS NULL OR until_on > :day)
                 ORDER BY kind) AS designations
    FROM regions AS region
    WHERE region.code = ANY(:codes)
""")


async def list_places(db: AsyncSession, codes: Iterable[str], *, day: date) -> dict[str, Place]:
    """The places of these codes as they are on that day; a code that is not known is absent."""
    rows = await db.execute(_PLACES, {"codes": sorted(set(codes)), "day": day})
    return {
        row.code: Place(
            county_code=row.code,
            county=row.name,
            province_code=row.province_code,
            province=row.province,
            city_code=row.city_code,
            city=row.city,
            designations=tuple(row.designations),
        )
        for row in rows
    }


async def get_region(db: AsyncSession, code: str) -> ResolvedRegion:
    """The division with this code, today or once. 404 `region-unknown`, 409 `region-split` with the candidates."""
    aliases = (
        await db.scalars(
            select(RegionAlias)
            .where(or_(RegionAlias.old_code == code, RegionAlias.code == code))
            .order_by(RegionAlias.valid_to, RegionAlias.old_code, RegionAlias.code)
        )
    ).all()
    region = await db.get(Region, code)
    if region is not None and region.is_current:
        return ResolvedRegion(region, [alias for alias in aliases if alias.code == code], asked_by_old_code=False)
    candidates = sorted({alias.code for alias in aliases if alias.old_code == code})
    if len(candidates) > 1:
        raise Conflict(
            f"The area of {code} was divided. Ask for one of {', '.join(candidates)}.",
            code="region-split",
            field="code",
            candidates=candidates,
        )
    today = await db.get(Region, candidates[0]) if candidates else None
    if today is None:
        raise NotFound(
            f"No division has, or is known to have had, the code {code}.", code="region-unknown", field="code"
        )
    return ResolvedRegion(today, [alias for alias in aliases if alias.code == today.code], asked_by_old_code=True)


async def get_county_code(db: AsyncSession, code: str, *, field: str) -> str:
    """Today's code of a county, from its code of any day; 422 `county-unknown` if it is no county of ours.

    A city without counties (东莞) stands for one.
    """
    region = await db.get(Region, code)
    if region is None or not region.is_current:
        try:
            region = (await get_region(db, code)).region
        except NotFound as error:
            raise Invalid(f"{code} is not the code of a county.", code="county-unknown", field=field) from error
    below = exists().where(Region.parent_code == region.code, Region.is_current)
    if region.level != "county" and await db.scalar(select(below)):
        raise Invalid(
            f"{region.name} is a {region.level}; give the code of a county.", code="county-unknown", field=field
        )
    return region.code


async def ensure_region(db: AsyncSession, code: str, *, field: str) -> None:
    """422 `region-unknown` unless it is the code of a division, today's or an old one's only heir."""
    region = await db.get(Region, code)
    if region is not None and region.is_current:
        return
    try:
        await get_region(db, code)
    except (NotFound, Conflict) as error:
        raise Invalid(f"{code} is not the code of a division.", code="region-unknown", field=field) from error


async def list_regions(
    db: AsyncSession, *, parent: str | None, q: str | None, after: str, limit: int
) -> Sequence[Region]:
    """Divisions in order of code: those below `parent`, or those whose name, today's or an old one, contains `q`."""
    query = select(Region).where(Region.is_current, Region.code > after).order_by(Region.code).limit(limit)
    if parent is not None:
        query = query.where(Region.parent_code == parent)
    if q:
        by_old_name = select(RegionAlias.code).where(func.strpos(RegionAlias.old_name, q) > 0)
        query = query.where(or_(func.strpos(Region.name, q) > 0, Region.code.in_(by_old_name)))
    elif parent is None:
        query = query.where(Region.level == "province")
    return (await db.scalars(query)).all()


async def list_names(db: AsyncSession, codes: Iterable[str]) -> dict[str, str]:
    """The names of these divisions by code; an unknown one is absent."""
    wanted = set(codes)
    if not wanted:
        return {}
    rows = await db.execute(select(Region.code, Region.name).where(Region.code.in_(wanted)))
    return {row.code: row.name for row in rows}


async def list_designations(
    db: AsyncSession, *, kind: str | None, province_code: str | None, day: date, after: tuple[str, str], limit: int
) -> list[tuple[Designation, Region]]:
    """List entries that hold on that day, in order of list and county code, each with its county."""
    query = (
        select(Designation, Region)
        .join(Region, Region.code == Designation.county_code)
        .where(
            Designation.from_on <= day,
            or_(Designation.until_on.is_(None), Designation.until_on > day),
            func.row(Designation.kind, Designation.county_code) > func.row(*after),
        )
        .order_by(Designation.kind, Designation.county_code)
        .limit(limit)
    )
    if kind is not None:
        query = query.where(Designation.kind == kind)
    if province_code is not None:
        query = query.where(Region.province_code == province_code)
    return [(designation, region) for designation, region in await db.execute(query)]


async def count_designations(db: AsyncSession, *, kind: str | None, province_code: str | None, day: date) -> int:
    """How many entries `list_designations` has over all pages."""
    query = (
        select(func.count())
        .select_from(Designation)
        .join(Region, Region.code == Designation.county_code)
        .where(Designation.from_on <= day, or_(Designation.until_on.is_(None), Designation.until_on > day))
    )
    if kind is not None:
        query = query.where(Designation.kind == kind)
    if province_code is not None:
        query = query.where(Region.province_code == province_code)
    return await db.scalar(query) or 0
