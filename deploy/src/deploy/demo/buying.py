"""What the demo's units buy: budgets of this year and the last, and purchases in every state at the middle school."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import UNIT_ACCOUNTS, DemoAccount
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from deploy.demo.units import DemoUnit, demo_units
from orders.approval import actions as approval_actions
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.budget import actions as budget_actions
from orders.order.rules import Address
from orders.purchase import actions, ordering
from orders.purchase.rules import PurchaseLine
from orders.unit.rules import Fund
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

_SKUS: Final = text("""
    SELECT sku_id FROM sellable_skus JOIN stock_levels USING (sku_id)
    WHERE is_listed AND available >= 300 AND price_valid_from <= :now AND price_valid_until IS NULL
      AND upper(temperature_class) = 'AMBIENT' AND presale IS NULL
    ORDER BY price_fen, sku_id LIMIT 6
""")
_ADDRESS: Final = Address("演示收货人", "13800000000", "420525", "鸣凤镇演示路 1 号")
_SUMS: Final[dict[Fund, int]] = {"CANTEEN": 30_000_000, "UNION": 8_000_000, "OTHER": 1_000_000}


@dataclass(frozen=True)
class _Plan:
    """A purchase: of which unit, how long ago, of how many pieces of which SKUs, and how far it went."""

    key: str
    unit: str
    title: str
    fund: Fund
    days_ago: int
    pieces: int
    first: int
    steps: tuple[str, ...]


_PLANS: Final = (
    _Plan("ordered", "canteen", "十一月食堂干货", "CANTEEN", 3, 12, 0, ("submit", "approver", "order")),
    _Plan("approved", "canteen", "下周杂粮补货", "CANTEEN", 2, 8, 1, ("submit", "approver")),
    _Plan("waiting", "canteen", "冬季香菇木耳", "CANTEEN", 0, 10, 2, ("submit",)),
    _Plan("refused", "canteen", "教师节余货", "OTHER", 20, 5, 3, ("submit", "refuse")),
    _Plan("draft", "canteen", "元旦前采购", "CANTEEN", 0, 6, 4, ()),
    _Plan("union", "canteen", "元旦慰问样品", "UNION", 1, 4, 1, ()),
    _Plan("education", "education", "机关食堂干货", "CANTEEN", 5, 15, 2, ("submit", "approver", "order")),
    _Plan("education-waiting", "education", "机关食堂杂粮", "CANTEEN", 0, 9, 0, ("submit",)),
)
_PEOPLE: Final = {
    "canteen": {"handler": "canteen", "approver": "canteen-head", "finance": "canteen-finance"},
    "education": {"handler": "education", "approver": "education-approver", "finance": "education-approver"},
}
COUNT: Final = 1 + len(_PLANS)


async def load_buying(orders: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Grant what every activated unit has, write what is missing, and let a head be away next week."""
    year = business_day(now).year
    async with orders.begin() as db:
        for unit in demo_units():
            if unit.organisation_id is not None:
                await _grant(db, unit, (year - 1, year), now=now)
    advance(1)
    new = await missing(orders, "purchases", "purchase_id", (_id(plan) for plan in _PLANS))
    async with orders.read() as db:
        oldest = now - timedelta(days=1 + max(plan.days_ago for plan in _PLANS))
        sku_ids = list(await db.scalars(_SKUS, {"now": oldest}))
    for plan in _PLANS:
        if _id(plan) in new and sku_ids:
            async with orders.begin() as db:
                await _buy(db, plan, sku_ids, now=now - timedelta(days=plan.days_ago, hours=2))
        advance(1)
    lent = demo_id("delegation", "canteen-head")
    if await missing(orders, "approval_delegations", "delegation_id", [lent]):
        async with orders.begin() as db:
            await _delegate(db, lent, now=now)


async def _grant(db: AsyncSession, unit: DemoUnit, years: Sequence[int], *, now: datetime) -> None:
    for year in years:
        for fund, amount_fen in _SUMS.items():
            await budget_actions.grant(
                db,
                unit_id=unit.unit_id,
                year=year,
                fund=fund,
                amount_fen=amount_fen,
                entry_id=demo_id("budget", f"{unit.key} {year} {fund}"),
                reason="年初批复",
                by=None,
                now=now - timedelta(days=60),
            )


async def _buy(db: AsyncSession, plan: _Plan, sku_ids: Sequence[UUID], *, now: datetime) -> None:
    people = {duty: UNIT_ACCOUNTS[name] for duty, name in _PEOPLE[plan.unit].items()}
    handler, purchase_id = people["handler"].person_id, _id(plan)
    chosen = [sku_ids[(plan.first + turn) % len(sku_ids)] for turn in range(min(3, len(sku_ids)))]
    await actions.draft_purchase(
        db,
        purchase_id=purchase_id,
        unit_id=demo_id("unit", plan.unit),
        way="DIRECT",
        fund=plan.fund,
        lines=[PurchaseLine(sku_id, plan.pieces) for sku_id in chosen],
        title=plan.title,
        caller_id=handler,
        address=_ADDRESS,
        now=now,
    )
    for number, step in enumerate(plan.steps, start=1):
        then = now + timedelta(minutes=10 * number)
        if step == "submit":
            await actions.submit_purchase(
                db,
                purchase_id=purchase_id,
                expected_revision=None,
                case_id=demo_id("approval", plan.key),
                by=handler,
                now=then,
            )
        elif step == "order":
            await ordering.order_purchase(db, purchase_id=purchase_id, expected_revision=None, by=handler, now=then)
        else:
            await _decide(db, plan, people, is_refused=step == "refuse", now=then)


async def _decide(
    db: AsyncSession, plan: _Plan, people: dict[str, DemoAccount], *, is_refused: bool, now: datetime
) -> None:
    case = await approval_queries.get_case(db, demo_id("approval", plan.key))
    await deciding.decide(
        db,
        case_id=case.case_id,
        verdict="REFUSE" if is_refused else "APPROVE",
        reason="与学校食堂无关，请走其他渠道。" if is_refused else "同意，按需采购。",
        expected_revision=case.revision,
        caller=_caller(people["approver"]),
        now=now,
    )


async def _delegate(db: AsyncSession, delegation_id: UUID, *, now: datetime) -> None:
    head, finance = UNIT_ACCOUNTS["canteen-head"], UNIT_ACCOUNTS["canteen-finance"]
    today = business_day(now)
    await approval_actions.delegate(
        db,
        delegation_id=delegation_id,
        unit_id=demo_id("unit", "canteen"),
        caller=_caller(head),
        from_name=head.name,
        to_person_id=finance.person_id,
        to_name=finance.name,
        starts_on=today + timedelta(days=7),
        ends_on=today + timedelta(days=11),
        reason="外出培训",
        now=now,
    )


def _caller(account: DemoAccount) -> Caller:
    organisation_id = demo_id("organisation", account.organisation_key)
    return Caller(account.person_id, organisation_id, "institution", frozenset(account.roles))


def _id(plan: _Plan) -> UUID:
    return demo_id("purchase", plan.key)
