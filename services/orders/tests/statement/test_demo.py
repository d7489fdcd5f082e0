"""The demo's week of statements: loaded once, agreeing but for the few things that it wants to show."""

from datetime import timedelta

from sqlalchemy import text

from deploy.demo.statements import DAYS, load_statements
from services.orders.tests.statement.test_actions import paid
from shared.clock import business_day, utc_now
from shared.db import Database

FOUND = text("""
    SELECT kind, state FROM statement_differences JOIN statements USING (statement_id) ORDER BY business_on DESC, kind
""")


async def test_the_demos_week_shows_each_kind_of_work_and_is_loaded_once(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        for back in range(1, 5):
            payment_id, _ = await paid(db)
            paid_at = now - timedelta(days=back)
            values = {"id": payment_id, "paid_at": paid_at}
            await db.execute(text("UPDATE payments SET paid_at = :paid_at WHERE payment_id = :id"), values)
    for _ in range(2):
        advanced: list[int] = []
        await load_statements(fresh_database, now=now, advance=advanced.append)
        assert sum(advanced) == DAYS
    async with fresh_database.read() as db:
        assert [tuple(row) for row in await db.execute(FOUND)] == [
            ("MISSING_THERE", "OPEN"),
            ("MISSING_HERE", "OPEN"),
            ("FEE", "EXPLAINED"),
        ]
        days = list(await db.scalars(text("SELECT business_on FROM statements ORDER BY business_on")))
    assert days == [business_day(now) - timedelta(days=back) for back in range(DAYS, 0, -1)]
