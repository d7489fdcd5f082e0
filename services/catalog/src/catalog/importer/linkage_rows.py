"""Imported rows and linkages. A linkage is a small matter with many rules, so each row goes through the action that a
person's entry goes through; files of linkages have hundreds of rows, not thousands."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.importer.writer import Faults, Outcome, Span
from catalog.linkage import actions, queries
from catalog.linkage.actions import Entry, Household, Income
from catalog.supplier import queries as supplier_queries
from shared.auth import Caller
from shared.errors import Refusal

_ROWS = text("""
    SELECT row_number, "values" AS given FROM import_rows
    WHERE batch_id = :batch_id AND row_number > :after AND row_number <= :last AND faults IS NULL
    ORDER BY row_number
""")


class LinkageRows:
    """New linkages are drafts. What is confirmed takes a further year's income and nothing else."""

    step_rows = 100

    async def judge(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:
        """Write the span, see what happened, and take it back."""
        trial = await db.begin_nested()
        try:
            return await self.write(db, span, caller=caller, now=now)
        finally:
            await trial.rollback()

    async def write(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:
        """Row by row, the supplier held first; a row that the rules refuse leaves nothing behind."""
        if span.supplier_id is None:
            raise ValueError("linkages belong to a supplier")
        await supplier_queries.lock_supplier(db, span.supplier_id)
        counts = {"created": 0, "changed": 0, "unchanged": 0}
        faults: Faults = {}
        for row in (await db.execute(_ROWS, span.rows)).all():
            try:
                async with db.begin_nested():
                    done = await _put(db, row.given, supplier_id=span.supplier_id, caller=caller, now=now)
            except Refusal as refusal:
                faults[row.row_number] = [_fault(refusal, row.given)]
            else:
                counts[done] += 1
        return Outcome(counts["created"], counts["changed"], counts["unchanged"], faults)


async def _put(
    db: AsyncSession, given: Mapping[str, Any], *, supplier_id: UUID, caller: Caller, now: datetime
) -> Literal["created", "changed", "unchanged"]:
    place = await actions.place_of(
        db, county_code=given["county_code"], township=given["township"], village=given["village"]
    )
    from_on = date.fromisoformat(given["from_on"])
    income = Income(given["year"], given["wage_fen"], given["asset_fen"], given["operating_fen"])
    found = await queries.find_entry(
        db,
        supplier_id=supplier_id,
        way=given["way"],
        county_code=place.county_code,
        township=place.township,
        village=place.village,
        from_on=from_on,
    )
    entry = Entry(
        way=given["way"],
        county_code=given["county_code"],
        township=given["township"],
        village=given["village"],
        from_on=from_on,
        until_on=date.fromisoformat(given["until_on"]) if given["until_on"] else None,
        incomes=(income,),
        note=given["note"],
    )
    if found is None:
        return await actions.upsert_linkage(db, supplier_id=supplier_id, entry=entry, caller=caller, now=now)
    kept = await queries.list_incomes(db, found.linkage_id)
    known = {each.year: Income(each.year, each.wage_fen, each.asset_fen, each.operating_fen) for each in kept}
    if found.status == "CONFIRMED" and (found.until_on, found.note) == (entry.until_on, entry.note):
        if known.get(income.year) == income:
            return "unchanged"
        await actions.set_income(db, linkage_id=found.linkage_id, income=income, caller=caller, now=now)
        return "changed"
    homes = await queries.list_households(db, found.linkage_id)
    whole = Entry(
        **{
            **entry.__dict__,
            "households": tuple(Household(each.household_key, each.person_count) for each in homes),
            "incomes": tuple({**known, income.year: income}.values()),
            "agreement_document_id": found.agreement_document_id,
        }
    )
    return await actions.upsert_linkage(db, supplier_id=supplier_id, entry=whole, caller=caller, now=now)


def _fault(refusal: Refusal, given: Mapping[str, Any]) -> dict[str, Any]:
    field = refusal.field if refusal.field is not None and refusal.field in given else "village"
    return {
        "column": field,
        "head": "",
        "letter": "",
        "value": str(given[field] or ""),
        "code": refusal.code,
        "message": refusal.message,
    }
