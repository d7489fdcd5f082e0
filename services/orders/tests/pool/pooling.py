"""Units with money, a supplier's SKU, and pools of it, for tests of joint purchases and absorptions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.absorption import actions as absorption_actions
from orders.absorption.models import Absorption, AbsorptionPledge
from orders.joint_purchase import actions, joining, rules
from orders.joint_purchase import queries as joint_queries
from orders.joint_purchase.models import JointPurchase, JointShare
from orders.love_purchase import actions as love_actions
from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.purchase import ordering
from orders.purchase import queries as purchase_queries
from orders.purchase.models import Purchase
from orders.stock.actions import hold_stock
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.factories import ADDRESS, NOW, listed_sku
from services.orders.tests.purchase.buying import Office, an_office, approved
from shared.auth import Caller
from shared.clock import utc_now

DEADLINE = NOW + timedelta(days=5)
DEADLINE_IN = timedelta(days=5)
AFTER = DEADLINE + timedelta(minutes=1)
STEPS = (rules.Step(100, 3500), rules.Step(200, 3200), rules.Step(400, 2900))
LISTED_FEN = 3980
ORIGIN = "420325"
_HELD = text("SELECT held, available FROM stock_levels WHERE sku_id = :sku_id")


@dataclass
class Market:
    """A SKU on sale at 39.80 yuan, its supplier, and offices."""

    sku_id: UUID
    supplier: Caller
    offices: list[Office]

    @property
    def organiser(self) -> Office:
        """Who opens joint purchases."""
        return self.offices[0]


async def market(db: AsyncSession, *, offices: int = 3, stock: int = 1000) -> Market:
    """Everybody who takes part; the offices stand below none."""
    supplier_id = uuid4()
    sku = await listed_sku(db, stock=stock, supplier_id=supplier_id, price_fen=LISTED_FEN)
    people = Caller(uuid4(), supplier_id, "supplier", frozenset({"sales"}))
    return Market(sku.sku_id, people, [await an_office(db) for _ in range(offices)])


def draft_of(there: Market, **given: Any) -> actions.Draft:
    """What the first office proposes to all offices of its county; say what matters."""
    facts: dict[str, Any] = {
        "title": "三校联采大枣",
        "note": "",
        "sku_id": there.sku_id,
        "steps": STEPS,
        "most_count": 500,
        "scope": "REGION",
        "region_code": "522600",
        "unit_codes": (),
        "closes_at": DEADLINE,
        "deliver_from": DEADLINE + timedelta(days=20),
        "deliver_until": DEADLINE + timedelta(days=25),
    }
    return actions.Draft(**{**facts, **given})


async def drafted(db: AsyncSession, there: Market, *, now: datetime = NOW, **given: Any) -> JointPurchase:
    """A draft."""
    return await actions.create_joint_purchase(
        db,
        joint_purchase_id=uuid4(),
        draft=draft_of(there, **given),
        caller=there.organiser.caller("buyer"),
        now=now,
    )


async def offered(db: AsyncSession, there: Market, *, now: datetime = NOW, **given: Any) -> JointPurchase:
    """One that waits for its supplier."""
    made = await drafted(db, there, now=now, **given)
    return await actions.offer_joint_purchase(
        db,
        joint_purchase_id=made.joint_purchase_id,
        expected_revision=made.revision,
        caller=there.organiser.caller("buyer"),
        now=now,
    )


async def opened(db: AsyncSession, there: Market, *, now: datetime = NOW, **given: Any) -> JointPurchase:
    """One that units may join."""
    made = await offered(db, there, now=now, **given)
    return await actions.answer_offer(
        db,
        joint_purchase_id=made.joint_purchase_id,
        agrees=True,
        expected_revision=made.revision,
        reason="",
        caller=there.supplier,
        now=now,
    )


async def joined(
    db: AsyncSession, joint: JointPurchase, office: Office, quantity: int, *, now: datetime = NOW, **given: Any
) -> JointShare:
    """An office's share."""
    facts: dict[str, Any] = {"fund": "CANTEEN", "address": ADDRESS, "caller": office.caller("buyer")}
    return await joining.join(
        db,
        joint_purchase_id=joint.joint_purchase_id,
        share_id=uuid4(),
        quantity=quantity,
        now=now,
        **(facts | given),
    )


async def closed(db: AsyncSession, there: Market, *quantities: int) -> JointPurchase:
    """One after its deadline, with a share of each office."""
    joint = await opened(db, there)
    for office, quantity in zip(there.offices, quantities, strict=False):
        await joined(db, joint, office, quantity)
    return await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER)


def official(*regions: str, role: str = "agriculture") -> Caller:
    """Who cares for farming in these regions; in the SKU's county unless others are given."""
    return Caller(uuid4(), kind="official", roles=frozenset({role}), regions=regions or (ORIGIN,))


async def flagged(db: AsyncSession, there: Market, *, closes_at: datetime | None = None) -> UUID:
    """The SKU's harvest will not sell: flagged by an official."""
    facts = {
        "sku_id": there.sku_id,
        "reason": "集中上市，外运受阻",
        "reason_en": "",
        "source": "",
        "target_count": 500,
        "closes_at": closes_at or NOW + timedelta(days=30),
    }
    made = await love_actions.flag_harvest(
        db, love_purchase_id=uuid4(), facts=facts, caller=official(), now=NOW if closes_at is None else utc_now()
    )
    return made.love_purchase_id


def terms(**given: Any) -> dict[str, Any]:
    """What an official asks for."""
    facts: dict[str, Any] = {
        "level": "ORANGE",
        "reason": "大枣集中上市，客商压价",
        "source": "滞销预警 2026-11-20",
        "quantity": 100,
        "price_fen": 3600,
        "closes_at": DEADLINE,
    }
    return facts | given


async def published(db: AsyncSession, there: Market, *, now: datetime = NOW, **given: Any) -> Absorption:
    """An absorption that nobody has answered yet."""
    return await absorption_actions.publish_absorption(
        db,
        absorption_id=uuid4(),
        love_purchase_id=await flagged(db, there, closes_at=None if now == NOW else now + timedelta(days=20)),
        facts=terms(**given),
        caller=official(),
        now=now,
    )


async def pledged(
    db: AsyncSession, found: Absorption, office: Office, quantity: int, *, now: datetime = NOW, **given: Any
) -> AbsorptionPledge:
    """An office's pledge."""
    facts: dict[str, Any] = {"fund": "CANTEEN", "address": ADDRESS, "caller": office.caller("buyer")}
    return await absorption_actions.pledge(
        db, absorption_id=found.absorption_id, share_id=uuid4(), quantity=quantity, now=now, **(facts | given)
    )


async def purchase_of(db: AsyncSession, way: Any, share_id: UUID) -> Purchase:
    """What the share became."""
    found = await purchase_queries.find_of_source(db, way, share_id)
    assert found is not None
    await db.refresh(found)
    return found


async def ordered(db: AsyncSession, office: Office, bought: Purchase, *, now: datetime = NOW) -> UUID:
    """Approved by the office's people and ordered; the order's id."""
    bought = await approved(db, office, bought)
    await db.refresh(bought)
    await ordering.order_purchase(
        db, purchase_id=bought.purchase_id, expected_revision=None, by=office.caller("buyer").person_id, now=now
    )
    [row] = await purchase_queries.list_orders(db, bought.purchase_id)
    order_id: UUID = row.order_id
    return order_id


async def brought(db: AsyncSession, there: Market, order_id: UUID, quantity: int) -> None:
    """The supplier confirms and sends it, and it arrives."""
    await unit_order_actions.confirm_order(db, order_id=order_id, caller=there.supplier, now=NOW + timedelta(hours=1))
    [part] = (await order_queries.lock_order(db, order_id))["parts"]
    part_id = UUID(part["supplier_order_id"])
    await order_actions.mark_shipped(
        db,
        order_id=order_id,
        supplier_order_id=part_id,
        quantities={there.sku_id: quantity},
        shipped_at=NOW + timedelta(hours=2),
    )
    await order_actions.mark_delivered(
        db, order_id=order_id, supplier_order_id=part_id, delivered_at=NOW + timedelta(hours=3)
    )


async def stock(db: AsyncSession, sku_id: UUID) -> tuple[int, int]:
    """What is held and what nobody holds."""
    row = (await db.execute(_HELD, {"sku_id": sku_id})).one()
    return row.held, row.available


async def listed_away(db: AsyncSession, sku_id: UUID) -> None:
    """Everything that nobody holds is gone from the shelf."""
    _, available = await stock(db, sku_id)
    await hold_stock(db, holder_id=uuid4(), purpose="order", quantities={sku_id: available}, until=None, now=NOW)


async def shares_of(db: AsyncSession, there: Market, joint: JointPurchase) -> list[Any]:
    """The response list in the order of the offices."""
    rows = {each.unit_id: each for each in await joint_queries.list_shares(db, joint.joint_purchase_id, limit=50)}
    return [rows[each.unit_id] for each in there.offices if each.unit_id in rows]
