"""Reading linkages, and counting households once however often they appear."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import extract, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.linkage.models import Linkage, LinkageHousehold, LinkageIncome
from catalog.linkage.rules import COUNTED, WAYS, LinkageSummary, VillageCount, counted
from shared.errors import NotFound

Group = Literal["all", "county", "village", "supplier"]

_VILLAGES = """
    WITH counting AS (
        SELECT linkage_id, {supplier} AS supplier_id, county_code, township, village,
               estimated_household_count, estimated_person_count
        FROM linkages
        WHERE status IN ('CONFIRMED', 'ENDED') AND from_on < :until AND coalesce(until_on > :first, true)
              AND coalesce(until_on > from_on, true) AND {conditions}
    ), homes AS (
        SELECT supplier_id, county_code, township, village, household_key, max(person_count) AS persons
        FROM counting JOIN linkage_households USING (linkage_id)
        GROUP BY supplier_id, county_code, township, village, household_key
    ), exact AS (
        SELECT supplier_id, county_code, township, village, count(*) AS households, sum(persons) AS persons
        FROM homes GROUP BY supplier_id, county_code, township, village
    ), estimate AS (
        SELECT DISTINCT ON (supplier_id, county_code, township, village) supplier_id, county_code, township, village,
               estimated_household_count AS households, estimated_person_count AS persons
        FROM counting
        ORDER BY supplier_id, county_code, township, village, estimated_household_count DESC,
                 estimated_person_count DESC
    )
    SELECT estimate.supplier_id, estimate.county_code, estimate.township, estimate.village,
           coalesce(exact.households, 0) AS exact_households, coalesce(exact.persons, 0) AS exact_persons,
           estimate.households AS estimated_households, estimate.persons AS estimated_persons
    FROM estimate LEFT JOIN exact
      ON exact.supplier_id IS NOT DISTINCT FROM estimate.supplier_id AND exact.county_code = estimate.county_code
     AND exact.township = estimate.township AND exact.village = estimate.village
"""
_COUNT_CHANGED = text("""
    SELECT DISTINCT supplier_id FROM linkages
    WHERE status IN ('CONFIRMED', 'ENDED') AND (from_on BETWEEN :first AND :last OR until_on BETWEEN :first AND :last)
      AND (CAST(:after AS uuid) IS NULL OR supplier_id > :after)
    ORDER BY supplier_id LIMIT :limit
""")


@dataclass(frozen=True)
class LinkageRow:
    """A linkage with the number of its households and persons, and what it brought in all years, in fen."""

    linkage: Linkage
    household_count: int
    person_count: int
    income_fen: int


@dataclass(frozen=True)
class LinkageEvidence:
    """What speaks for a supplier's linkage on a day: households and persons of confirmed linkages, each counted once,
    the ways and agreements of these, what they brought in the newest year, and all linkages that were handed in."""

    summary: LinkageSummary
    ways: tuple[str, ...]
    agreement_document_ids: tuple[UUID, ...]
    income_year: int | None
    income_fen: int
    rows: tuple[LinkageRow, ...]


def unknown_linkage() -> NotFound:
    """The refusal of a linkage that is not there, or not for this caller."""
    return NotFound("There is no such linkage.", code="linkage-unknown", field="linkage_id")


async def get_linkage(db: AsyncSession, linkage_id: UUID) -> Linkage:
    """The linkage; 404 `linkage-unknown`."""
    linkage = await db.get(Linkage, linkage_id)
    if linkage is None:
        raise unknown_linkage()
    return linkage


async def lock_linkage(db: AsyncSession, linkage_id: UUID) -> Linkage:
    """The linkage as it is now, held until the transaction ends; 404 `linkage-unknown`."""
    linkage = await db.scalar(
        select(Linkage)
        .where(Linkage.linkage_id == linkage_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if linkage is None:
        raise unknown_linkage()
    return linkage


async def find_entry(
    db: AsyncSession, *, supplier_id: UUID, way: str, county_code: str, township: str, village: str, from_on: date
) -> Linkage | None:
    """The linkage with this natural key, by which an import finds again what it brought."""
    found: Linkage | None = await db.scalar(
        select(Linkage).where(
            Linkage.supplier_id == supplier_id,
            Linkage.way == way,
            Linkage.county_code == county_code,
            Linkage.township == township,
            Linkage.village == village,
            Linkage.from_on == from_on,
        )
    )
    return found


async def list_households(db: AsyncSession, linkage_id: UUID) -> Sequence[LinkageHousehold]:
    """The linkage's households, in order of key."""
    rows = await db.scalars(
        select(LinkageHousehold)
        .where(LinkageHousehold.linkage_id == linkage_id)
        .order_by(LinkageHousehold.household_key)
    )
    return rows.all()


async def list_incomes(db: AsyncSession, linkage_id: UUID) -> Sequence[LinkageIncome]:
    """What it brought, year by year, the newest first."""
    rows = await db.scalars(
        select(LinkageIncome).where(LinkageIncome.linkage_id == linkage_id).order_by(LinkageIncome.year.desc())
    )
    return rows.all()


async def get_row(db: AsyncSession, linkage: Linkage) -> LinkageRow:
    """The linkage with its counts."""
    [row] = await _with_counts(db, [linkage])
    return row


async def list_linkages(
    db: AsyncSession,
    *,
    supplier_id: UUID | None,
    prefixes: Collection[str] | None,
    status: str | None,
    way: str | None,
    year: int | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[LinkageRow]:
    """Linkages in order of id (of entry), of one supplier or of divisions with these leading digits (None: all)."""
    query = select(Linkage).order_by(Linkage.linkage_id).limit(limit)
    if supplier_id is not None:
        query = query.where(Linkage.supplier_id == supplier_id)
    if prefixes is not None:
        query = query.where(or_(False, *(Linkage.county_code.startswith(each) for each in prefixes)))
    if status is not None:
        query = query.where(Linkage.status == status)
    if way is not None:
        query = query.where(Linkage.way == way)
    if year is not None:
        ends = func.coalesce(extract("year", Linkage.until_on - 1), 9999)
        query = query.where(extract("year", Linkage.from_on) <= year, ends >= year)
    if q:
        query = query.where(func.strpos(Linkage.township + Linkage.village + Linkage.note, q) > 0)
    if after is not None:
        query = query.where(Linkage.linkage_id > after)
    return await _with_counts(db, (await db.scalars(query)).all())


async def _with_counts(db: AsyncSession, linkages: Sequence[Linkage]) -> list[LinkageRow]:
    ids = [each.linkage_id for each in linkages]
    homes = await db.execute(
        select(LinkageHousehold.linkage_id, func.count(), func.sum(LinkageHousehold.person_count))
        .where(LinkageHousehold.linkage_id.in_(ids))
        .group_by(LinkageHousehold.linkage_id)
    )
    exact = {linkage_id: (int(households), int(persons)) for linkage_id, households, persons in homes}
    paid = await db.execute(
        select(
            LinkageIncome.linkage_id,
            func.sum(LinkageIncome.wage_fen + LinkageIncome.asset_fen + LinkageIncome.operating_fen),
        )
        .where(LinkageIncome.linkage_id.in_(ids))
        .group_by(LinkageIncome.linkage_id)
    )
    incomes = {linkage_id: int(amount) for linkage_id, amount in paid}
    rows = []
    for each in linkages:
        estimate = (each.estimated_household_count, each.estimated_person_count)
        households, persons = exact.get(each.linkage_id, estimate)
        rows.append(LinkageRow(each, households, persons, incomes.get(each.linkage_id, 0)))
    return rows


async def summarise_linkage(db: AsyncSession, supplier_id: UUID, *, on: date) -> LinkageSummary:
    """The households and persons that the supplier is linked with on that day, each once."""
    found = await summarise_linkages(db, [supplier_id], on=on)
    return found.get(supplier_id, LinkageSummary(0, 0, is_estimated=False))


async def summarise_linkages(db: AsyncSession, supplier_ids: Iterable[UUID], *, on: date) -> dict[UUID, LinkageSummary]:
    """The same for several suppliers; one that is linked with nobody is absent."""
    found = await count_households(
        db, group="supplier", first=on, until=on + timedelta(days=1), supplier_ids=list(supplier_ids)
    )
    return {UUID(str(key[0])): summary for key, summary in found.items()}


async def count_households(
    db: AsyncSession,
    *,
    group: Group,
    first: date,
    until: date,
    supplier_ids: Collection[UUID] | None = None,
    prefixes: Collection[str] | None = None,
) -> dict[tuple[Any, ...], LinkageSummary]:
    """Households linked on any day of [first, until), by group: each counts once in its group, however many suppliers,
    ways and villages' lists name it. Keys: (), (county,), (county, township, village) or (supplier,)."""
    conditions, values = ["true"], dict[str, Any]({"first": first, "until": until})
    if supplier_ids is not None:
        conditions.append("supplier_id = ANY(:supplier_ids)")
        values["supplier_ids"] = list(supplier_ids)
    if prefixes is not None:
        conditions.append("county_code LIKE ANY(:patterns)")
        values["patterns"] = [f"{each}%" for each in prefixes]
    supplier = "supplier_id" if group == "supplier" else "CAST(NULL AS uuid)"
    statement = _VILLAGES.format(supplier=supplier, conditions=" AND ".join(conditions))
    villages: dict[tuple[Any, ...], list[VillageCount]] = defaultdict(list)
    for row in await db.execute(text(statement), values):
        place = {
            "all": (),
            "county": (row.county_code,),
            "village": (row.county_code, row.township, row.village),
            "supplier": (row.supplier_id,),
        }[group]
        villages[place].append(
            VillageCount(row.exact_households, int(row.exact_persons), row.estimated_households, row.estimated_persons)
        )
    return {key: counted(parts) for key, parts in villages.items()}


async def get_evidence(db: AsyncSession, supplier_id: UUID, *, on: date) -> LinkageEvidence:
    """What speaks for the supplier's linkage on that day. Drafts and what was returned speak for nothing."""
    query = select(Linkage).where(
        Linkage.supplier_id == supplier_id,
        Linkage.status.in_(("SUBMITTED", "CONFIRMED")),
        or_(Linkage.until_on.is_(None), Linkage.until_on > on),
    )
    found = await db.scalars(query)
    handed_in = sorted(found, key=lambda each: (each.status, each.township, each.village, each.way, each.linkage_id))
    confirmed = [each for each in handed_in if each.status == "CONFIRMED" and each.from_on <= on]
    incomes = await db.execute(
        select(
            LinkageIncome.year, func.sum(LinkageIncome.wage_fen + LinkageIncome.asset_fen + LinkageIncome.operating_fen)
        )
        .where(LinkageIncome.linkage_id.in_([each.linkage_id for each in confirmed]))
        .group_by(LinkageIncome.year)
        .order_by(LinkageIncome.year.desc())
        .limit(1)
    )
    year, income_fen = next(((each.year, int(each[1])) for each in incomes), (None, 0))
    return LinkageEvidence(
        summary=await summarise_linkage(db, supplier_id, on=on),
        ways=tuple(way for way in WAYS if any(each.way == way for each in confirmed)),
        agreement_document_ids=tuple(
            dict.fromkeys(each.agreement_document_id for each in confirmed if each.agreement_document_id is not None)
        ),
        income_year=year,
        income_fen=income_fen,
        rows=tuple(await _with_counts(db, handed_in)),
    )


async def list_income_totals(
    db: AsyncSession, *, supplier_id: UUID | None = None, prefixes: Collection[str] | None = None
) -> list[tuple[int, int, int, int]]:
    """What confirmed linkages brought: (year, wage, asset, operating) in fen, the newest year first."""
    query = (
        select(
            LinkageIncome.year,
            func.sum(LinkageIncome.wage_fen),
            func.sum(LinkageIncome.asset_fen),
            func.sum(LinkageIncome.operating_fen),
        )
        .join(Linkage, Linkage.linkage_id == LinkageIncome.linkage_id)
        .where(Linkage.status.in_(COUNTED))
        .group_by(LinkageIncome.year)
        .order_by(LinkageIncome.year.desc())
    )
    if supplier_id is not None:
        query = query.where(Linkage.supplier_id == supplier_id)
    if prefixes is not None:
        query = query.where(or_(False, *(Linkage.county_code.startswith(each) for each in prefixes)))
    return [(year, int(wage), int(asset), int(operating)) for year, wage, asset, operating in await db.execute(query)]


async def list_suppliers_turning(
    db: AsyncSession, *, first: date, last: date, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Suppliers with a linkage that begins or ends on one of these days, in order of id."""
    found = await db.scalars(_COUNT_CHANGED, {"first": first, "last": last, "after": after, "limit": limit})
    return found.all()


async def has_linkages(db: AsyncSession, supplier_id: UUID) -> bool:
    """Whether any linkage of the supplier was ever confirmed; else what was declared of it stands."""
    found = select(Linkage.linkage_id).where(Linkage.supplier_id == supplier_id, Linkage.status.in_(COUNTED)).limit(1)
    return await db.scalar(found) is not None
