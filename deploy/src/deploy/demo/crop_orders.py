"""Crop orders of the demo's school: drafted, in approval, offered, agreed, growing with a late milestone, shared
from a short harvest, left with its deposit owed back, failed. All invented; made by the actions of orders, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import UNIT_ACCOUNTS
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from deploy.demo.units import COUNTY
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.crop_order import actions, growing, paying, queries, sharing
from orders.crop_order.models import CropOrder
from orders.crop_order.rules import Season, Stage
from orders.crop_order.sharing import SeasonOf
from orders.sku import queries as sku_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database


@dataclass(frozen=True)
class Ordered:
    """A crop order: its pack, pieces, price of one in fen, season, and how far it has come. `harvested` is what grew of
    the season, once it is shared."""

    title: str
    sku_key: str
    quantity: int
    price_fen: int
    season: Season
    stage: str
    harvested: int | None = None
    least_bp: int = 5000

    @property
    def crop_order_id(self) -> UUID:
        """Its id."""
        return demo_id("crop-order", self.title)


CROPS: Final = (
    Ordered("明年红枣新货", "fuping-dazao-2500g-carton", 60, 4600, "AUTUMN", "DRAFT"),
    Ordered("明年秋苹果", "jixian-fuji-5000g-carton", 40, 5100, "AUTUMN", "SUBMITTED"),
    Ordered("红枣小包装秋收", "fuping-dazao-1000g-bag", 80, 2000, "AUTUMN", "OFFERED"),
    Ordered("食堂夏季猕猴桃", "jinzhai-kiwi-2500g-carton", 40, 4000, "SUMMER", "AGREED"),
    Ordered("食堂春季红枣", "fuping-dazao-2500g-carton", 40, 4500, "SPRING", "GROWING"),
    Ordered("食堂冬季红枣", "fuping-dazao-2500g-carton", 50, 4500, "WINTER", "SHARED", harvested=36),
    Ordered("食堂冬季红枣小包装", "fuping-dazao-1000g-bag", 100, 2000, "WINTER", "LEFT", harvested=30),
    Ordered("食堂冬季苹果", "jixian-fuji-5000g-carton", 30, 5000, "WINTER", "FAILED"),
)
_AGO: Final = timedelta(days=30)
"""When what grows was agreed."""


async def load_crop_orders(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Each crop order in a transaction of its own; what is there already is left as it is."""
    new = await missing(database, "crop_orders", "crop_order_id", [each.crop_order_id for each in CROPS])
    for each in CROPS:
        if each.crop_order_id in new:
            async with database.begin() as db:
                await _load(db, each, now=now)
        advance(1)


def _person(key: str) -> Caller:
    account = UNIT_ACCOUNTS[key]
    return Caller(account.person_id, account.organisation_id, "institution", frozenset(account.roles))


def _facts(each: Ordered, *, began: datetime) -> dict[str, Any]:
    sowing_on = business_day(began) + timedelta(days=5)
    return {
        "title": each.title,
        "fund": "CANTEEN",
        "sku_id": demo_id("sku", each.sku_key),
        "quantity": each.quantity,
        "unit_price_fen": each.price_fen,
        "deposit_bp": 2000,
        "least_share_bp": each.least_bp,
        "season": each.season,
        "sowing_on": sowing_on,
        "harvest_from_on": sowing_on + timedelta(days=60),
        "harvest_until_on": sowing_on + timedelta(days=90),
        "terms": "一级果，糖度达标；遇自然灾害减产，按订购数量比例分配，定金先抵货款，多余部分退还。",
        "recipient": "食堂管理员",
        "phone": "0717-3810001",
        "county_code": COUNTY,
        "address_detail": "鸣凤镇示范路 1 号学校食堂",
    }


async def _load(db: AsyncSession, each: Ordered, *, now: datetime) -> None:
    began = now - _AGO if each.stage in {"GROWING", "SHARED", "LEFT", "FAILED"} else now
    handler = _person("canteen")
    facts = _facts(each, began=began)
    first_on = facts["sowing_on"]
    days = (("SOWING", 2), ("TENDING", 15), ("RIPENING", 55))
    stages = [Stage(kind, first_on + timedelta(days=count)) for kind, count in days]  # type: ignore[arg-type]
    crop = await actions.draft_crop_order(
        db, crop_order_id=each.crop_order_id, facts=facts, stages=stages, caller=handler, now=began
    )
    if each.stage == "DRAFT":
        return
    crop = await actions.submit_crop_order(
        db, crop_order_id=each.crop_order_id, expected_revision=crop.revision, caller=handler, now=began
    )
    if each.stage == "SUBMITTED":
        return
    crop = await _approve(db, crop, now=began)
    if each.stage == "OFFERED":
        return
    sold = (await sku_queries.list_for_sale(db, [facts["sku_id"]]))[facts["sku_id"]]
    seller = Caller(demo_id("person", "contract-signer"), sold.supplier_id, "supplier", frozenset({"sales"}))
    crop = await actions.answer_offer(
        db,
        crop_order_id=each.crop_order_id,
        does_agree=True,
        expected_revision=crop.revision,
        reason="",
        caller=seller,
        now=began,
    )
    if each.stage != "AGREED":
        await _grow(db, each, crop, seller, began=began, now=now)


async def _approve(db: AsyncSession, crop: CropOrder, *, now: datetime) -> CropOrder:
    for key in ("canteen-head", "canteen-finance"):
        if crop.status == "SUBMITTED":
            case = (await approval_queries.list_cases_of(db, crop.crop_order_id))[0]
            await deciding.decide(
                db,
                case_id=case.case_id,
                verdict="APPROVE",
                reason="提前订价，同意",
                expected_revision=case.revision,
                caller=_person(key),
                now=now,
            )
            crop = await queries.lock_crop_order(db, crop.crop_order_id)
    return crop


async def _grow(
    db: AsyncSession, each: Ordered, crop: CropOrder, seller: Caller, *, began: datetime, now: datetime
) -> None:
    """The deposit is paid and the seed sown; then what its stage says."""
    paid_at = began + timedelta(days=2)
    crop = await paying.tell_deposit(
        db,
        crop_order_id=each.crop_order_id,
        paid_on=business_day(began) + timedelta(days=1),
        voucher="记-1108",
        expected_revision=crop.revision,
        caller=_person("canteen-finance"),
        now=paid_at,
    )
    crop = await paying.answer_deposit(
        db,
        crop_order_id=each.crop_order_id,
        has_come=True,
        reason="",
        expected_revision=crop.revision,
        caller=seller,
        now=paid_at,
    )
    sown_at = began + timedelta(days=6)
    crop = await growing.report_milestone(
        db,
        crop_order_id=each.crop_order_id,
        number=1,
        reached_on=business_day(sown_at),
        note="按约定面积完成，长势正常",
        photo_ids=(),
        expected_revision=crop.revision,
        caller=seller,
        now=sown_at,
    )
    if each.stage == "GROWING":
        await growing.tell_missed(db, crop_order_id=each.crop_order_id, number=2, now=now)
    elif each.stage == "FAILED":
        await growing.fail_crop(
            db,
            crop_order_id=each.crop_order_id,
            reason="连续冰雹，绝收",
            expected_revision=crop.revision,
            caller=seller,
            now=now,
        )
    else:
        await _share(db, each, crop, seller, now=now)


async def _share(db: AsyncSession, each: Ordered, crop: CropOrder, seller: Caller, *, now: datetime) -> None:
    season = SeasonOf(crop.sku_id, crop.season_year, each.season)
    harvested = each.harvested or 0
    _, seen = await sharing.preview_sharing(db, season=season, harvested_count=harvested, caller=seller)
    await sharing.declare_harvest(
        db,
        harvest_id=demo_id("crop-harvest", each.title),
        season=season,
        harvested_count=harvested,
        note="采收前连阴雨，减产",
        seen=seen.seen,
        caller=seller,
        now=now,
    )
    if each.stage == "LEFT":
        crop = await queries.lock_crop_order(db, crop.crop_order_id)
        await growing.cancel_crop_order(
            db,
            crop_order_id=each.crop_order_id,
            reason="数量太少，另行采购",
            expected_revision=crop.revision,
            caller=_person("canteen"),
            now=now,
        )
