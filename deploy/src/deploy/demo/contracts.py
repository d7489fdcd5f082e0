"""Contracts of the demo's school: one in force with its coming deliveries, one that waits for its supplier, one that
its approvers look at, one that is being written. All invented; made by the actions of orders, once."""

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
from orders.contract import actions, calling
from orders.contract.models import Contract
from orders.contract.rules import Break
from orders.sku import queries as sku_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database


@dataclass(frozen=True)
class Agreed:
    """A contract: its pack, the price of one in fen, how many over the year and each time, and how far it has come."""

    title: str
    sku_key: str
    price_fen: int
    most_count: int
    usual_count: int
    weekdays: tuple[int, ...]
    stage: str
    float_bp: int = 0

    @property
    def contract_id(self) -> UUID:
        """Its id."""
        return demo_id("contract", self.title)


CONTRACTS: Final = (
    Agreed("食堂红枣全年供货", "fuping-dazao-2500g-carton", 4680, 1200, 20, (1, 4), "SIGNED"),
    Agreed("食堂苹果保底供货", "jixian-fuji-5000g-carton", 5200, 600, 15, (2,), "OFFERED", float_bp=5000),
    Agreed("毕业季猕猴桃", "jinzhai-kiwi-2500g-carton", 4080, 200, 0, (), "APPROVING"),
    Agreed("红枣小包装", "fuping-dazao-1000g-bag", 2080, 400, 10, (3,), "DRAFT"),
)
_TERM: Final = timedelta(days=240)
_HOLIDAYS: Final = (timedelta(days=60), timedelta(days=90))


async def load_contracts(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Each contract in a transaction of its own; what is there already is left as it is."""
    new = await missing(database, "contracts", "contract_id", [each.contract_id for each in CONTRACTS])
    for each in CONTRACTS:
        if each.contract_id in new:
            async with database.begin() as db:
                await _load(db, each, now=now)
        advance(1)


def _person(key: str) -> Caller:
    account = UNIT_ACCOUNTS[key]
    return Caller(account.person_id, account.organisation_id, "institution", frozenset(account.roles))


async def _load(db: AsyncSession, each: Agreed, *, now: datetime) -> None:
    first_on, sku_id = business_day(now), demo_id("sku", each.sku_key)
    facts: dict[str, Any] = {
        "title": each.title,
        "fund": "CANTEEN",
        "price_rule": "FLOOR_FLOAT" if each.float_bp else "FIXED",
        "float_bp": each.float_bp,
        "payment_days": 30,
        "lead_days": 5,
        "valid_from_on": first_on,
        "valid_until_on": first_on + _TERM,
        "weekdays": list(each.weekdays),
        "skips_holidays": True,
        "terms": "到货当日验收；水分、霉变超标整批退回；寒暑假停送。",
        "recipient": "食堂管理员",
        "phone": "0717-3810001",
        "county_code": COUNTY,
        "address_detail": "鸣凤镇示范路 1 号学校食堂",
    }
    line = {
        "sku_id": sku_id,
        "unit_price_fen": each.price_fen,
        "most_count": each.most_count,
        "usual_count": each.usual_count,
    }
    breaks = [Break(first_on + _HOLIDAYS[0], first_on + _HOLIDAYS[1], "寒假")] if each.weekdays else []
    handler = _person("canteen")
    contract = await actions.draft_contract(
        db, contract_id=each.contract_id, facts=facts, lines=[line], breaks=breaks, caller=handler, now=now
    )
    if each.stage == "DRAFT":
        return
    contract = await actions.submit_contract(
        db, contract_id=each.contract_id, expected_revision=contract.revision, caller=handler, now=now
    )
    if each.stage != "APPROVING":
        await _approve(db, contract, now=now)
    if each.stage == "SIGNED":
        sold = await sku_queries.list_for_sale(db, [sku_id])
        seller = Caller(
            demo_id("person", "contract-signer"), sold[sku_id].supplier_id, "supplier", frozenset({"sales"})
        )
        await actions.move_contract(
            db,
            contract_id=each.contract_id,
            verb="sign",
            expected_revision=contract.revision,
            caller=seller,
            now=now,
        )
        await calling.plan_call_offs(db, contract_id=each.contract_id, now=now)


async def _approve(db: AsyncSession, contract: Contract, *, now: datetime) -> None:
    for key in ("canteen-head", "canteen-finance"):
        if contract.status != "APPROVING":
            return
        case = (await approval_queries.list_cases_of(db, contract.contract_id))[0]
        await deciding.decide(
            db,
            case_id=case.case_id,
            verdict="APPROVE",
            reason="价格低于市场价，同意",
            expected_revision=case.revision,
            caller=_person(key),
            now=now,
        )
