"""Units, a supplier and crop orders of theirs, for tests of what becomes of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.crop_order import actions, paying, queries, sharing
from orders.crop_order.models import CropHarvest, CropOrder
from orders.crop_order.rules import Stage
from orders.crop_order.sharing import SeasonOf
from services.orders.tests.budget.granting import granted
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.unit_factories import unit as a_unit
from shared.auth import Caller
from shared.clock import business_day
from shared.events.catalog import SkuListed

TODAY = business_day(NOW)
SOWING, HARVEST, LAST = TODAY + timedelta(days=10), TODAY + timedelta(days=100), TODAY + timedelta(days=120)
STAGES = (Stage("SOWING", SOWING), Stage("RIPENING", TODAY + timedelta(days=90)))


@dataclass(frozen=True)
class Side:
    """A unit and its people."""

    unit: Any
    handler: Caller
    approver: Caller
    financier: Caller


@dataclass(frozen=True)
class Parties:
    """Who orders what from whom."""

    sku: SkuListed
    supplier: Caller
    side: Side

    @property
    def season(self) -> SeasonOf:
        """Of all orders here."""
        return SeasonOf(self.sku.sku_id, LAST.year, "AUTUMN")


async def a_side(db: AsyncSession, *, budget_fen: int = 10_000_000, **given: Any) -> Side:
    """A unit with money for its canteen."""
    unit = await a_unit(db, **given)
    if budget_fen:
        await granted(db, unit.unit_id, budget_fen, fund="CANTEEN")
    people = [
        Caller(uuid4(), unit.organisation_id, "institution", frozenset({role}))
        for role in ("buyer", "approver", "finance")
    ]
    return Side(unit, *people)


async def parties(db: AsyncSession, *, budget_fen: int = 10_000_000) -> Parties:
    """One unit, and a supplier with a pack on sale of which nothing is there yet."""
    sku = await listed_sku(db)
    seller = Caller(uuid4(), sku.supplier_id, "supplier", frozenset({"sales"}))
    return Parties(sku, seller, await a_side(db, budget_fen=budget_fen))


def facts(sku_id: UUID, **given: Any) -> dict[str, Any]:
    """A hundred boxes at 30 yuan, a fifth of it ahead, at least half of them."""
    return {
        "title": "食堂秋收稻米",
        "fund": "CANTEEN",
        "sku_id": sku_id,
        "quantity": 100,
        "unit_price_fen": 3000,
        "deposit_bp": 2000,
        "least_share_bp": 5000,
        "season": "AUTUMN",
        "sowing_on": SOWING,
        "harvest_from_on": HARVEST,
        "harvest_until_on": LAST,
        "terms": "",
        "recipient": "食堂",
        "phone": "13800000000",
        "county_code": "420325",
        "address_detail": "城关镇一号",
        **given,
    }


async def drafted(db: AsyncSession, those: Parties, side: Side | None = None, **given: Any) -> CropOrder:
    """A draft of the first unit, or of another."""
    now = given.pop("now", NOW)
    return await actions.draft_crop_order(
        db,
        crop_order_id=given.pop("crop_order_id", None) or uuid4(),
        facts=facts(those.sku.sku_id, **given),
        stages=STAGES,
        caller=(side or those.side).handler,
        now=now,
    )


async def submitted(db: AsyncSession, those: Parties, side: Side | None = None, **given: Any) -> CropOrder:
    """One that its approvers look at."""
    now = given.get("now", NOW)
    crop = await drafted(db, those, side, **given)
    return await actions.submit_crop_order(
        db,
        crop_order_id=crop.crop_order_id,
        expected_revision=crop.revision,
        caller=(side or those.side).handler,
        now=now,
    )


async def decided(db: AsyncSession, crop: CropOrder, person: Caller, verdict: Any = "APPROVE") -> CropOrder:
    """The person decides on its latest approval."""
    case = (await approval_queries.list_cases_of(db, crop.crop_order_id))[0]
    await deciding.decide(
        db,
        case_id=case.case_id,
        verdict=verdict,
        reason="价格合理",
        expected_revision=case.revision,
        caller=person,
        now=NOW,
    )
    return await queries.lock_crop_order(db, crop.crop_order_id)


async def offered(db: AsyncSession, those: Parties, side: Side | None = None, **given: Any) -> CropOrder:
    """Submitted and approved by all whom its tier asks."""
    crop = await submitted(db, those, side, **given)
    people = side or those.side
    for person in (people.approver, people.financier):
        if crop.status == "SUBMITTED":
            crop = await decided(db, crop, person)
    return crop


async def agreed(db: AsyncSession, those: Parties, side: Side | None = None, **given: Any) -> CropOrder:
    """Its supplier agreed too."""
    return await answered(db, those, await offered(db, those, side, **given))


async def answered(db: AsyncSession, those: Parties, crop: CropOrder, *, does_agree: bool = True) -> CropOrder:
    """The supplier's word."""
    return await actions.answer_offer(
        db,
        crop_order_id=crop.crop_order_id,
        does_agree=does_agree,
        expected_revision=crop.revision,
        reason="如此",
        caller=those.supplier,
        now=NOW,
    )


async def told(db: AsyncSession, those: Parties, crop: CropOrder, side: Side | None = None) -> CropOrder:
    """Its unit says that it paid the deposit."""
    return await paying.tell_deposit(
        db,
        crop_order_id=crop.crop_order_id,
        paid_on=TODAY,
        voucher="YH-1",
        expected_revision=crop.revision,
        caller=(side or those.side).financier,
        now=NOW,
    )


async def deposited(db: AsyncSession, those: Parties, crop: CropOrder, *, has_come: bool = True) -> CropOrder:
    """The supplier says whether it came."""
    return await paying.answer_deposit(
        db,
        crop_order_id=crop.crop_order_id,
        has_come=has_come,
        reason="" if has_come else "未到账",
        expected_revision=crop.revision,
        caller=those.supplier,
        now=NOW,
    )


async def grown(db: AsyncSession, those: Parties, side: Side | None = None, **given: Any) -> CropOrder:
    """With its deposit paid, it waits for the harvest."""
    crop = await agreed(db, those, side, **given)
    return await deposited(db, those, await told(db, those, crop, side))


async def declared(db: AsyncSession, those: Parties, count: int, *, now: datetime = NOW) -> CropHarvest:
    """The supplier looks at the shares of so large a harvest, and declares it."""
    _, seen = await sharing.preview_sharing(db, season=those.season, harvested_count=count, caller=those.supplier)
    return await sharing.declare_harvest(
        db,
        harvest_id=uuid4(),
        season=those.season,
        harvested_count=count,
        note="",
        seen=seen.seen,
        caller=those.supplier,
        now=now,
    )


async def fresh(db: AsyncSession, crop: CropOrder) -> CropOrder:
    """As it is now."""
    return await queries.lock_crop_order(db, crop.crop_order_id)


async def budget_of(db: AsyncSession, side: Side) -> tuple[int, int]:
    """What of the unit's budget is committed, and what is consumed."""
    found = await db.execute(
        text("SELECT sum(committed_fen), sum(consumed_fen) FROM budgets WHERE unit_id = :unit_id"),
        {"unit_id": side.unit.unit_id},
    )
    committed_fen, consumed_fen = found.one()
    return int(committed_fen), int(consumed_fen)


def day_after(days: int) -> date:
    """So many days from today."""
    return TODAY + timedelta(days=days)
