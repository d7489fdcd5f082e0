"""Rosters of holiday gifts of 1,000, 10,000 and 100,000 members: read from xlsx and taken in, one transaction each."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import perf_counter
from uuid import UUID, uuid4

import asyncpg
import xlsxwriter
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.tables import demo_id
from orders.gift_campaign import actions as campaign_actions
from orders.gift_campaign import moving
from orders.gift_campaign.rules import Plan
from orders.gift_member import actions
from orders.gift_member.models import GiftRosterFile
from orders.gift_member.rules import COLUMNS, FileRow
from orders.gift_member.sheet import read_rows
from orders.unit import queries as unit_queries
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.direct import driver_connection
from shared.ids import new_id
from tests.bench.measurement import Figures
from tests.bench.meter import Row, own_work, row_at_most
from tests.bench.stage import Stage

SIZES = (1_000, 10_000, 100_000)
DATABASE = "zhunong_orders"
YEAR = 2090  # no gift of the demo lies there
_FORGET = (
    "DELETE FROM gift_entitlements WHERE year = 2090",
    "DELETE FROM gift_member_years WHERE year = 2090",
    "DELETE FROM gift_members WHERE campaign_id IN (SELECT campaign_id FROM gift_campaigns WHERE year = 2090)",
    "DELETE FROM gift_roster_files WHERE campaign_id IN (SELECT campaign_id FROM gift_campaigns WHERE year = 2090)",
    "DELETE FROM gift_campaigns WHERE year = 2090",
)


@dataclass(frozen=True)
class Taken:
    """What a roster took: reading the sheet, its transaction, the CPU of both; and what COPY of its members takes."""

    read_seconds: float
    import_seconds: float
    cpu_ms: float
    copy_seconds: float


class GiftRosters:
    """Through the service's own code in this process, into the demo's school."""

    name = "gifts"

    async def prepare(self, stage: Stage) -> None:
        """Nothing of an earlier run is left."""
        await _forget(stage)

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Each size into a campaign of its own, the smallest as often as makes ten thousand members."""
        database = Database(stage.dsn("orders"), pool_size=1)
        figures: dict[str, float] = {}
        try:
            await _take(
                stage, database, stage.scaled(SIZES[0])
            )  # the connection and its first statements are not measured
            for size in SIZES:
                count, turns = stage.scaled(size), max(1, SIZES[1] // size)
                taken = [await _take(stage, database, count) for _ in range(turns)]
                figures[f"read_us_{size}"] = 1e6 * sum(each.read_seconds for each in taken) / (turns * count)
                figures[f"import_us_{size}"] = 1e6 * sum(each.import_seconds for each in taken) / (turns * count)
                figures[f"cpu_us_{size}"] = 1e3 * sum(each.cpu_ms for each in taken) / (turns * count)
                figures[f"copy_us_{size}"] = 1e6 * sum(each.copy_seconds for each in taken) / (turns * count)
                figures[f"seconds_{size}"] = sum(each.read_seconds + each.import_seconds for each in taken) / turns
        finally:
            await database.dispose()
            await _forget(stage)
        return figures

    def rows(self, medians: Figures) -> list[Row]:
        """How long ten thousand take, and how the time of one member grows with their number."""
        one = [medians[f"read_us_{size}"] + medians[f"import_us_{size}"] for size in SIZES]
        growth = max(
            each / min(one[: place + 1]) for place, each in enumerate(one)
        )  # a small roster's fixed part is none
        parts = (
            f"read {medians['read_us_10000']:.0f} + import {medians['import_us_10000']:.0f} µs a member;"
            f" COPY of the same members {medians['copy_us_10000']:.0f} µs"
        )
        told = ", ".join(
            f"{each:.0f} µs ({medians[f'cpu_us_{size}']:.0f} of CPU) at {size:,}"
            for each, size in zip(one, SIZES, strict=True)
        )
        return [
            row_at_most(
                "gift roster of 10,000 members",
                medians["seconds_10000"],
                "s",
                5.0,
                parts,
                one[1] / medians["copy_us_10000"],
            ),
            row_at_most("gift roster, a member's time as it grows", growth, "×", 1.2, told),
        ]


async def _take(stage: Stage, database: Database, count: int) -> Taken:
    campaign_id = await _campaign(database, count)
    with NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(_workbook(count))
        file.flush()
        with own_work(stage.postmaster, DATABASE) as reading:
            rows = read_rows(Path(file.name))
    with own_work(stage.postmaster, DATABASE) as importing:
        found = await _import(database, campaign_id, rows)
    if found.taken_count != count:
        raise RuntimeError(f"of {count} members {found.taken_count} were taken")
    cpu_ms = reading.app_ms + importing.app_ms + importing.database_ms
    async with AsyncSession(database.engine) as db:  # whose end undoes it
        copied = await copy_seconds(db, "gift_members", campaign_id)
    return Taken(reading.seconds, importing.seconds, cpu_ms, copied)


async def copy_seconds(db: AsyncSession, table: str, campaign_id: UUID) -> float:
    """Seconds of COPY of the campaign's rows of this table into an empty one with the same indexes and checks."""
    driver, rows = await driver_connection(db), io.BytesIO()
    await driver.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
    found = f"SELECT * FROM {table} WHERE campaign_id = '{campaign_id}'"  # noqa: S608 - our own names
    await driver.copy_from_query(found, output=rows, format="binary")
    rows.seek(0)
    started = perf_counter()
    await driver.copy_to_table(f"bench_{table}", source=rows, format="binary")
    return perf_counter() - started


async def _import(database: Database, campaign_id: UUID, rows: list[FileRow]) -> GiftRosterFile:
    async with database.begin() as db:
        found, _ = await actions.import_roster(
            db,
            file_id=new_id(),
            campaign_id=campaign_id,
            name="bench.xlsx",
            digest=campaign_id.bytes,
            rows=rows,
            person_id=uuid4(),
            now=utc_now(),
            new_id=new_id,
        )
    return found


def a_plan(count: int, *, now: datetime) -> Plan:
    """Gifts for so many, claimed by code from a week ahead on."""
    first = business_day(now)
    return Plan(
        name="bench",
        holiday_codes=("MID_AUTUMN",),
        year=YEAR,
        per_head_fen=100,
        planned_count=count,
        budget_fen=100 * count,
        roster_cutoff_on=first,
        mode="CLAIM_CODE",
        lot_address=None,
        publicity_from_on=first,
        publicity_until_on=first + timedelta(days=5),
        claim_from_at=now + timedelta(days=7),
        claim_until_at=now + timedelta(days=9),
        unclaimed_rule="RELEASE",
    )


async def _campaign(database: Database, count: int) -> UUID:
    now, person_id = utc_now(), uuid4()
    plan = a_plan(count, now=now)
    async with database.begin() as db:
        unit = await unit_queries.get_unit(db, demo_id("unit", "canteen"))
        campaign = await campaign_actions.draft_campaign(
            db, campaign_id=new_id(), unit=unit, plan=plan, person_id=person_id, now=now
        )
        for verb in ("submit", "approve"):
            await moving.move_on(db, campaign, verb, person_id=person_id, now=now)
    return campaign.campaign_id


def _workbook(count: int) -> bytes:
    """As a union sends it; members of every size have numbers of their own."""
    content, mark = io.BytesIO(), uuid4().hex[:8]
    with xlsxwriter.Workbook(content, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [each.zh for each in COLUMNS])
        for number in range(1, count + 1):
            cells = (
                f"{mark}{number:06d}",
                f"会员{number}",
                f"车间{number % 40}",
                "13800000000",
                "2020-09-01",
                "在册",
                "",
            )
            sheet.write_row(number, 0, cells)
    return content.getvalue()


async def _forget(stage: Stage) -> None:
    connection = await asyncpg.connect(stage.dsn("orders"))
    try:
        async with connection.transaction():
            for statement in _FORGET:
                await connection.execute(statement)
    finally:
        await connection.close()
