"""Reading the supply register. Everybody sees what the county confirmed; its holders and officials see the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from catalog.authority import region_prefix
from catalog.supply.models import SupplyEntry
from shared.auth import Caller
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class EntryFilters:
    """What a list is narrowed to. `region` is a division of any level; `month`: in season then."""

    q: str = ""
    region: str | None = None
    township: str | None = None
    category: str | None = None
    year: int | None = None
    month: int | None = None
    status: str | None = None
    is_own: bool = False


def unknown_entry() -> NotFound:
    """The refusal for an entry that does not exist or may not be seen."""
    return NotFound("There is no such entry in the supply register.", code="supply-unknown", field="entry_id")


def within(column: InstrumentedAttribute[str], region: str) -> ColumnElement[bool]:
    """The codes within a division of any level, as a range that an index serves."""
    prefix = region_prefix(region)
    low, high = prefix.ljust(6, "0"), prefix.ljust(6, "9")
    return column.between(low, high)


def visible_to(caller: Caller | None) -> ColumnElement[bool]:
    """What this caller may see: all to operators, the own regions' to officials, the own to suppliers, and to everybody
    what was confirmed."""
    confirmed = SupplyEntry.status == "CONFIRMED"
    if caller is None:
        return confirmed
    if caller.is_operator:
        return true()
    return or_(confirmed, kept_by(caller))


def kept_by(caller: Caller) -> ColumnElement[bool]:
    """The entries that this caller works on: an official those of the own regions, a supplier those it runs."""
    if caller.is_operator:
        return true()
    if caller.kind == "official":
        return or_(false(), *(within(SupplyEntry.county_code, each) for each in caller.regions))
    if caller.kind == "supplier" and caller.organisation_id is not None:
        return SupplyEntry.operator_supplier_id == caller.organisation_id
    return false()


def is_in_month(month: int) -> ColumnElement[bool]:
    """In season in that month, also where the season runs over the new year."""
    first, last = SupplyEntry.season_from_month, SupplyEntry.season_to_month
    return or_(
        and_(first <= last, first <= month, last >= month),
        and_(first > last, or_(first <= month, last >= month)),
    )


async def list_entries(
    db: AsyncSession, filters: EntryFilters, *, caller: Caller | None, after: tuple[str, UUID] | None, limit: int
) -> Sequence[SupplyEntry]:
    """Entries in order of county code, then id."""
    query = (
        select(SupplyEntry)
        .where(*_conditions(filters, caller))
        .order_by(SupplyEntry.county_code, SupplyEntry.entry_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(func.row(SupplyEntry.county_code, SupplyEntry.entry_id) > func.row(*after))
    return (await db.scalars(query)).all()


async def count_entries(db: AsyncSession, filters: EntryFilters, *, caller: Caller | None) -> int:
    """How many entries the list has over all pages."""
    query = select(func.count()).select_from(SupplyEntry).where(*_conditions(filters, caller))
    return await db.scalar(query) or 0


def _conditions(filters: EntryFilters, caller: Caller | None) -> list[ColumnElement[bool]]:
    found = [visible_to(caller)]
    if filters.is_own:
        found = [kept_by(caller) if caller is not None else false()]
    if filters.q:
        words = (
            SupplyEntry.product_name
            + " "
            + SupplyEntry.township
            + " "
            + SupplyEntry.village
            + " "
            + SupplyEntry.enterprise
            + " "
            + SupplyEntry.operator_name
        )
        found.append(func.strpos(func.lower(words), filters.q.lower()) > 0)
    if filters.region is not None:
        found.append(within(SupplyEntry.county_code, filters.region))
    if filters.month is not None:
        found.append(is_in_month(filters.month))
    for name in ("township", "category", "year", "status"):
        value = getattr(filters, name)
        if value is not None:
            found.append(getattr(SupplyEntry, name) == value)
    return found


async def get_entry(db: AsyncSession, entry_id: UUID, *, caller: Caller | None) -> SupplyEntry:
    """The entry, as far as the caller may see it; else 404 `supply-unknown`."""
    entry = await db.scalar(
        select(SupplyEntry)
        .where(SupplyEntry.entry_id == entry_id, visible_to(caller))
        .execution_options(populate_existing=True)
    )
    if entry is None:
        raise unknown_entry()
    return entry


async def lock_entry(db: AsyncSession, entry_id: UUID, *, caller: Caller | None) -> SupplyEntry:
    """The entry as it is now, held until the transaction ends; 404 `supply-unknown` for who may not see it."""
    entry = await db.scalar(
        select(SupplyEntry)
        .where(SupplyEntry.entry_id == entry_id, visible_to(caller))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if entry is None:
        raise unknown_entry()
    return entry
