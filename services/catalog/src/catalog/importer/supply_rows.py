"""Imported rows and the supply register."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.importer.writer import STEP_ROWS, Faults, Outcome, Span, count_good, learn_growth
from catalog.supply import actions as supply_actions
from shared.auth import Caller

_STAGED = """
    SELECT row.county_code, row.township, row.village, row.enterprise, row.product_name, row.category, row.year,
        row.scale_value, row.scale_unit, row.yearly_output_g, row.season_from_month, row.season_to_month,
        row.price_from_fen, row.price_to_fen, operator.supplier_id AS operator_supplier_id,
        coalesce(nullif(row.operator_name, ''), operator.name, '') AS operator_name, row.contact,
        row.is_contact_public, row.expected_persons_count, row.sold_g
    FROM import_rows AS staged
    CROSS JOIN LATERAL jsonb_to_record(staged."values") AS row (
        county_code text, township text, village text, enterprise text, product_name text, category text,
        year smallint, scale_value numeric(12, 2), scale_unit text, yearly_output_g bigint,
        season_from_month smallint, season_to_month smallint, price_from_fen integer, price_to_fen integer,
        operator_uscc text, operator_name text, contact text, is_contact_public boolean,
        expected_persons_count integer, sold_g bigint)
    LEFT JOIN suppliers AS operator ON row.operator_uscc <> '' AND operator.uscc = row.operator_uscc
    WHERE staged.batch_id = :batch_id AND staged.row_number > :after AND staged.row_number <= :last
        AND staged.faults IS NULL AND (row.operator_uscc = '' OR operator.supplier_id IS NOT NULL)
"""
_UNKNOWN = text("""
    SELECT row_number, "values" ->> 'operator_uscc' AS uscc FROM import_rows
    WHERE batch_id = :batch_id AND row_number > :after AND row_number <= :last AND faults IS NULL
        AND "values" ->> 'operator_uscc' <> ''
        AND NOT EXISTS (SELECT FROM suppliers WHERE suppliers.uscc = "values" ->> 'operator_uscc')
""")


class SupplyRows:
    """The rules are `supply.rules.checked`, kept row by row while reading, and `supply.actions.upsert_staged`."""

    step_rows = STEP_ROWS

    async def judge(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:  # noqa: ARG002
        """New, changed and unchanged entries; rows whose operator is no supplier."""
        await learn_growth(db, ("supply_entries",))
        faults = await self._unknown_operators(db, span)
        total, new, changed = await supply_actions.count_differences(db, _STAGED, span.rows, caller=caller)
        return Outcome(new, changed, total - new - changed, faults)

    async def write(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:
        """Upsert by the register's natural key."""
        faults = await self._unknown_operators(db, span)
        total = await count_good(db, span) - len(faults)
        new, changed = await supply_actions.upsert_staged(db, _STAGED, span.rows, caller=caller, now=now)
        return Outcome(new, changed, total - new - changed, faults)

    async def _unknown_operators(self, db: AsyncSession, span: Span) -> Faults:
        return {
            row.row_number: [
                {"column": "operator_uscc", "head": "", "letter": "", "value": row.uscc, "code": "supplier-unknown"}
            ]
            for row in await db.execute(_UNKNOWN, span.rows)
        }
