"""Lists of units as their finance office, the units above them and their own people see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase.rules import region_prefix
from orders.unit import queries, rules
from shared.auth import Caller

_COLUMNS = """
    unit.unit_id, unit.revision, unit.status, unit.kind, unit.name, unit.uscc, unit.county_code, unit.parent_id,
    above.name AS parent_name, unit.merged_into_id, successor.name AS merged_into_name,
    unit.organisation_id IS NOT NULL AS is_activated, unit.has_union, unit.has_union_funds, unit.union_name,
    unit.union_uscc, unit.created_at, unit.changed_at, canteen.mode AS canteen_mode,
    (SELECT count(*) FROM budget_units AS below WHERE below.parent_id = unit.unit_id) AS below_count
"""
_FROM = """
    FROM budget_units AS unit
    LEFT JOIN budget_units AS above ON above.unit_id = unit.parent_id
    LEFT JOIN budget_units AS successor ON successor.unit_id = unit.merged_into_id
    LEFT JOIN unit_canteens AS canteen ON canteen.unit_id = unit.unit_id AND canteen.year = :year
"""
_SUBTREE = """
    unit.unit_id IN (
        WITH RECURSIVE tree AS (
            SELECT unit_id FROM budget_units WHERE unit_id = :own_id
            UNION SELECT below.unit_id FROM budget_units AS below JOIN tree ON below.parent_id = tree.unit_id
        ) SELECT unit_id FROM tree
    )
"""
_IN_REGIONS = """
    EXISTS (SELECT FROM unnest(CAST(:regions AS text[])) AS own (start) WHERE starts_with(unit.county_code, own.start))
"""
_CANTEENS = text("""
    SELECT canteen.year, canteen.mode, canteen.shared_with_id, other.name AS shared_with_name, canteen.contractor_name,
           canteen.contractor_uscc
    FROM unit_canteens AS canteen LEFT JOIN budget_units AS other ON other.unit_id = canteen.shared_with_id
    WHERE canteen.unit_id = :unit_id ORDER BY canteen.year DESC
""")
_PERIODS = text("""
    SELECT period.*, above.name AS parent_name
    FROM unit_periods AS period LEFT JOIN budget_units AS above ON above.unit_id = period.parent_id
    WHERE period.unit_id = :unit_id ORDER BY period.valid_from DESC
""")
_STAFF = text("SELECT count(*) FROM unit_staff WHERE unit_id = :unit_id AND left_at IS NULL")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    wanted: str = ""
    status: str | None = None
    kind: str | None = None
    county: str | None = None
    parent_id: UUID | None = None
    is_activated: bool | None = None


async def load_scope(db: AsyncSession, caller: Caller) -> tuple[str, dict[str, Any]]:
    """Which units the caller sees, as a condition and its values. 403 `unit-needed` for who sees none."""
    if caller.is_operator:
        return "true", {}
    if rules.is_finance_office(caller):
        return _IN_REGIONS, {"regions": [region_prefix(each) for each in caller.regions]}
    own = await queries.find_acting_unit(db, caller)
    if own is None:
        raise queries.unit_needed()
    return _SUBTREE, {"own_id": own.unit_id}


async def list_units(
    db: AsyncSession, caller: Caller, filters: Filters, *, year: int, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Those that the caller sees, by name."""
    scope, values = await load_scope(db, caller)
    conditions, narrowed = _conditions(filters)
    if after is not None:
        conditions.append("(unit.name, unit.unit_id) > (:after_name, :after_id)")
        narrowed |= {"after_name": after[0], "after_id": after[1]}
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join((scope, *conditions))}
        ORDER BY unit.name, unit.unit_id LIMIT :limit
    """
    return (await db.execute(text(statement), {**values, **narrowed, "year": year, "limit": limit})).all()


async def count_units(db: AsyncSession, caller: Caller, filters: Filters) -> tuple[int, int]:
    """How many the list has, and how many of them have an account (导入、激活)."""
    scope, values = await load_scope(db, caller)
    conditions, narrowed = _conditions(filters)
    statement = f"""
        SELECT count(*), count(unit.organisation_id) FROM budget_units AS unit
        WHERE {" AND ".join((scope, *conditions))}
    """  # noqa: S608 - our own words
    row = (await db.execute(text(statement), {**values, **narrowed})).one()
    return row[0], row[1]


async def get_whole(db: AsyncSession, caller: Caller, unit_id: UUID, *, year: int) -> Mapping[str, Any]:
    """One with its canteens, and what the caller is to it. 404 `unit-unknown`."""
    unit = await queries.get_unit_for(db, caller, unit_id)
    row = (
        (await db.execute(text(f"SELECT {_COLUMNS} {_FROM} WHERE unit.unit_id = :id"), {"id": unit_id, "year": year}))
        .mappings()
        .one()
    )
    return {
        **row,
        "canteens": (await db.execute(_CANTEENS, {"unit_id": unit_id})).all(),
        "staff_count": await db.scalar(_STAFF, {"unit_id": unit_id}),
        "is_own": caller.kind == "institution" and unit.organisation_id == caller.organisation_id,
        "is_overseen": rules.oversees(caller, unit.county_code),
    }


async def list_periods(db: AsyncSession, unit_id: UUID) -> Sequence[Row[Any]]:
    """What it was until when, the latest first."""
    return (await db.execute(_PERIODS, {"unit_id": unit_id})).all()


async def search_directory(
    db: AsyncSession, wanted: str, *, canteen_year: int | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Active units by a part of the name or the whole code; those only who file for a shared canteen of a year."""
    statement = f"""
        SELECT unit.unit_id, unit.name, unit.county_code FROM budget_units AS unit
        WHERE unit.status = 'ACTIVE' AND (unit.name ILIKE :pattern OR unit.uscc = upper(:wanted))
          {"AND " + _REPRESENTS if canteen_year is not None else ""}
        ORDER BY unit.name, unit.unit_id LIMIT :limit
    """  # noqa: S608 - our own words
    values = {"pattern": pattern_of(wanted), "wanted": wanted, "limit": limit, "year": canteen_year}
    if canteen_year is None:
        del values["year"]
    return (await db.execute(text(statement), values)).all()


_REPRESENTS = """
    EXISTS (SELECT FROM unit_canteens AS canteen
            WHERE canteen.unit_id = unit.unit_id AND canteen.year = :year AND canteen.mode = 'SHARED_REP')
"""


def _conditions(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    conditions, values = [], dict[str, Any]()
    if filters.wanted:
        conditions.append("(unit.name ILIKE :pattern OR unit.uscc ILIKE :pattern OR unit.union_uscc ILIKE :pattern)")
        values["pattern"] = pattern_of(filters.wanted)
    for name in ("status", "kind", "parent_id"):
        if getattr(filters, name) is not None:
            conditions.append(f"unit.{name} = :{name}")
            values[name] = getattr(filters, name)
    if filters.county:
        conditions.append("starts_with(unit.county_code, :county)")
        values["county"] = filters.county
    if filters.is_activated is not None:
        conditions.append("(unit.organisation_id IS NOT NULL) = :is_activated")
        values["is_activated"] = filters.is_activated
    return conditions, values


def pattern_of(wanted: str) -> str:
    """What ILIKE takes for a part of a text."""
    part = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{part}%"
