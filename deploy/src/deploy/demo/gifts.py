"""Holiday gifts of the demo's school: a plan that is decided on, one that was given up, and a campaign of two hundred
members whose roster is locked, with the rows of its file that were wrong."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final
from uuid import UUID

from pypdf import PdfWriter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import UNIT_ACCOUNTS
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.budget import actions as budget_actions
from orders.gift_campaign import actions, carrying
from orders.gift_campaign.models import GiftCampaign
from orders.gift_campaign.rules import PaperKind, Plan, WantedPackage
from orders.gift_member import actions as member_actions
from orders.gift_member.rules import FileRow
from orders.stock import actions as stock_actions
from orders.unit import queries as unit_queries
from shared.auth import Caller
from shared.clock import business_day, days_range
from shared.db import Database
from shared.files import Files
from shared.ids import new_id

MEMBERS: Final = 200
STANDARD_FEN: Final = 20_000
KEYS: Final = ("new-year", "spring", "given-up")
NEW_YEAR: Final = demo_id("gift-campaign", "new-year")
"""The campaign whose roster is locked; its claims may begin at once."""
_UNIT: Final = demo_id("unit", "canteen")
_DAY: Final = timedelta(days=1)
_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN: Final = ("晓梅", "建国", "秀英", "伟", "芳", "志强", "丽华", "明", "桂兰", "勇")
_DEPARTMENTS: Final = ("语文组", "数学组", "英语组", "理化组", "史地组", "体艺组", "教务处", "总务处")
_GOODS: Final = text("""
    SELECT sku_id, price_fen FROM sellable_skus
    WHERE is_listed AND price_fen BETWEEN 2000 AND 15000 AND presale IS NULL AND designations && ARRAY['assisted-832']
      AND category NOT IN ('fruit', 'vegetable', 'aquatic', 'meat')
      AND price_valid_from <= :now AND price_valid_until IS NULL
    ORDER BY sku_id LIMIT 60
""")
PAPERS: Final[tuple[tuple[PaperKind, str, str, int | None, int], ...]] = (
    ("MINUTES", "工会委员会会议纪要.pdf", "", None, 1),
    ("GROUP", "采购小组名单.pdf", "", None, 3),
    ("CHAIR", "主席审批意见.pdf", "", None, 1),
    ("QUOTE", "报价单一.pdf", "阜平枣花合作社（示例）", 4_000_000, 1),
    ("QUOTE", "报价单二.pdf", "房县山货合作社（示例）", 4_050_000, 1),
    ("QUOTE", "报价单三.pdf", "示例商贸有限公司", 4_120_000, 1),
)


async def load_campaigns(
    orders: Database, environment: Mapping[str, str], *, now: datetime, advance: Callable[[int], None]
) -> None:
    """Plan and carry out what is missing, as the school's union does."""
    store = Files(environment["ORDERS_FILES_URL"])
    new = await missing(orders, "gift_campaigns", "campaign_id", (demo_id("gift-campaign", key) for key in KEYS))
    for key, step in zip(KEYS, (_lock, _submit, _give_up), strict=True):
        if demo_id("gift-campaign", key) in new:
            async with orders.begin() as db:
                await step(db, store, now)
        advance(1)


async def _lock(db: AsyncSession, store: Files, now: datetime) -> None:
    """Twelve days ago planned, today ready for claims."""
    begun, today = now - 12 * _DAY, business_day(now)
    start, end = days_range(today, today + 13 * _DAY)
    plan = plan_of("元旦慰问活动", "NEW_YEAR", now, claims=(start, end), public_from=-8)
    await fund(db, plan.budget_fen, now=begun)
    campaign = await draft(db, "new-year", plan, now=begun)
    await pack(db, campaign, now=begun)
    await decide(db, campaign, now=begun)
    union, given = person("canteen-union"), {"campaign_id": campaign.campaign_id, "person_id": _union()}
    await member_actions.import_roster(
        db,
        file_id=demo_id("roster-file", "new-year"),
        campaign_id=campaign.campaign_id,
        name="工会会员名册.xlsx",
        digest=hashlib.sha256(b"the demo's roster").digest(),
        rows=_rows(),
        person_id=_union(),
        now=begun + _DAY,
        new_id=new_id,
    )
    await attach_papers(db, store, campaign, now=begun + _DAY)
    await carrying.request_quotes(db, expected_revision=campaign.revision, now=begun + _DAY, **given)
    await carrying.choose_supplier(
        db,
        expected_revision=campaign.revision,
        reason="三家比价，价格最低且为脱贫地区产品",
        now=begun + 3 * _DAY,
        **given,
    )
    await carrying.publish_list(db, expected_revision=campaign.revision, now=begun + 4 * _DAY, **given)
    await carrying.lock_roster(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        caller=union,
        now=max(now - 2 * _DAY, begun),
    )


async def attach_papers(db: AsyncSession, store: Files, campaign: GiftCampaign, *, now: datetime) -> None:
    """Minutes, the purchasing group, three quotes."""
    for kind, name, supplier_name, amount_fen, counted in PAPERS:
        await actions.attach_document(
            db,
            store,
            document_id=new_id(),
            campaign_id=campaign.campaign_id,
            kind=kind,
            name=name,
            supplier_name=supplier_name,
            amount_fen=amount_fen,
            counted=counted,
            content=a_scan(name),
            person_id=_union(),
            now=now,
        )


async def _submit(db: AsyncSession, _: Files, now: datetime) -> None:
    """A plan that waits for the head's decision."""
    today = business_day(now)
    start, end = days_range(today + 12 * _DAY, today + 25 * _DAY)
    plan = plan_of("春节慰问活动", "SPRING_FESTIVAL", now, claims=(start, end), public_from=5)
    await fund(db, plan.budget_fen, now=now - _DAY)
    campaign = await draft(db, "spring", plan, now=now - _DAY)
    await pack(db, campaign, now=now - _DAY)
    await carrying.submit_plan(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        case_id=demo_id("approval", "gifts-spring"),
        person_id=_union(),
        now=now - _DAY,
    )


async def _give_up(db: AsyncSession, _: Files, now: datetime) -> None:
    """A plan that was given up before it was submitted."""
    begun, today = now - 70 * _DAY, business_day(now)
    start, end = days_range(today - 50 * _DAY, today - 40 * _DAY)
    plan = plan_of("国庆慰问活动", "NATIONAL_DAY", now, claims=(start, end), public_from=-60)
    campaign = await draft(db, "given-up", plan, now=begun)
    await carrying.cancel_campaign(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        reason="与中秋慰问合并，不再单独办",
        person_id=_union(),
        now=begun + _DAY,
    )


def plan_of(name: str, holiday: str, now: datetime, *, claims: tuple[datetime, datetime], public_from: int) -> Plan:
    """A plan for the whole school; days are counted from `now`."""
    first = business_day(now) + public_from * _DAY
    return Plan(
        name=name,
        holiday_codes=(holiday,),
        year=business_day(now).year,
        per_head_fen=STANDARD_FEN,
        planned_count=MEMBERS,
        budget_fen=STANDARD_FEN * MEMBERS,
        roster_cutoff_on=business_day(now) - 14 * _DAY,
        mode="CLAIM_CODE",
        lot_address=None,
        publicity_from_on=first,
        publicity_until_on=first + 4 * _DAY,
        claim_from_at=claims[0],
        claim_until_at=claims[1],
        unclaimed_rule="DEFAULT_PACKAGE",
    )


def a_scan(name: str) -> bytes:
    """A sheet that stands for a scanned paper: blank, and no two alike."""
    file = io.BytesIO()
    with PdfWriter() as writer:
        writer.add_blank_page(595, 842)
        writer.add_metadata({"/Title": name})
        writer.write(file)
    return file.getvalue()


async def fund(db: AsyncSession, amount_fen: int, *, now: datetime) -> None:
    """The union has so much more to spend this year."""
    year = business_day(now).year
    await budget_actions.grant(
        db,
        unit_id=_UNIT,
        year=year,
        fund="UNION",
        amount_fen=amount_fen,
        entry_id=new_id(),
        reason="节日慰问专项",
        by=UNIT_ACCOUNTS["canteen-finance"].person_id,
        now=now,
    )


async def draft(db: AsyncSession, key: str, plan: Plan, *, now: datetime) -> GiftCampaign:
    """The plan as the union writes it."""
    return await actions.draft_campaign(
        db,
        campaign_id=demo_id("gift-campaign", key),
        unit=await unit_queries.get_unit(db, _UNIT),
        plan=plan,
        person_id=_union(),
        now=now,
    )


async def pack(db: AsyncSession, campaign: GiftCampaign, *, members: int = MEMBERS, now: datetime) -> None:
    """Two packages of three goods each, with enough of them in stock for everybody."""
    goods = {row.sku_id: row.price_fen for row in await db.execute(_GOODS, {"now": now})}
    chosen = packages_of(goods)
    for sku_id in sorted({sku_id for package in chosen for sku_id in package}):
        await stock_actions.receive_stock(
            db, sku_id=sku_id, quantity=3 * members, reference="慰问活动备货", recorded_by=None, now=now
        )
    names = ("山货礼包", "粮油礼包")
    await actions.pack(
        db,
        campaign_id=campaign.campaign_id,
        wanted=[
            WantedPackage(name, members, dict.fromkeys(package, 1)) for name, package in zip(names, chosen, strict=True)
        ],
        default_position=1,
        expected_revision=campaign.revision,
        person_id=_union(),
        now=now,
    )


def packages_of(prices: dict[UUID, int]) -> list[tuple[UUID, ...]]:
    """Two packages of three goods that cost the standard or up to three in a hundred less, with nothing in common."""
    found: list[tuple[UUID, ...]] = []
    for three in combinations(sorted(prices), 3):
        is_new = not {each for package in found for each in package}.intersection(three)
        if is_new and STANDARD_FEN * 97 <= 100 * sum(prices[each] for each in three) <= STANDARD_FEN * 100:
            found.append(three)
        if len(found) == 2:  # noqa: PLR2004 - two packages
            break
    return found


async def decide(db: AsyncSession, campaign: GiftCampaign, *, key: str = "new-year", now: datetime) -> None:
    """Submitted by the union, approved step by step by those whose duty it is."""
    await carrying.submit_plan(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        case_id=demo_id("approval", f"gifts-{key}"),
        person_id=_union(),
        now=now,
    )
    for hours, account in enumerate(("canteen-head", "canteen-finance"), start=2):
        if campaign.status != "SUBMITTED":
            break
        case = await approval_queries.lock_latest_case(db, "gift-campaign", campaign.campaign_id)
        if case is None:
            break
        await deciding.decide(
            db,
            case_id=case.case_id,
            verdict="APPROVE",
            reason="同意",
            expected_revision=case.revision,
            caller=person(account),
            now=now + timedelta(hours=hours),
        )


def _rows() -> Sequence[FileRow]:
    """Two hundred who may have a gift, three who may not, and four rows that are wrong."""
    rows = [member_row(number) for number in range(1, MEMBERS + 1)]
    rows += [
        member_row(MEMBERS + 1, standing="退休"),
        member_row(MEMBERS + 2, standing="调离"),
        member_row(MEMBERS + 3, standing="停薪留职"),
    ]
    wrong: list[dict[str, str]] = [{"name": ""}, {"phone": "13800"}, {"joined_on": "前年"}, {"member_no": "GH0001"}]
    return [*rows, *(member_row(MEMBERS + 4 + place, **each) for place, each in enumerate(wrong))]


def member_row(number: int, **given: str) -> FileRow:
    """A row of the roster; the number names the member."""
    cells = {
        "member_no": f"GH{number:04d}",
        "name": _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number // len(_SURNAMES) % len(_GIVEN)],
        "department": _DEPARTMENTS[number % len(_DEPARTMENTS)],
        "phone": f"1380000{number:04d}",
        "joined_on": f"20{number % 15 + 5:02d}-09-01",
        "standing": "在册",
    }
    return FileRow(number + 2, cells | given)


def _union() -> UUID:
    return UNIT_ACCOUNTS["canteen-union"].person_id


def person(name: str) -> Caller:
    """Somebody of the school, by the account's name."""
    account = UNIT_ACCOUNTS[name]
    return Caller(
        account.person_id,
        organisation_id=demo_id("organisation", "canteen"),
        kind="institution",
        roles=frozenset(account.roles),
    )
