"""The practice provider's statements of a week: what the demo's past paid, and a few things that do not agree."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import OPERATOR
from deploy.demo.tables import demo_id
from deploy.payment_sandbox.day_statement import Line, write_statement
from orders.statement import actions, queries
from shared.clock import business_day, day_range
from shared.db import Database

DAYS: Final = 7
_PAID = text("""
    SELECT payment_id, transaction_id, captured_fen, paid_at FROM payments
    WHERE provider = 'sandbox' AND status = 'PAID' AND paid_at >= :day_start AND paid_at < :day_end
    ORDER BY paid_at, payment_id
""")


async def load_statements(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """One statement a day, each in a transaction of its own; days that are there already are left as they are."""
    today = business_day(now)
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    async with database.read() as db:
        missing = await queries.list_missing_days(db, "sandbox", days)
    for day in days:
        if day in missing:
            async with database.begin() as db:
                statement_id = await _take(db, day, age=(today - day).days, now=now)
                if (today - day).days == _EXPLAINED_AGE:
                    await _explain(db, statement_id, now=now)
        advance(1)


_MISSING_THERE_AGE: Final = 1
_MISSING_HERE_AGE: Final = 2
_EXPLAINED_AGE: Final = 3


async def _take(db: AsyncSession, day: date, *, age: int, now: datetime) -> UUID:
    day_start, day_end = day_range(day)
    rows = await db.execute(_PAID, {"day_start": day_start, "day_end": day_end})
    lines = [
        Line(
            at=row.paid_at, transaction_id=row.transaction_id, out_trade_no=row.payment_id.hex, amount=row.captured_fen
        )
        for row in rows
    ]
    with tempfile.TemporaryDirectory(prefix="statement-") as folder:
        path = Path(folder) / "statement.csv"
        path.write_bytes(write_statement(_disturbed(lines, day_start, age), appid="wx-demo", mchid="1900000000"))
        taken = await actions.take_statement(
            db,
            path,
            statement_id=demo_id("statement", str(day)),
            provider="sandbox",
            business_on=day,
            file_name=f"sandbox-{day}.csv",
            source="DOWNLOADED",
            taken_by=None,
            now=now,
        )
    return taken.statement_id


def _disturbed(lines: list[Line], day_start: datetime, age: int) -> list[Line]:
    """Yesterday a payment is missing in the file, the day before one more than we know of is in it, and before that
    the provider kept more than its rate."""
    if age == _MISSING_THERE_AGE:
        return lines[1:]
    if age == _MISSING_HERE_AGE:
        number = demo_id("payment", "nobody's").hex
        stranger = Line(
            at=day_start + timedelta(hours=9), transaction_id="4200000000", out_trade_no=number, amount=2980
        )
        return [*lines, stranger]
    if age == _EXPLAINED_AGE and lines:
        return [replace(lines[0], fee=Decimal(lines[0].amount) / 100 * Decimal("0.01")), *lines[1:]]
    return lines


async def _explain(db: AsyncSession, statement_id: UUID, *, now: datetime) -> None:
    found = await queries.list_differences(db, statement_id, kind="FEE", state="OPEN", q="", after=None, limit=1)
    for row in found:
        await actions.move_difference(
            db,
            difference_id=row.difference_id,
            verb="explain",
            reason="该笔为信用卡付款，渠道按 1% 收费；已问过渠道客户经理。",
            expected_revision=row.revision,
            decided_by=OPERATOR.person_id,
            now=now,
        )
