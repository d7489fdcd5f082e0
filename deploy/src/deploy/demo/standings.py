"""Recognitions, directories, credit, enforcement, brands and demonstrations of the demo. All invented; each is done
by the catalog's own actions, on the day on which it is said to have happened; what is there already is skipped."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.brand import actions as brand_actions
from catalog.credit import actions as credit_actions
from catalog.credit_appeal import actions as appeal_actions
from catalog.demonstration import actions as demonstration_actions
from catalog.directory import actions as directory_actions
from catalog.enforcement import actions as enforcement_actions
from catalog.recognition import actions as recognition_actions
from catalog.recognition import queries as recognition_queries
from deploy.demo.market import Advance, missing
from deploy.demo.tables import demo_id
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

COUNTY, PROVINCE = "130624", "130000"
WAY = ("accept", "pass-township", "pass-department", "decide")


@dataclass(frozen=True)
class DemoRecognition:
    """A product, how many days ago it was applied for, and how many steps it came."""

    product_key: str
    days_ago: int
    steps: int
    is_recommended: bool = False
    township: str = "天生桥镇"


RECOGNITIONS = (
    DemoRecognition("fuping-dried-shiitake", 200, 4, is_recommended=True),
    DemoRecognition("fuping-dazao", 190, 4, is_recommended=True),
    DemoRecognition("fuping-fresh-shiitake", 60, 4, township="龙泉关镇"),
    DemoRecognition("fuping-zaohua-honey", 4, 4, township="城南庄镇"),
    DemoRecognition("fangxian-huagu", 2, 0, township="红塔镇"),
    DemoRecognition("fangxian-wood-ear", 6, 2, township="红塔镇"),
    DemoRecognition("fangxian-yin-er", 9, 3, township="大木厂镇"),
    DemoRecognition("fangxian-red-rice", 180, 4, is_recommended=True, township="万峪河乡"),
)
"""Of 阜平 for the public pages; of 房县 one waits at each of its desks, and one at the province's."""


def person(name: str, kind: str = "official") -> Caller:
    """Somebody of an office of the demo."""
    return Caller(demo_id("person", f"office-{name}"), demo_id("organisation", f"office-{name}"), kind)


async def load_standings(catalog: Database, *, now: datetime, advance: Advance) -> None:
    """Load what is missing, a thing a transaction."""
    for load in (_recognitions, _directories, _credit, _enforcement, _brand, _demonstrations):
        await load(catalog, now)
        advance(1)


async def _once(
    catalog: Database, table: str, column: str, key: UUID, load: Callable[[AsyncSession], Awaitable[object]]
) -> None:
    """Load it in a transaction of its own, unless it is there."""
    if await missing(catalog, table, column, [key]):
        async with catalog.begin() as db:
            await load(db)


async def _recognitions(catalog: Database, now: datetime) -> None:
    for row in RECOGNITIONS:
        key = demo_id("recognition", row.product_key)

        async def load(db: AsyncSession, row: DemoRecognition = row, key: UUID = key) -> None:
            await _recognise(db, row, key, now)

        await _once(catalog, "recognitions", "recognition_id", key, load)
    for turned in (now - timedelta(days=40), now):
        is_more = True
        while is_more:
            async with catalog.begin() as db:
                is_more = await recognition_actions.turn_days(db, now=turned) > 0
    for row in RECOGNITIONS:
        if row.is_recommended:
            async with catalog.begin() as db:
                await _recommend(db, demo_id("recognition", row.product_key), now - timedelta(days=30))
    objection_id = demo_id("objection", "honey")

    async def raise_objection(db: AsyncSession) -> None:
        await recognition_actions.raise_objection(
            db,
            objection_id=objection_id,
            recognition_id=demo_id("recognition", "fuping-zaohua-honey"),
            name="邻村养蜂户",
            contact="示例电话 000-0000",
            grounds="有一部分蜂蜜是从外县收来的，请核实。",
            caller=None,
            now=now,
        )

    await _once(catalog, "recognition_objections", "objection_id", objection_id, raise_objection)


async def _recognise(db: AsyncSession, row: DemoRecognition, key: UUID, now: datetime) -> None:
    at = now - timedelta(days=row.days_ago)
    recognition = await recognition_actions.apply_for_recognition(
        db,
        recognition_id=key,
        product_id=demo_id("product", row.product_key),
        township=row.township,
        statement="产自本县，按标准生产，带动周边农户。",
        caller=person("supplier", "supplier"),
        now=at,
    )
    for place, verb in enumerate(WAY[: row.steps], start=1):
        await recognition_actions.move_on(
            db,
            recognition_id=key,
            verb=verb,
            expected_revision=recognition.revision,
            caller=person(f"{verb}"),
            now=at + timedelta(hours=place * 20),
            reason="材料齐全",
        )


async def _recommend(db: AsyncSession, key: UUID, at: datetime) -> None:
    recognition = await recognition_queries.get_recognition(db, key)
    if recognition.status == "RECOGNISED":
        await recognition_actions.move_on(
            db,
            recognition_id=key,
            verb="recommend",
            expected_revision=recognition.revision,
            caller=person("decide"),
            now=at,
            reason="品质稳定，带动明显",
        )


async def _directories(catalog: Database, now: datetime) -> None:
    editor = person("assistance")
    issues = (
        ("county-1", COUNTY, "阜平县特色农产品目录（春季）", 35, True),
        ("county-2", COUNTY, "阜平县特色农产品目录（秋季）", 3, True),
        ("province-1", PROVINCE, "河北省脱贫地区特色农产品目录", 2, True),
        ("county-3", COUNTY, "阜平县特色农产品目录（冬季）", 0, False),
    )
    for name, region, title, days_ago, is_published in issues:
        key, at = demo_id("directory", name), now - timedelta(days=days_ago)

        async def load(
            db: AsyncSession,
            key: UUID = key,
            region: str = region,
            title: str = title,
            at: datetime = at,
            is_published: bool = is_published,
        ) -> None:
            issue = await directory_actions.draft_issue(
                db,
                issue_id=key,
                region_code=region,
                title=title,
                preface="本目录收入经认定、公示无异议的产品，供采购单位参考。",
                caller=editor,
                now=at,
            )
            if is_published and issue.entry_count:
                await directory_actions.publish_issue(
                    db, issue_id=key, expected_revision=issue.revision, caller=editor, now=at
                )

        await _once(catalog, "directory_issues", "issue_id", key, load)


async def _credit(catalog: Database, now: datetime) -> None:
    market = person("market")
    events = (
        ("e1", "fuping-zaohua", "contract_honoured", "连续三年按期供货", 90),
        ("e2", "fuping-zaohua", "households_helped", "带动农户增收，村民代表会议认可", 60),
        ("e3", "fuping-zaohua", "commended", "县级消费帮扶先进主体", 20),
        ("e6", "fangxian-shennong", "households_helped", "带动农户户均增收两千元，村民代表会议认可", 12),
        ("e4", "hetian-hongputao", "sampling_failed", "葡萄干一批次抽检水分超标", 50),
        ("e5", "hetian-hongputao", "contract_broken", "合同约定数量未交足", 30),
    )
    for name, supplier, kind, summary, days_ago in events:
        key, at = demo_id("credit-event", name), now - timedelta(days=days_ago)

        async def report(
            db: AsyncSession,
            key: UUID = key,
            supplier: str = supplier,
            kind: str = kind,
            summary: str = summary,
            at: datetime = at,
        ) -> None:
            await credit_actions.report_event(
                db,
                event_id=key,
                supplier_id=demo_id("supplier", supplier),
                kind=kind,
                source="market_supervision",
                reference=f"演示〔{at.year}〕{key.hex[:4]}号",
                summary=summary,
                occurred_on=business_day(at),
                caller=market,
                now=at,
            )

        await _once(catalog, "credit_events", "event_id", key, report)
    await _place(catalog, "p1", "fuping-zaohua", "EXEMPLARY", now - timedelta(days=15))
    await _place(catalog, "p2", "hetian-hongputao", "ABNORMAL", now - timedelta(days=10))
    await _place(catalog, "p3", "enshi-shanhuo", "ABNORMAL", now - timedelta(days=1), is_decided=False)
    appeal_id = demo_id("credit-appeal", "a1")

    async def raise_appeal(db: AsyncSession) -> None:
        await appeal_actions.raise_appeal(
            db,
            appeal_id=appeal_id,
            kind="objection",
            subject_kind="event",
            subject_id=demo_id("credit-event", "e5"),
            statement="交货推迟经对方书面同意，请更正。",
            caller=person("supplier", "supplier"),
            now=now - timedelta(days=2),
        )

    await _once(catalog, "credit_appeals", "appeal_id", appeal_id, raise_appeal)


async def _place(
    catalog: Database, name: str, supplier: str, which: str, at: datetime, *, is_decided: bool = True
) -> None:
    key = demo_id("credit-placement", name)

    async def load(db: AsyncSession) -> None:
        placement = await credit_actions.propose_placement(
            db,
            placement_id=key,
            supplier_id=demo_id("supplier", supplier),
            which=which,
            basis="演示市监〔2026〕第 8 号",
            caller=person("department"),
            now=at,
        )
        if is_decided:
            await credit_actions.decide_placement(
                db,
                placement_id=key,
                verb="place",
                expected_revision=placement.revision,
                reason="情况属实",
                caller=person("market"),
                now=at,
            )

    await _once(catalog, "credit_placements", "placement_id", key, load)


async def _enforcement(catalog: Database, now: datetime) -> None:
    key, market = demo_id("enforcement-case", "c1"), person("market")

    async def load(db: AsyncSession) -> None:
        supplier_id = demo_id("supplier", "hetian-hongputao")
        case = await enforcement_actions.open_case(
            db,
            case_id=key,
            supplier_id=supplier_id,
            subject_kind="supplier",
            subject_id=supplier_id,
            title="标签净含量与实际不符",
            grounds="投诉转办，抽查三件均少于标示。",
            caller=market,
            now=now - timedelta(days=12),
        )
        await enforcement_actions.move_case(
            db, case_id=key, verb="investigate", expected_revision=case.revision, reason="", caller=market, now=now
        )
        await enforcement_actions.order_measure(
            db,
            measure_id=demo_id("enforcement-measure", "m1"),
            case_id=key,
            expected_revision=case.revision,
            kind="fine",
            instruction="罚款，并更换标签",
            deadline_on=business_day(now) + timedelta(days=14),
            fine_fen=300_000,
            caller=market,
            now=now,
        )

    await _once(catalog, "enforcement_cases", "case_id", key, load)


async def _brand(catalog: Database, now: datetime) -> None:
    key, owner = demo_id("brand", "fuping"), person("agriculture")

    async def load(db: AsyncSession) -> None:
        await brand_actions.found_brand(
            db,
            brand_id=key,
            name="阜平山货",
            name_en="Fuping Mountain Goods",
            region_code=COUNTY,
            owner_office="阜平县农业农村局（演示）",
            categories=["mushroom", "dried", "honey"],
            quality_rule="产自本县，不低于一级，附承诺达标合格证。",
            caller=owner,
            now=now - timedelta(days=100),
        )
        await brand_actions.grant_brand(
            db,
            grant_id=demo_id("brand-grant", "fuping-zaohua"),
            brand_id=key,
            supplier_id=demo_id("supplier", "fuping-zaohua"),
            valid_from_on=business_day(now - timedelta(days=20)),
            valid_until_on=business_day(now + timedelta(days=700)),
            quota_count=50_000,
            caller=owner,
            now=now - timedelta(days=20),
        )

    await _once(catalog, "brands", "brand_id", key, load)


async def _demonstrations(catalog: Database, now: datetime) -> None:
    rows = (
        ("d1", "county", "阜平县", None, ("review", "name")),
        ("d2", "base", "枣花沟产地示范区", "fuping-zaohua", ("review",)),
        ("d3", "enterprise", "平泉杉缘食品", "pingquan-shanyuan", ()),
    )
    for name, kind, title, supplier, verbs in rows:
        key = demo_id("demonstration", name)

        async def load(
            db: AsyncSession,
            key: UUID = key,
            kind: str = kind,
            title: str = title,
            supplier: str | None = supplier,
            verbs: tuple[str, ...] = verbs,
        ) -> None:
            made = await demonstration_actions.apply_for_demonstration(
                db,
                demonstration_id=key,
                kind=kind,
                name=title,
                county_code="130881" if supplier == "pingquan-shanyuan" else COUNTY,
                supplier_id=demo_id("supplier", supplier) if supplier else None,
                statement="组织体系、产销对接和带农成效见附件。",
                caller=person("assistance"),
                now=now - timedelta(days=50),
            )
            for verb in verbs:
                await demonstration_actions.move_on(
                    db,
                    demonstration_id=key,
                    verb=verb,
                    expected_revision=made.revision,
                    reason="",
                    caller=person("province"),
                    now=now - timedelta(days=30),
                )

        await _once(catalog, "demonstrations", "demonstration_id", key, load)
