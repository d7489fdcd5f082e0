"""What the county's desks hold in the demo: demand to set against the harvest, another authority's credit list, and two
imports, one written and one with rows to correct. The files go through the importer itself. All invented."""

import asyncio
import csv
import hashlib
import io
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.credit_share import actions as share_actions
from catalog.credit_share.rules import HEAD
from catalog.demand import actions as demand_actions
from catalog.import_batch import actions as import_actions
from catalog.import_batch import queries as import_queries
from catalog.import_batch.actions import Upload
from catalog.importer.working import Workplace, work_on
from catalog.settings import CatalogSettings
from deploy.demo.accounts import OFFICES
from deploy.demo.labour import COUNTIES
from deploy.demo.market import Advance, in_batches, missing
from deploy.demo.registers import a_desk
from deploy.demo.tables import demo_id, suppliers
from shared.auth import Caller
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.files import Files

STEPS: Final = 3
_TONNE: Final = 1_000_000
_BUYERS: Final = (
    ("示范市第一中学", "plan", 18),
    ("示范市人民医院", "contract", 42),
    ("示范区机关食堂", "pledge", 9),
)
_WANTED: Final = ("苹果", "香菇", "核桃", "蜂蜜", "木耳", "土豆")
_OFFICE: Final = OFFICES["420325", "agriculture"]
_ENDS: Final = frozenset({"APPLIED", "REFUSED", "FAILED", "CANCELLED"})
_HEADS: Final = (
    "县",
    "乡镇",
    "村",
    "品名",
    "类别",
    "年度",
    "种养规模",
    "年产量（吨）",
    "上市季节",
    "市场价格区间（元/斤）",
)
_GOOD: Final = (
    ("门古寺镇", "项家河村", "花菇", "菌菇山珍", "500亩", "60", "3-5月", "35-48"),
    ("沙河乡", "五谷庙村", "黑木耳", "菌菇山珍", "260亩", "22", "10-12月", "40-60"),
    ("上龛乡", "白鹤村", "绞股蓝", "茶叶", "180亩", "9", "4-6月", "30-55"),
)
_BAD: Final = (
    ("九道乡", "大垭村", "黄连", "中药材", "320亩", "16", "10-11月", "面议"),
    ("中坝乡", "泰山庙村", "魔芋", "粮油", "", "45", "10-12月", "3-4"),
    ("回龙乡", "古城村", "蜂蜜", "蜂产品", "600箱", "12", "5-7月", "30-45"),
)


async def load_desks(database: Database, environment: Mapping[str, str], *, now: datetime, advance: Advance) -> None:
    """Load what is missing; a file that was taken before changes nothing."""
    await _demand(database, now=now)
    advance(1)
    await _shared_list(database, now=now)
    advance(1)
    await _imports(database, environment, now=now)
    advance(1)


async def _demand(database: Database, *, now: datetime) -> None:
    ids = {
        demo_id("demand", f"{county}-{place}"): (county, place) for county in COUNTIES for place in range(len(_BUYERS))
    }
    new = await missing(database, "demand_notes", "demand_id", ids)

    async def add(db: AsyncSession, demand_id: UUID) -> None:
        county, place = ids[demand_id]
        buyer, source, tonnes = _BUYERS[place]
        await demand_actions.note_demand(
            db,
            demand_id=demand_id,
            county_code=county,
            product_name=_WANTED[(demand_id.int + place) % len(_WANTED)],
            year=business_day(now).year,
            quantity_g=(tonnes + demand_id.int % 30) * _TONNE,
            buyer_name=buyer,
            source=source,
            caller=a_desk(county, "assistance"),
            now=now - timedelta(days=30 + place),
        )

    await in_batches(database, sorted(new), add, lambda _: None, size=len(ids))


async def _shared_list(database: Database, *, now: datetime) -> None:
    named = next(each for each in suppliers() if each.uscc)
    day = (business_day(now) - timedelta(days=20)).isoformat()
    rows = (
        (named.uscc, named.name, "守信激励名单", "质量信用评价为 A 级", "示信〔2026〕11号", day, ""),
        ("91990101MA00000000", "示范食品商行", "经营异常名录", "登记地址无法联系", "示信〔2026〕12号", day, ""),
    )
    caller = Caller(demo_id("person", "demo-inspector"), None, "operator", frozenset({"operator"}))
    async with database.begin() as db:
        await share_actions.import_shared(
            db, source="示范省信用办", content=_as_csv(HEAD, rows), caller=caller, now=now - timedelta(days=5)
        )


async def _imports(database: Database, environment: Mapping[str, str], *, now: datetime) -> None:
    ids = [demo_id("import", name) for name in ("written", "to-correct")]
    new = await missing(database, "import_batches", "batch_id", ids)
    caller = Caller(
        _OFFICE.person_id, _OFFICE.organisation_id, _OFFICE.kind, frozenset(_OFFICE.roles), tuple(_OFFICE.regions)
    )
    place = Workplace(
        database,
        Files(environment["CATALOG_FILES_URL"]),
        CatalogSettings.model_validate(_settings(environment)),
        uuid4(),
        utc_now,
    )
    year = str(business_day(now).year)
    for batch_id, name, rows in (
        (ids[0], "房县供给侧产品库.csv", _GOOD),
        (ids[1], "房县供给侧产品库（补报）.csv", (*_GOOD[:1], *_BAD)),
    ):
        content = _as_csv(_HEADS, [("420325", *row[:4], year, *row[4:]) for row in rows])
        if batch_id in new:
            await _take(place, batch_id, name, content, caller=caller, now=now)
        if await _settled(place, batch_id, caller) == "CHECKED" and rows is _GOOD:
            async with database.begin() as db:
                await import_actions.apply_batch(db, batch_id=batch_id, mode="abort", caller=caller, now=utc_now())
            await _settled(place, batch_id, caller)


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The catalog's settings as the runner gives them to the catalog itself; nobody follows a feed here."""
    prefix = str(CatalogSettings.model_config["env_prefix"])
    named = {name.removeprefix(prefix).lower(): value for name, value in environment.items() if name.startswith(prefix)}
    return {name: value for name, value in named.items() if name != "feeds"}


async def _take(place: Workplace, batch_id: UUID, name: str, content: bytes, *, caller: Caller, now: datetime) -> None:
    with tempfile.TemporaryDirectory(prefix="demo-import-") as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(content)
        upload = Upload(path, name, hashlib.sha256(content).hexdigest(), len(content))
        async with place.database.begin() as db:
            await import_actions.store_upload(
                db, place.files, upload, batch_id=batch_id, kind="supply", supplier_id=None, caller=caller, now=now
            )


async def _settled(place: Workplace, batch_id: UUID, caller: Caller) -> str:
    """Work on it until it waits for somebody or is over; the running catalog's own worker may be at it already."""
    while True:
        await work_on(place, batch_id)
        async with place.database.read() as db:
            status = (await import_queries.get_batch(db, batch_id, caller=caller)).status
        if status == "CHECKED" or status in _ENDS:
            return str(status)
        await asyncio.sleep(0.2)


def _as_csv(head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return sink.getvalue().encode("utf-8-sig")
