"""Entering, confirming and ending linkages. A supplier's count follows in the same transaction.

Locks are taken in the order of the catalog: supplier, then linkage, then products.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.document import queries as document_queries
from catalog.linkage import data, queries, rules
from catalog.linkage.models import Linkage, LinkageHousehold, LinkageIncome
from catalog.notice.actions import notify
from catalog.region import queries as region_queries
from catalog.supplier import actions as supplier_actions
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id

SUBJECT = "linkage"
_LOOK_BACK = timedelta(days=14)

_SAVE_INCOME = text("""
    INSERT INTO linkage_incomes (linkage_id, year, wage_fen, asset_fen, operating_fen)
    VALUES (:linkage_id, :year, :wage_fen, :asset_fen, :operating_fen)
    ON CONFLICT (linkage_id, year) DO UPDATE
        SET wage_fen = excluded.wage_fen, asset_fen = excluded.asset_fen, operating_fen = excluded.operating_fen
""")


@dataclass(frozen=True)
class Household:
    """A household as it is stored: its key and its persons."""

    household_key: str
    person_count: int


@dataclass(frozen=True)
class Income:
    """What was paid to the households in a year, in fen."""

    year: int
    wage_fen: int = 0
    asset_fen: int = 0
    operating_fen: int = 0

    @property
    def total_fen(self) -> int:
        """All kinds together."""
        return self.wage_fen + self.asset_fen + self.operating_fen


@dataclass(frozen=True)
class Entry:
    """A linkage as it is entered. `households` is empty where the village has no numbers: the count is then estimated
    from the newest year's income."""

    way: str
    county_code: str
    township: str
    village: str
    from_on: date
    until_on: date | None = None
    households: tuple[Household, ...] = ()
    incomes: tuple[Income, ...] = ()
    agreement_document_id: UUID | None = None
    note: str = ""


async def place_of(db: AsyncSession, *, county_code: str, township: str, village: str) -> rules.Village:
    """The village as it is stored and hashed: today's county code, normalised names. 422 `county-unknown`."""
    county = await region_queries.get_county_code(db, county_code, field="county_code")
    return rules.Village(county, rules.normalised_name(township), rules.normalised_name(village))


async def create_linkage(
    db: AsyncSession, *, linkage_id: UUID, supplier_id: UUID, entry: Entry, caller: Caller | None, now: datetime
) -> Linkage:
    """A draft. 409 `linkage-exists` for the same supplier, way, village and first day; 422 `period-empty`,
    `household-twice`, `document-unknown`; 404 `supplier-unknown`."""
    await supplier_queries.lock_supplier(db, supplier_id)
    values = await _values(db, entry, supplier_id=supplier_id)
    await _ensure_free(db, supplier_id=supplier_id, values=values, own=None)
    linkage = Linkage(
        linkage_id=linkage_id,
        supplier_id=supplier_id,
        status="DRAFT",
        revision=1,
        created_at=now,
        changed_at=now,
        **values,
    )
    db.add(linkage)
    await db.flush()
    await _save_parts(db, linkage_id, entry)
    await _record(db, linkage, "create", caller, now, before="")
    return linkage


async def edit_linkage(
    db: AsyncSession, *, linkage_id: UUID, expected_revision: int, entry: Entry, caller: Caller | None, now: datetime
) -> Linkage:
    """Replace all of a draft or returned linkage. 409 `linkage-status` once it was submitted; else as creating."""
    linkage = await queries.lock_linkage(db, linkage_id)
    ensure_fresh(expected_revision, linkage.revision)
    rules.ensure_editable(linkage.status)
    values = await _values(db, entry, supplier_id=linkage.supplier_id)
    await _ensure_free(db, supplier_id=linkage.supplier_id, values=values, own=linkage_id)
    for name, value in values.items():
        setattr(linkage, name, value)
    _touch(linkage, now)
    await db.execute(delete(LinkageHousehold).where(LinkageHousehold.linkage_id == linkage_id))
    await db.execute(delete(LinkageIncome).where(LinkageIncome.linkage_id == linkage_id))
    await db.flush()
    await _save_parts(db, linkage_id, entry)
    await _record(db, linkage, "edit", caller, now, before=linkage.status)
    return linkage


async def upsert_linkage(
    db: AsyncSession, *, supplier_id: UUID, entry: Entry, caller: Caller | None, now: datetime
) -> Literal["created", "changed", "unchanged"]:
    """Bring an entry by its natural key (supplier, way, village, first day), for imports: the same again changes
    nothing. 409 `linkage-status` where it was submitted already and differs."""
    place = await place_of(db, county_code=entry.county_code, township=entry.township, village=entry.village)
    found = await queries.find_entry(
        db,
        supplier_id=supplier_id,
        way=entry.way,
        county_code=place.county_code,
        township=place.township,
        village=place.village,
        from_on=entry.from_on,
    )
    if found is None:
        await create_linkage(db, linkage_id=new_id(), supplier_id=supplier_id, entry=entry, caller=caller, now=now)
        return "created"
    if await _is_same(db, found, entry):
        return "unchanged"
    await edit_linkage(
        db, linkage_id=found.linkage_id, expected_revision=found.revision, entry=entry, caller=caller, now=now
    )
    return "changed"


async def move_linkage(
    db: AsyncSession,
    *,
    linkage_id: UUID,
    verb: str,
    caller: Caller | None,
    now: datetime,
    expected_revision: int | None = None,
    reason: str = "",
) -> Linkage:
    """`submit`, `confirm`, `return` or `end` it; what the supplier is linked with follows.

    409 `linkage-status`, `linkage-without-households`; 412 `stale` for a decision on what was changed since.
    """
    supplier_id = (await queries.get_linkage(db, linkage_id)).supplier_id
    await supplier_queries.lock_supplier(db, supplier_id)
    linkage = await queries.lock_linkage(db, linkage_id)
    if expected_revision is not None:
        ensure_fresh(expected_revision, linkage.revision)
    before = linkage.status
    linkage.status = rules.status_after(verb, before)
    if verb == "submit":
        households = await queries.list_households(db, linkage_id)
        rules.ensure_countable(household_count=len(households), estimate=_estimate_of(linkage))
    elif verb == "confirm":
        linkage.confirmed_at = now
    elif verb == "end":
        today = business_day(now)
        linkage.until_on = max(linkage.from_on, min(today, linkage.until_on or today))
    _touch(linkage, now)
    await db.flush()
    await _record(db, linkage, verb, caller, now, before=before, reason=reason)
    if verb in {"confirm", "return"}:
        await notify(
            db,
            organisation_id=supplier_id,
            code=f"linkage-{linkage.status.lower()}",
            occasion=f"linkage:{linkage_id}:{linkage.revision}",
            subject_kind=SUBJECT,
            subject_id=linkage_id,
            now=now,
            facts={"village": linkage.village, "reason": reason},
        )
    if linkage.status in rules.COUNTED:
        await refresh_count(db, supplier_id=supplier_id, now=now)
    return linkage


async def set_income(
    db: AsyncSession, *, linkage_id: UUID, income: Income, caller: Caller | None, now: datetime
) -> Linkage:
    """What a confirmed linkage brought in a further year; entering the year again corrects it, and the trail says so.

    409 `linkage-status` unless it is CONFIRMED (before that, edit it).
    """
    linkage = await queries.lock_linkage(db, linkage_id)
    if linkage.status != "CONFIRMED":
        raise Conflict(
            "Only a confirmed linkage takes a further year's income; a draft is edited.",
            code="linkage-status",
            status_now=linkage.status,
        )
    await db.execute(_SAVE_INCOME, {"linkage_id": linkage_id, **_income_values(income)})
    _touch(linkage, now)
    await db.flush()
    told = f"{income.year}: {income.wage_fen} / {income.asset_fen} / {income.operating_fen} fen"
    await _record(db, linkage, "income", caller, now, before=linkage.status, reason=told)
    return linkage


async def refresh_count(db: AsyncSession, *, supplier_id: UUID, now: datetime) -> None:
    """Bring the supplier's number of linked households to what is confirmed for today. The supplier is locked."""
    summary = await queries.summarise_linkage(db, supplier_id, on=business_day(now))
    await supplier_actions.set_linked_households(
        db, supplier_id=supplier_id, household_count=summary.household_count, now=now
    )


async def refresh_turning_counts(db: AsyncSession, *, now: datetime, after: UUID | None) -> UUID | None:
    """The next supplier, in order of id, with a linkage that began or ended these days gets its count anew, one a
    transaction; its id, or None when all are done. Running twice changes nothing more."""
    today = business_day(now)
    supplier_ids = await queries.list_suppliers_turning(db, first=today - _LOOK_BACK, last=today, after=after, limit=1)
    for supplier_id in supplier_ids:
        await supplier_queries.lock_supplier(db, supplier_id)
        await refresh_count(db, supplier_id=supplier_id, now=now)
    return supplier_ids[-1] if supplier_ids else None


async def _values(db: AsyncSession, entry: Entry, *, supplier_id: UUID) -> dict[str, Any]:
    """The columns of an entry, checked."""
    rules.ensure_period(entry.from_on, entry.until_on)
    place = await place_of(db, county_code=entry.county_code, township=entry.township, village=entry.village)
    if not place.township or not place.village:
        raise Invalid("Name the township and the village.", code="village-missing", field="village")
    if len({each.household_key for each in entry.households}) != len(entry.households):
        raise Invalid("A household is entered twice.", code="household-twice", field="households")
    if entry.agreement_document_id is not None:
        await document_queries.ensure_documents_of(
            db, [entry.agreement_document_id], organisation_id=supplier_id, field="agreement_document_id"
        )
    estimate = None if entry.households else _estimate(entry, place.county_code)
    return {
        "way": entry.way,
        "county_code": place.county_code,
        "township": place.township,
        "village": place.village,
        "from_on": entry.from_on,
        "until_on": entry.until_on,
        "agreement_document_id": entry.agreement_document_id,
        "note": entry.note,
        "estimated_household_count": estimate.household_count if estimate else 0,
        "estimated_person_count": estimate.person_count if estimate else 0,
        "estimate_coefficient_fen": estimate.coefficient_fen if estimate else None,
        "estimate_source": estimate.source if estimate else "",
    }


def _estimate(entry: Entry, county_code: str) -> rules.Estimate | None:
    """The count that the newest year's income stands for, if there is a figure for that year."""
    newest = max(entry.incomes, key=lambda each: each.year, default=None)
    if newest is None:
        return None
    income = data.income_per_household(county_code, newest.year)
    persons = data.persons_per_household(county_code, newest.year)
    if income is None or persons is None:
        return None
    return rules.estimated(
        newest.total_fen,
        fen_per_household_year=income.value,
        persons_per_hundred=persons.value,
        source=f"{income.source} {persons.source}",
    )


def _estimate_of(linkage: Linkage) -> rules.Estimate | None:
    if linkage.estimate_coefficient_fen is None:
        return None
    return rules.Estimate(
        linkage.estimated_household_count,
        linkage.estimated_person_count,
        linkage.estimate_coefficient_fen,
        linkage.estimate_source,
    )


async def _ensure_free(db: AsyncSession, *, supplier_id: UUID, values: Mapping[str, Any], own: UUID | None) -> None:
    key = {name: values[name] for name in ("way", "county_code", "township", "village", "from_on")}
    found = await queries.find_entry(db, supplier_id=supplier_id, **key)
    if found is not None and found.linkage_id != own:
        raise Conflict(
            "This way, village and first day is entered already: edit that linkage.",
            code="linkage-exists",
            field="village",
            linkage_id=str(found.linkage_id),
        )


async def _save_parts(db: AsyncSession, linkage_id: UUID, entry: Entry) -> None:
    homes = [
        {"linkage_id": linkage_id, "household_key": each.household_key, "person_count": each.person_count}
        for each in entry.households
    ]
    if homes:
        await db.execute(insert(LinkageHousehold), homes)
    for income in entry.incomes:
        await db.execute(_SAVE_INCOME, {"linkage_id": linkage_id, **_income_values(income)})


def _income_values(income: Income) -> dict[str, int]:
    return {
        "year": income.year,
        "wage_fen": income.wage_fen,
        "asset_fen": income.asset_fen,
        "operating_fen": income.operating_fen,
    }


async def _is_same(db: AsyncSession, linkage: Linkage, entry: Entry) -> bool:
    values = await _values(db, entry, supplier_id=linkage.supplier_id)
    if any(getattr(linkage, name) != value for name, value in values.items()):
        return False
    homes = {(each.household_key, each.person_count) for each in await queries.list_households(db, linkage.linkage_id)}
    incomes = {
        (each.year, each.wage_fen, each.asset_fen, each.operating_fen)
        for each in await queries.list_incomes(db, linkage.linkage_id)
    }
    return homes == {(each.household_key, each.person_count) for each in entry.households} and incomes == {
        (each.year, each.wage_fen, each.asset_fen, each.operating_fen) for each in entry.incomes
    }


def _touch(linkage: Linkage, now: datetime) -> None:
    linkage.revision += 1
    linkage.changed_at = now


async def _record(
    db: AsyncSession,
    linkage: Linkage,
    verb: str,
    caller: Caller | None,
    now: datetime,
    *,
    before: str,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=linkage.linkage_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=linkage.status,
        reason=reason,
    )


def households_of(numbers: Sequence[tuple[str, int]], *, secret: bytes, place: rules.Village) -> tuple[Household, ...]:
    """Numbers and persons as a village team sends them, turned into keys; the numbers are then forgotten."""
    return tuple(Household(rules.household_key(secret, place, number), persons) for number, persons in numbers)
