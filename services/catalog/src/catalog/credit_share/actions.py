"""Taking a shared list: each line once, each hit an event of the supplier."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import oversees
from catalog.credit import actions as credit_actions
from catalog.credit import data
from catalog.credit.rules import SUPERVISORS
from catalog.credit_share import queries, rules
from catalog.credit_share.models import CreditShareLine
from catalog.supplier import queries as supplier_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.ids import new_id

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('credit-share:' || :source, 0))")


Outcome = Literal["known", "new", "hit"]


@dataclass(frozen=True)
class Taken:
    """What became of a file, line by line: `known` before, `new` to us, or a `hit`: one that names a supplier."""

    outcomes: list[tuple[rules.Line, Outcome]]
    hits: list[CreditShareLine]


async def import_shared(db: AsyncSession, *, source: str, content: bytes, caller: Caller, now: datetime) -> Taken:
    """Take another authority's list. A line that was taken before changes nothing; one that names a supplier whom the
    caller oversees is a hit and counts as an event. Files of one source wait for each other.

    422 `file-unreadable`, `share-head-invalid`, `share-lines-invalid`, `file-too-long`.
    """
    lines = rules.read_lines(content, {each.zh: name for name, each in data.lists().items()})
    await db.execute(_ALONE, {"source": source})
    known = await queries.list_known(db, source, {each.uscc for each in lines})
    found = await supplier_queries.list_suppliers_by_uscc(db, {each.uscc for each in lines})
    hits: list[CreditShareLine] = []
    outcomes: list[tuple[rules.Line, Outcome]] = []
    for line in lines:
        key = (line.uscc, line.list, line.document_number)
        if key in known:
            outcomes.append((line, "known"))
            continue
        known.add(key)
        supplier = found.get(line.uscc)
        is_hit = supplier is not None and oversees(caller, supplier.county_code, *SUPERVISORS)
        stored = CreditShareLine(
            line_id=new_id(),
            source=source,
            **{name: value for name, value in vars(line).items() if name != "number"},
            supplier_id=supplier.supplier_id if supplier and is_hit else None,
            county_code=supplier.county_code if supplier and is_hit else "",
            imported_at=now,
        )
        db.add(stored)
        await db.flush()
        outcomes.append((line, "hit" if is_hit else "new"))
        if supplier is not None and is_hit:
            hits.append(stored)
            await credit_actions.report_event(
                db,
                event_id=new_id(),
                supplier_id=supplier.supplier_id,
                kind="shared_list" if data.lists()[line.list].is_adverse else "commended",
                source="import",
                reference=f"{source} {line.document_number} {line.list}",
                summary=line.reason,
                occurred_on=min(line.starts_on, business_day(now)),
                caller=caller,
                now=now,
            )
    return Taken(outcomes=outcomes, hits=hits)
