"""Joint purchases and absorptions of the demo, some in each state that people bring about by themselves. All invented;
made by the actions of orders, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import OFFICES, OPERATOR, UNIT_ACCOUNTS, DemoAccount, supplier_account
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from orders.absorption import actions as absorption_actions
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.joint_purchase import actions, joining
from orders.joint_purchase.rules import Step
from orders.love_purchase import queries as love_queries
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase import ordering
from orders.purchase import queries as purchase_queries
from orders.sku import queries as sku_queries
from orders.sku.rules import unit_price_fen
from shared.auth import Caller
from shared.db import Database

_SUPPLIER: Final = "fuping-zaohua"
_SKUS: Final = text("""
    SELECT sku_id FROM sellable_skus JOIN stock_levels USING (sku_id)
    WHERE is_listed AND supplier_id = :supplier_id AND available >= 250 AND presale IS NULL
      AND price_valid_from <= :oldest AND price_valid_until IS NULL
    ORDER BY price_fen, sku_id LIMIT 1
""")
_ADDRESS: Final = Address("演示收货人", "13800000000", "420525", "鸣凤镇演示路 1 号")
_APPROVERS: Final = {"canteen": ("canteen-head", "canteen-finance"), "education": ("education-approver",)}
_MOST: Final = 80


@dataclass(frozen=True)
class DemoJoint:
    """A joint purchase: who organises it, when it closes from now, what each unit takes, and how far it goes."""

    key: str
    title: str
    organiser: str
    closes: timedelta
    reached: str
    shares: tuple[tuple[str, int], ...] = ()

    @property
    def joint_purchase_id(self) -> UUID:
        """Its id."""
        return demo_id("joint-purchase", self.key)


@dataclass(frozen=True)
class DemoAbsorption:
    """A flagged harvest that units are asked for, what they pledge, and what came of it."""

    flag: str
    level: str
    reason: str
    quantity: int
    pledges: tuple[tuple[str, int], ...] = ()
    outcome: str = ""

    @property
    def absorption_id(self) -> UUID:
        """Its id."""
        return demo_id("absorption", self.flag)


JOINTS: Final = (
    DemoJoint("draft", "春季红枣联采（拟）", "canteen", timedelta(days=12), "drafted"),
    DemoJoint("offered", "远安县学校红枣联采", "canteen", timedelta(days=9), "offered"),
    DemoJoint(
        "open",
        "远安县食堂腊八粥红枣联采",
        "education",
        timedelta(days=6),
        "opened",
        (("canteen", 25), ("education", 18)),
    ),
    DemoJoint(
        "closed",
        "远安县十二月红枣联采",
        "canteen",
        timedelta(days=-1),
        "closed",
        (("canteen", 30), ("education", 15)),
    ),
    DemoJoint(
        "ordered",
        "远安县十一月红枣联采",
        "canteen",
        timedelta(days=-12),
        "ordered",
        (("canteen", 24), ("education", 16)),
    ),
    DemoJoint("failed", "远安县重阳红枣联采", "education", timedelta(days=-25), "closed", (("education", 6),)),
    DemoJoint("cancelled", "远安县国庆红枣联采", "canteen", timedelta(days=20), "cancelled"),
)
ABSORPTIONS: Final = (
    DemoAbsorption("white-fungus", "RED", "银耳集中采收，收购商压价，请各单位食堂认购。", 200),
    DemoAbsorption(
        "big-jujubes",
        "ORANGE",
        "大枣增产三成，整箱积压，请各单位集中采购。",
        120,
        (("canteen", 20), ("education", 12)),
    ),
    DemoAbsorption(
        "flower-shiitake",
        "YELLOW",
        "礼盒订单取消，请工会和食堂认购。",
        40,
        (("canteen", 6),),
        "余下由批发市场收购，预警解除。",
    ),
)
COUNT: Final = len(JOINTS) + len(ABSORPTIONS)


async def load_pooled(orders: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Each in a transaction of its own; what is there already is left as it is, and so is what its supplier has too
    little of."""
    supplier_id = supplier_account(_SUPPLIER).organisation_id
    new = await missing(orders, "joint_purchases", "joint_purchase_id", [each.joint_purchase_id for each in JOINTS])
    async with orders.read() as db:
        oldest = now - timedelta(days=40)
        sku_id = await db.scalar(_SKUS, {"supplier_id": supplier_id, "oldest": oldest})
    for joint in JOINTS:
        if joint.joint_purchase_id in new and sku_id is not None:
            async with orders.begin() as db:
                await _load_joint(db, joint, sku_id, now=now)
        advance(1)
    new = await missing(orders, "absorptions", "absorption_id", [each.absorption_id for each in ABSORPTIONS])
    for absorption in ABSORPTIONS:
        if absorption.absorption_id in new:
            async with orders.begin() as db:
                await _load_absorption(db, absorption, now=now)
        advance(1)


def _caller(account: DemoAccount, kind: str) -> Caller:
    return Caller(account.person_id, account.organisation_id, kind, frozenset(account.roles), regions=account.regions)


def _unit(key: str) -> Caller:
    return _caller(UNIT_ACCOUNTS[key], "institution")


async def _load_joint(db: AsyncSession, joint: DemoJoint, sku_id: UUID, *, now: datetime) -> None:
    closes_at = now + joint.closes
    begun, organiser = min(now, closes_at) - timedelta(days=6), _unit(joint.organiser)
    sku = (await sku_queries.list_for_sale(db, [sku_id]))[sku_id]
    price_fen = unit_price_fen(sku, group="institution", quantity=1, now=begun)
    made = await actions.create_joint_purchase(
        db,
        joint_purchase_id=joint.joint_purchase_id,
        draft=actions.Draft(
            title=joint.title,
            note="（演示）送到各单位食堂，随货附合格证。",
            sku_id=sku_id,
            steps=tuple(Step(floor, price_fen * off // 100) for floor, off in ((20, 96), (40, 92), (60, 88))),
            most_count=_MOST,
            scope="REGION",
            region_code="420525",
            unit_codes=(),
            closes_at=closes_at,
            deliver_from=closes_at + timedelta(days=10),
            deliver_until=closes_at + timedelta(days=20),
        ),
        caller=organiser,
        now=begun,
    )
    given: dict[str, Any] = {"joint_purchase_id": joint.joint_purchase_id}
    if joint.reached == "drafted":
        return
    await actions.offer_joint_purchase(
        db, expected_revision=made.revision, caller=organiser, now=begun + timedelta(hours=1), **given
    )
    if joint.reached == "cancelled":
        await actions.cancel_joint_purchase(
            db, expected_revision=made.revision, reason="放假时间调整，改为各自采购。", caller=organiser,
            now=begun + timedelta(hours=4), **given,
        )  # fmt: skip
    if joint.reached in {"offered", "cancelled"}:
        return
    await actions.answer_offer(
        db, agrees=True, expected_revision=made.revision, reason="", now=begun + timedelta(hours=5),
        caller=_caller(supplier_account(_SUPPLIER), "supplier"), **given,
    )  # fmt: skip
    for unit, quantity in joint.shares:
        await joining.join(
            db,
            share_id=demo_id("joint-share", f"{joint.key} {unit}"),
            quantity=quantity,
            fund="CANTEEN",
            address=_ADDRESS,
            caller=_unit(unit),
            now=begun + timedelta(days=1),
            **given,
        )
    if joint.reached == "opened":
        return
    await actions.follow(db, now=closes_at, **given)
    if joint.reached == "ordered":
        for unit, _ in joint.shares:
            await _order(db, unit, demo_id("joint-share", f"{joint.key} {unit}"), now=closes_at + timedelta(days=1))
        await actions.follow(db, now=closes_at + timedelta(days=2), **given)


async def _order(db: AsyncSession, unit: str, share_id: UUID, *, now: datetime) -> None:
    """The unit's own people approve and order its share."""
    handler = _unit(unit).person_id
    found = await purchase_queries.find_of_source(db, "JOINT", share_id)
    if found is None:
        return
    bought = await purchase_actions.submit_purchase(
        db, purchase_id=found.purchase_id, expected_revision=None, case_id=demo_id("approval", f"joint {share_id}"),
        by=handler, now=now,
    )  # fmt: skip
    for approver in _APPROVERS[unit]:
        if bought.status == "SUBMITTED":
            case = await approval_queries.get_case(db, demo_id("approval", f"joint {share_id}"))
            await deciding.decide(
                db, case_id=case.case_id, verdict="APPROVE", reason="同意。", expected_revision=case.revision,
                caller=_unit(approver), now=now + timedelta(hours=1),
            )  # fmt: skip
    await ordering.order_purchase(
        db, purchase_id=found.purchase_id, expected_revision=None, by=handler, now=now + timedelta(hours=2)
    )


async def _load_absorption(db: AsyncSession, each: DemoAbsorption, *, now: datetime) -> None:
    flag_id = demo_id("love", each.flag)
    flag = await love_queries.find_open(db, flag_id)
    if flag is None:
        return
    office = OFFICES.get((flag.county_code, "agriculture"))
    caller = _caller(OPERATOR, "operator") if office is None else _caller(office, "official")
    sku = (await sku_queries.list_for_sale(db, [flag.sku_id]))[flag.sku_id]
    begun = now - timedelta(days=3)
    price_fen = unit_price_fen(sku, group="institution", quantity=1, now=begun) * 92 // 100
    made = await absorption_actions.publish_absorption(
        db,
        absorption_id=each.absorption_id,
        love_purchase_id=flag_id,
        facts={
            "level": each.level,
            "reason": each.reason,
            "source": "（演示）滞销预警 2026 年第 11 期",
            "quantity": each.quantity,
            "price_fen": price_fen,
            "closes_at": now + timedelta(days=12),
        },
        caller=caller,
        now=begun,
    )
    for number, (unit, quantity) in enumerate(each.pledges, start=1):
        await absorption_actions.pledge(
            db,
            absorption_id=each.absorption_id,
            share_id=demo_id("pledge", f"{each.flag} {unit}"),
            quantity=quantity,
            fund="CANTEEN",
            address=_ADDRESS,
            caller=_unit(unit),
            now=begun + timedelta(hours=8 * number),
        )
    if each.outcome:
        await absorption_actions.close_absorption(
            db, absorption_id=each.absorption_id, expected_revision=made.revision, outcome=each.outcome, caller=caller,
            now=now - timedelta(hours=3),
        )  # fmt: skip
