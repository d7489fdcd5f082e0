"""A register that a property may fill as often as it likes: each example's rows are rolled back."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import text

from catalog.harvest import queries
from catalog.harvest.queries import Scope
from shared.db import Database

_ENTRY = text("""
    INSERT INTO supply_entries (entry_id, county_code, township, village, product_name, category, year, scale_value,
        scale_unit, yearly_output_g, season_from_month, season_to_month, price_from_fen, price_to_fen, sold_g, status,
        created_at, changed_at)
    VALUES (gen_random_uuid(), '420325', '军店镇', :village, '香菇', 'mushroom', 2026, :scale, 'mu', :output_g, :first,
        :last, 1, 1, :sold_g, 'CONFIRMED', now(), now())
""")
_REPORT = text("""
    INSERT INTO survey_reports (report_id, county_code, township, village, product_name, category, year, period,
        quantity_g, until_on, office_name, reported_at)
    VALUES (gen_random_uuid(), '420325', '军店镇', :village, '香菇', 'mushroom', 2026, '2026-11', :quantity_g,
        '2027-01-31', '工作队', now())
""")


@pytest.fixture
def sums(database_url):
    """What the database sums up for entries of (output, sold, counted as left or None, first month, last month)."""

    async def summed(entries):
        database = Database(database_url, pool_size=1)
        try:
            async with database.engine.connect() as connection:
                outer = await connection.begin()
                for number, (output_g, sold_g, remaining_g, first, last) in enumerate(entries):
                    village = f"{number}村"
                    values = {"output_g": output_g, "sold_g": sold_g, "first": first, "last": last}
                    await connection.execute(_ENTRY, values | {"village": village, "scale": Decimal(1)})
                    if remaining_g is not None:
                        await connection.execute(_REPORT, {"village": village, "quantity_g": remaining_g})
                rows = await queries.list_months(connection, Scope(2026))
                await outer.rollback()
                return {row["month"]: row["unsold_g"] for row in rows}
        finally:
            await database.dispose()

    loop = asyncio.new_event_loop()
    yield lambda entries: loop.run_until_complete(summed(entries))
    loop.close()
