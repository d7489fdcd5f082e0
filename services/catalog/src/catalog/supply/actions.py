"""Writing the supply register: by hand, entry by entry, and by import, thousands at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees, oversees
from catalog.product import data as product_data
from catalog.region import queries as region_queries
from catalog.supplier import queries as supplier_queries
from catalog.supply import data, queries, rules
from catalog.supply.models import SupplyEntry
from catalog.supply.rules import SupplyFacts
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict, Forbidden
from shared.etag import ensure_fresh
from shared.ids import new_id

Outcome = Literal["created", "changed", "unchanged"]
SUBJECT = "supply-entry"

_KEY = ("county_code", "township", "village", "enterprise", "product_name", "year")
_FACTS = tuple(name for name in rules.FACT_NAMES if name not in (*_KEY, "sold_g"))
_TYPES = {
    "year": "smallint",
    "scale_value": "numeric(12, 2)",
    "yearly_output_g": "bigint",
    "season_from_month": "smallint",
    "season_to_month": "smallint",
    "price_from_fen": "integer",
    "price_to_fen": "integer",
    "operator_supplier_id": "uuid",
    "is_contact_public": "boolean",
    "expected_persons_count": "integer",
    "sold_g": "bigint",
    "entry_id": "uuid",
}
_ROW = (*_KEY, *_FACTS, "sold_g", "entry_id", "status")
_UPSERT = """
    INSERT INTO supply_entries AS entry
        ({columns}, sold_g, entry_id, status, organisation_id, created_at, changed_at)
    SELECT {columns}, coalesce(sold_g, 0), entry_id, status, CAST(:organisation_id AS uuid), :now, :now
    FROM {source}
    ORDER BY {key}
    ON CONFLICT ({key}) DO UPDATE
        SET ({facts}, sold_g, status, status_reason, revision, changed_at)
            = ROW ({new_facts}, {sold}, excluded.status, '', entry.revision + 1, excluded.changed_at)
        WHERE ({old_facts}, entry.sold_g) IS DISTINCT FROM ({new_facts}, {sold})
            OR (excluded.status = 'CONFIRMED' AND entry.status <> 'CONFIRMED')
    RETURNING new.entry_id, old.status AS from_status, new.status AS to_status, {returned_key}
"""


_GIVEN = "jsonb_to_recordset(CAST(:rows AS jsonb)) AS row ({typed})".format(
    typed=", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _ROW)
)


def _upsert_sql(*, keeps_sold: bool, source: str = _GIVEN) -> str:
    return _UPSERT.format(
        source=source,
        columns=", ".join((*_KEY, *_FACTS)),
        key=", ".join(_KEY),
        facts=", ".join(_FACTS),
        new_facts=", ".join(f"excluded.{name}" for name in _FACTS),
        old_facts=", ".join(f"entry.{name}" for name in _FACTS),
        sold="entry.sold_g" if keeps_sold else "excluded.sold_g",
        returned_key=", ".join(f"new.{name}" for name in _KEY),
    )


_UPSERTS = {keeps_sold: text(_upsert_sql(keeps_sold=keeps_sold)) for keeps_sold in (True, False)}


async def upsert_entry(db: AsyncSession, facts: Mapping[str, Any], *, caller: Caller, now: datetime) -> Outcome:
    """Enter or change one entry by its natural key (county, township, village or enterprise, product, year).

    `facts` has the fields of `rules.SupplyFacts`. Refuses as `rules.checked` does, and 422 `county-unknown`; 403 where
    the caller may not enter this. Run beside itself it enters once.
    """
    found = await upsert_entries(db, [facts], caller=caller, now=now)
    return found[0]


async def upsert_entries(
    db: AsyncSession,
    entries: Sequence[Mapping[str, Any]],
    *,
    caller: Caller,
    now: datetime,
    next_id: Callable[[], UUID] = new_id,
) -> list[Outcome]:
    """The same for many at once, one outcome an entry. What the county's agriculture bureau enters is confirmed, what
    anybody else enters is submitted to it. Of entries with the same key the later one counts."""
    checked = [await check_entry(db, each, caller=caller) for each in entries]
    outcomes: list[Outcome] = ["unchanged"] * len(checked)
    left = list(enumerate(checked))
    while left:
        taken: dict[tuple[Any, ...], tuple[int, SupplyFacts]] = {}
        later = []
        for number, facts in left:
            if facts.key in taken:
                later.append((number, facts))
            else:
                taken[facts.key] = (number, facts)
        for is_kept in (True, False):
            part = [each for each in taken.values() if (each[1].sold_g is None) is is_kept]
            await _upsert(db, part, outcomes, keeps_sold=is_kept, caller=caller, now=now, next_id=next_id)
        left = later
    return outcomes


async def _upsert(
    db: AsyncSession,
    part: Sequence[tuple[int, SupplyFacts]],
    outcomes: list[Outcome],
    *,
    keeps_sold: bool,
    caller: Caller,
    now: datetime,
    next_id: Callable[[], UUID],
) -> None:
    if not part:
        return
    numbers = {facts.key: number for number, facts in part}
    rows = [
        asdict(facts) | {"entry_id": next_id(), "status": _status_for(caller, facts.county_code)} for _, facts in part
    ]
    written = await db.execute(
        _UPSERTS[keeps_sold],
        {"rows": orjson.dumps(rows, default=str).decode(), "organisation_id": caller.organisation_id, "now": now},
    )
    moves = []
    for row in written:
        key = tuple(getattr(row, name) for name in _KEY)
        outcomes[numbers[key]] = "created" if row.from_status is None else "changed"
        moves.append((row.entry_id, row.from_status or "", row.to_status))
    await trail_actions.record_each(db, moves, subject_kind=SUBJECT, verb="import", caller=caller, now=now)


def _staged(staged: str) -> str:
    """Whole rows of a statement that gives the facts of entries, whatever the order of its columns."""
    facts = f"({staged}) AS facts"
    return f"(SELECT facts.*, uuidv7() AS entry_id, CAST(:status AS text) AS status FROM {facts}) AS row"  # noqa: S608


@cache
def _staged_sql(staged: str) -> TextClause:
    kept = _upsert_sql(keeps_sold=True, source=_staged("SELECT * FROM staged WHERE sold_g IS NULL"))
    told = _upsert_sql(keeps_sold=False, source=_staged("SELECT * FROM staged WHERE sold_g IS NOT NULL"))
    moves = "SELECT entry_id, from_status, to_status FROM"
    return text(
        f"WITH staged AS MATERIALIZED ({staged}), kept AS ({kept}), told AS ({told}) "
        f"{moves} kept UNION ALL {moves} told"
    )


async def upsert_staged(
    db: AsyncSession, staged: str, values: Mapping[str, Any], *, caller: Caller, now: datetime
) -> tuple[int, int]:
    """The same for rows that are in the database already, each of which passed `rules.checked` and names a county of
    today that the caller oversees; no key twice. `staged` is a SELECT of the facts, `values` its parameters. How many
    entries are new and how many changed."""
    given = {**values, "organisation_id": caller.organisation_id, "now": now, "status": _status_of_all(caller)}
    moves = [
        (row.entry_id, row.from_status or "", row.to_status) for row in await db.execute(_staged_sql(staged), given)
    ]
    await trail_actions.record_each(db, moves, subject_kind=SUBJECT, verb="import", caller=caller, now=now)
    created = sum(1 for _, before, _ in moves if not before)
    return created, len(moves) - created


@cache
def _difference_sql(staged: str) -> TextClause:
    facts = ", ".join(f"staged.{name}" for name in _FACTS)
    stored = ", ".join(f"entry.{name}" for name in _FACTS)
    return text(f"""
        WITH staged AS ({staged})
        SELECT count(*) AS total, count(*) FILTER (WHERE entry.entry_id IS NULL) AS new,
            count(*) FILTER (WHERE entry.entry_id IS NOT NULL AND (
                ({stored}, entry.sold_g) IS DISTINCT FROM ({facts}, coalesce(staged.sold_g, entry.sold_g))
                OR (CAST(:status AS text) = 'CONFIRMED' AND entry.status <> 'CONFIRMED'))) AS changed
        FROM staged LEFT JOIN supply_entries AS entry USING ({", ".join(_KEY)})
    """)  # noqa: S608 - our own pieces


async def count_differences(
    db: AsyncSession, staged: str, values: Mapping[str, Any], *, caller: Caller
) -> tuple[int, int, int]:
    """What `upsert_staged` would do now: how many rows there are, how many are new, how many change an entry."""
    given = {**values, "status": _status_of_all(caller)}
    row = (await db.execute(_difference_sql(staged), given)).one()
    return row.total, row.new, row.changed


async def check_entry(db: AsyncSession, given: Mapping[str, Any], *, caller: Caller) -> SupplyFacts:
    """What an entry would say: today's county, plain names. Refuses as `upsert_entry` does and writes nothing."""
    facts = rules.checked(given, categories=product_data.categories(), units=data.scale_units())
    county = await region_queries.get_county_code(db, facts.county_code, field="county_code")
    facts = replace(facts, county_code=county)
    _ensure_may_enter(caller, facts)
    if facts.operator_supplier_id is not None:
        supplier = await supplier_queries.get_supplier(db, facts.operator_supplier_id)
        facts = replace(facts, operator_name=facts.operator_name or supplier.name)
    return facts


async def create_entry(
    db: AsyncSession, *, entry_id: UUID, given: Mapping[str, Any], caller: Caller, now: datetime
) -> SupplyEntry:
    """A draft. Refuses as `check_entry`; 409 `supply-exists` where the same is entered for the year already."""
    facts = await check_entry(db, given, caller=caller)
    entry = SupplyEntry(
        entry_id=entry_id,
        **_columns(facts),
        sold_g=facts.sold_g or 0,
        status="DRAFT",
        status_reason="",
        organisation_id=caller.organisation_id,
        revision=1,
        created_at=now,
        changed_at=now,
    )
    await _save_new(db, entry)
    await _record(db, entry, "create", "", caller, now)
    return entry


async def edit_entry(
    db: AsyncSession,
    *,
    entry_id: UUID,
    expected_revision: int,
    given: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> SupplyEntry:
    """Replace what a draft, or an entry that was returned, says; what was sold stays. Refuses as `create_entry`; 409
    `supply-status` for one that was submitted or confirmed."""
    entry = await queries.lock_entry(db, entry_id, caller=caller)
    ensure_may_keep(caller, entry)
    ensure_fresh(expected_revision, entry.revision)
    rules.ensure_editable(entry.status)
    facts = await check_entry(db, given, caller=caller)
    for name, value in _columns(facts).items():
        setattr(entry, name, value)
    entry.revision += 1
    entry.changed_at = now
    await _save_new(db, entry)
    await _record(db, entry, "edit", entry.status, caller, now)
    return entry


async def move_entry(
    db: AsyncSession,
    *,
    entry_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
    reason: str = "",
) -> SupplyEntry:
    """`submit` and `reopen` (who keeps the entry), `confirm` and `return` (the county's agriculture bureau)."""
    entry = await queries.lock_entry(db, entry_id, caller=caller)
    if verb in ("confirm", "return"):
        ensure_oversees(caller, entry.county_code, "agriculture")
    else:
        ensure_may_keep(caller, entry)
    ensure_fresh(expected_revision, entry.revision)
    before = entry.status
    entry.status = rules.status_after(verb, before)
    entry.status_reason = reason
    entry.revision += 1
    entry.changed_at = now
    await db.flush()
    await _record(db, entry, verb, before, caller, now, reason)
    return entry


async def record_sales(
    db: AsyncSession, *, entry_id: UUID, expected_revision: int, sold_g: int, caller: Caller, now: datetime
) -> SupplyEntry:
    """How much was sold so far this year, in grams: a total, not an addition. The state stays."""
    entry = await queries.lock_entry(db, entry_id, caller=caller)
    ensure_may_keep(caller, entry)
    ensure_fresh(expected_revision, entry.revision)
    entry.sold_g = sold_g
    entry.revision += 1
    entry.changed_at = now
    await db.flush()
    await _record(db, entry, "record-sales", entry.status, caller, now, f"{sold_g} g")
    return entry


def may_keep(caller: Caller | None, entry: SupplyEntry) -> bool:
    """Whether the caller works on this entry: officials of its region, the supplier that runs it, operators."""
    if oversees(caller, entry.county_code, "township", "agriculture", "assistance"):
        return True
    own = caller.organisation_id if caller is not None and caller.kind == "supplier" else None
    return own is not None and own == entry.operator_supplier_id


def ensure_may_keep(caller: Caller, entry: SupplyEntry) -> None:
    """403 `not-your-entry`, or why an official may not."""
    if not may_keep(caller, entry):
        if caller.kind == "official":
            ensure_oversees(caller, entry.county_code, "township", "agriculture", "assistance")
        raise Forbidden("Only who keeps this entry may do this.", code="not-your-entry")


def _ensure_may_enter(caller: Caller, facts: SupplyFacts) -> None:
    is_own = caller.kind == "supplier" and caller.organisation_id is not None
    if is_own and facts.operator_supplier_id == caller.organisation_id and facts.enterprise:
        return
    ensure_oversees(caller, facts.county_code, "township", "agriculture", "assistance")


def _status_for(caller: Caller, county_code: str) -> str:
    return "CONFIRMED" if oversees(caller, county_code, "agriculture") else "SUBMITTED"


def _status_of_all(caller: Caller) -> str:
    """The state of what is entered anywhere in the caller's regions."""
    return _status_for(caller, caller.regions[0] if caller.regions else "")


def _columns(facts: SupplyFacts) -> dict[str, Any]:
    return {each.name: getattr(facts, each.name) for each in fields(facts) if each.name != "sold_g"}


async def _save_new(db: AsyncSession, entry: SupplyEntry) -> None:
    try:
        async with db.begin_nested():
            db.add(entry)
            await db.flush()
    except IntegrityError as error:
        if "uq_supply_entries_holder_product_year" not in str(error.orig):
            raise
        raise Conflict(
            "This village or enterprise has this product in the register for the year already: edit that entry.",
            code="supply-exists",
            field="product_name",
        ) from error


async def _record(
    db: AsyncSession, entry: SupplyEntry, verb: str, before: str, caller: Caller, now: datetime, reason: str = ""
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=entry.entry_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=entry.status,
        reason=reason,
    )
