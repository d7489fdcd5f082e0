"""A reserve institution, its point, and suppliers that bring it packs."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.appointment import actions, queries
from orders.appointment.models import Appointment
from orders.appointment.rules import Weighing
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.purchase_point import actions as point_actions
from orders.reserve_purchase import actions as reserve_actions
from orders.reserve_purchase import queries as reserve_queries
from orders.reserve_purchase.models import ReservePurchase
from orders.reserve_purchase.rules import Grade
from services.orders.tests.budget.granting import granted
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.unit_factories import unit as a_unit
from shared.auth import Caller
from shared.clock import business_day
from shared.events.catalog import SkuListed

FIRST_COUNTY, OTHER_COUNTY = "420325", "420106"
PIECE_G = 25_000
TODAY = business_day(NOW)
DAY = TODAY + timedelta(days=5)
ON_THE_DAY = NOW + timedelta(days=5)
GRADES = (Grade("一等", "水分不超过 13%", 400), Grade("二等", "水分不超过 14%", 361))


@dataclass(frozen=True)
class Store:
    """Who takes in what, where, from whom: the first SKU is of a county that comes first, the other is not."""

    filer: Caller
    weigher: Caller
    approvers: tuple[Caller, ...]
    unit_id: UUID
    reserve_purchase_id: UUID
    point_id: UUID
    sku: SkuListed
    other: SkuListed
    day: date = DAY

    def seller(self, sku: SkuListed | None = None) -> Caller:
        """Who sells the SKU; the first without one."""
        return Caller(uuid4(), (sku or self.sku).supplier_id, "supplier", frozenset({"sales"}))


def facts(today: date = TODAY, **given: Any) -> dict[str, Any]:
    """A filing of a hundred packs over a month, paid for at the best grade's price."""
    return {
        "title": "秋粮收储",
        "year": today.year,
        "category": "grain",
        "quality": "水分、杂质按国标",
        "wanted_g": 100 * PIECE_G,
        "budget_fen": 1_000_000,
        "county_codes": [FIRST_COUNTY],
        "first_on": today,
        "last_on": today + timedelta(days=30),
        **given,
    }


def point_facts(**given: Any) -> dict[str, Any]:
    """Open all week, for forty packs a day."""
    return {
        "name": "城关收购点",
        "recipient": "收储库",
        "phone": "0719-3220001",
        "county_code": FIRST_COUNTY,
        "address_detail": "城关镇仓储路 1 号",
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "opens_at": time(8),
        "closes_at": time(17),
        "capacity_g": 40 * PIECE_G,
        **given,
    }


async def filed(db: AsyncSession, *, now: datetime = NOW, stock: int = 1000, **given: Any) -> Store:
    """A draft of the filing, with an open point."""
    unit = await a_unit(db, kind="STATE_ENTERPRISE")
    await granted(db, unit.unit_id, 5_000_000, fund="OTHER", year=business_day(now).year)

    def person(*roles: str) -> Caller:
        return Caller(uuid4(), unit.organisation_id, "institution", frozenset(roles))

    filer = person("buyer")
    told = {"category": "grain", "net_weight_g": PIECE_G, "supplier_id": uuid4(), "stock": stock}
    first = await listed_sku(db, **told, origin_county_code=FIRST_COUNTY)
    other = await listed_sku(db, **(told | {"supplier_id": uuid4()}), origin_county_code=OTHER_COUNTY)
    capacity = {"capacity_g": given.pop("capacity_g")} if "capacity_g" in given else {}
    made = await reserve_actions.file_purchase(
        db,
        reserve_purchase_id=uuid4(),
        facts=facts(business_day(now), **given),
        grades=GRADES,
        caller=filer,
        now=now,
    )
    point = await point_actions.open_point(db, point_id=uuid4(), facts=point_facts(**capacity), caller=filer, now=now)
    return Store(
        filer,
        person("buyer"),
        (person("approver"), person("finance")),
        unit.unit_id,
        made.reserve_purchase_id,
        point.point_id,
        first,
        other,
        business_day(now) + timedelta(days=5),
    )


async def submitted(db: AsyncSession, store: Store, *, now: datetime = NOW) -> ReservePurchase:
    """Before its approvers."""
    made = await reserve_queries.lock_purchase(db, store.reserve_purchase_id)
    return await reserve_actions.submit_purchase(
        db,
        reserve_purchase_id=store.reserve_purchase_id,
        expected_revision=made.revision,
        caller=store.filer,
        now=now,
    )


async def decided(
    db: AsyncSession, store: Store, person: Caller, verdict: Any = "APPROVE", *, now: datetime = NOW
) -> None:
    """The person decides on it."""
    case = (await approval_queries.list_cases_of(db, store.reserve_purchase_id))[0]
    await deciding.decide(
        db,
        case_id=case.case_id,
        verdict=verdict,
        reason="同意",
        expected_revision=case.revision,
        caller=person,
        now=now,
    )


async def published(db: AsyncSession, *, now: datetime = NOW, **given: Any) -> Store:
    """Approved by all whom its tier asks."""
    store = await filed(db, now=now, **given)
    await submitted(db, store, now=now)
    for person in store.approvers:
        if (await reserve_queries.lock_purchase(db, store.reserve_purchase_id)).status == "APPROVING":
            await decided(db, store, person, now=now)
    return store


async def booked(
    db: AsyncSession, store: Store, quantity: int = 10, *, now: datetime = NOW, **given: Any
) -> Appointment:
    """Packs of the first SKU for the day, unless said otherwise."""
    sku = given.get("sku", store.sku)
    return await actions.book_appointment(
        db,
        appointment_id=uuid4(),
        reserve_purchase_id=store.reserve_purchase_id,
        point_id=store.point_id,
        day=given.get("day", store.day),
        sku_id=sku.sku_id,
        quantity=quantity,
        caller=store.seller(sku),
        now=now,
    )


def found(accepted: int = 8, refused: int = 0, **given: Any) -> Weighing:
    """Packs of their stated weight on a lorry of three tons."""
    least = Weighing(
        gross_g=3_000_000 + (accepted + refused) * PIECE_G,
        tare_g=3_000_000,
        accepted_count=accepted,
        refused_count=refused,
        cause="MOISTURE" if refused else "",
        grade_number=1,
    )
    return replace(least, **given)


async def sums(db: AsyncSession, store: Store) -> tuple[int, int, int]:
    """What is taken of the filing, what of it by others, and of the day, in packs."""
    row = (
        await db.execute(
            text("""
                SELECT taken_g, taken_other_g, coalesce((
                    SELECT sum(booked_g) FROM purchase_point_days AS day WHERE day.point_id = :point_id
                ), 0)::bigint AS day_g FROM reserve_purchases WHERE reserve_purchase_id = :id
            """),
            {"id": store.reserve_purchase_id, "point_id": store.point_id},
        )
    ).one()
    return row.taken_g // PIECE_G, row.taken_other_g // PIECE_G, row.day_g // PIECE_G


async def state(db: AsyncSession, made: Appointment) -> tuple[Any, ...]:
    """Everything that a refusal leaves as it is: the row, its trail, what was ordered, what was told."""
    row = await queries.lock_appointment(db, made.appointment_id)
    counted = (
        await db.execute(
            text("""
                SELECT (SELECT count(*) FROM trail_entries WHERE subject_id = :id), (SELECT count(*) FROM purchases),
                       (SELECT count(*) FROM outbox)
            """),
            {"id": made.appointment_id},
        )
    ).one()
    return (row.status, row.revision, row.day, row.quantity, row.ticket_number, *counted)
