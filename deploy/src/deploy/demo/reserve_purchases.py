"""A reserve purchase of the demo's school, its two points, and appointments in every state. All invented; made by the
actions of orders, once. Somebody else filed it, so that the account `canteen` may weigh what comes today."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import UNIT_ACCOUNTS
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from deploy.demo.units import COUNTY
from orders.appointment import actions, weighing
from orders.appointment.rules import Weighing
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.purchase_point import actions as point_actions
from orders.reserve_purchase import actions as reserve_actions
from orders.reserve_purchase import queries as reserve_queries
from orders.reserve_purchase.rules import Grade
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

COUNT: Final = 1
_SKU: Final = "fuping-dazao-2500g-carton"
_FILING: Final = demo_id("reserve purchase", "dates")
_POINT: Final = demo_id("purchase point", "mingfeng")
_SECOND: Final = demo_id("purchase point", "yangping")
_PUBLISHED_AGO: Final = timedelta(days=12)
_TARE_G: Final = 1_800_000


@dataclass(frozen=True)
class Booked:
    """An appointment: so many packs, so many days from today, and what became of it."""

    quantity: int
    days: int
    steps: tuple[str, ...] = ()


_BOOKED: Final = (
    Booked(12, -3, ("weigh", "agree")),
    Booked(6, -2, ("weigh", "decline")),
    Booked(10, -1, ("miss",)),
    Booked(8, 0, ("weigh",)),
    Booked(15, 0),
    Booked(5, 0, ("turn-away",)),
    Booked(20, 3),
    Booked(9, 4, ("cancel",)),
)


async def load_reserve_purchases(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """All of it in one transaction; what is there already is left as it is."""
    if await missing(database, "reserve_purchases", "reserve_purchase_id", [_FILING]):
        async with database.begin() as db:
            await _load(db, now=now)
    advance(COUNT)


def _person(key: str) -> Caller:
    account = UNIT_ACCOUNTS[key]
    return Caller(account.person_id, account.organisation_id, "institution", frozenset(account.roles))


async def _load(db: AsyncSession, *, now: datetime) -> None:
    first = now - _PUBLISHED_AGO
    sku_id = demo_id("sku", _SKU)
    sku = (await sku_queries.list_for_sale(db, [sku_id]))[sku_id]
    school = _person("canteen")
    filer = Caller(demo_id("person", "reserve-filer"), school.organisation_id, "institution", frozenset({"buyer"}))
    facts: dict[str, Any] = {
        "title": "红枣政府收储",
        "year": business_day(now).year,
        "category": sku.category,
        "quality": "水分不超过 25%，无霉变、虫蛀；每箱净含量以过磅为准。",
        "wanted_g": 1_000_000,
        "budget_fen": 2_000_000,
        "county_codes": [sku.origin_county_code],
        "first_on": business_day(first),
        "last_on": business_day(now) + timedelta(days=45),
    }
    grades = [Grade("特等", "果形饱满，每千克不超过 90 个", 1800), Grade("一等", "每千克不超过 110 个", 1500)]
    filed = await reserve_actions.file_purchase(
        db, reserve_purchase_id=_FILING, facts=facts, grades=grades, caller=filer, now=first
    )
    await _open_points(db, filer, now=first)
    await reserve_actions.submit_purchase(
        db, reserve_purchase_id=_FILING, expected_revision=filed.revision, caller=filer, now=first
    )
    for key in ("canteen-head", "canteen-finance"):
        if (await reserve_queries.lock_purchase(db, _FILING)).status == "APPROVING":
            case = (await approval_queries.list_cases_of(db, _FILING))[0]
            await deciding.decide(
                db,
                case_id=case.case_id,
                verdict="APPROVE",
                reason="价格和数量合适，同意",
                expected_revision=case.revision,
                caller=_person(key),
                now=first,
            )
    for number, each in enumerate(_BOOKED):
        await _book(db, each, demo_id("reserve appointment", str(number)), sku, school, now=now)


async def _open_points(db: AsyncSession, filer: Caller, *, now: datetime) -> None:
    for point_id, name, address in (
        (_POINT, "鸣凤镇收购点", "鸣凤镇仓储路 8 号"),
        (_SECOND, "洋坪镇收购点", "洋坪镇供销社院内"),
    ):
        facts = {
            "name": name,
            "recipient": "收储库管理员",
            "phone": "0717-3810008",
            "county_code": COUNTY,
            "address_detail": address,
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "opens_at": time(8),
            "closes_at": time(17),
            "capacity_g": 100_000,
        }
        await point_actions.open_point(db, point_id=point_id, facts=facts, caller=filer, now=now)


async def _book(
    db: AsyncSession, each: Booked, appointment_id: UUID, sku: SaleSku, weigher: Caller, *, now: datetime
) -> None:
    seller = Caller(demo_id("person", "reserve-seller"), sku.supplier_id, "supplier", frozenset({"sales"}))
    then = now + timedelta(days=min(each.days, 0))
    made = await actions.book_appointment(
        db,
        appointment_id=appointment_id,
        reserve_purchase_id=_FILING,
        point_id=_POINT,
        day=business_day(now + timedelta(days=each.days)),
        sku_id=sku.sku_id,
        quantity=each.quantity,
        caller=seller,
        now=then - timedelta(days=2),
    )
    for step in each.steps:
        told: dict[str, Any] = {"appointment_id": appointment_id, "expected_revision": made.revision}
        if step == "weigh":
            gross_g = _TARE_G + each.quantity * sku.net_weight_g
            found = Weighing(gross_g, _TARE_G, each.quantity - 1, 1, "MOISTURE", 1)
            await weighing.weigh_in(db, **told, found=found, caller=weigher, now=then)
        elif step == "agree":
            await weighing.agree(db, **told, caller=seller, now=then)
        elif step == "decline":
            await weighing.decline(db, **told, reason="等级定低了，拉回", caller=seller, now=then)
        elif step == "turn-away":
            await actions.turn_away(db, **told, reason="抽样霉变超标", caller=weigher, now=then)
        elif step == "cancel":
            await actions.cancel_appointment(db, **told, reason="车坏了", caller=seller, now=then)
        else:
            await actions.miss_appointment(db, appointment_id=appointment_id, now=then + timedelta(days=1))
