"""A unit, a supplier and a contract of theirs, for tests of what becomes of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.contract import actions, queries
from orders.contract.models import Contract, ContractLine
from orders.contract.rules import Break
from services.orders.tests.budget.granting import a_unit, granted
from services.orders.tests.factories import NOW, listed_sku
from shared.auth import Caller
from shared.clock import business_day
from shared.events.catalog import SkuListed

TODAY = business_day(NOW)


@dataclass(frozen=True)
class Parties:
    """Who makes a contract about what."""

    handler: Caller
    approver: Caller
    financier: Caller
    supplier: Caller
    unit_id: Any
    sku: SkuListed


async def parties(db: AsyncSession, *, stock: int = 1000, budget_fen: int = 10_000_000) -> Parties:
    """A school with money for its canteen, and a supplier with a pack on sale."""
    unit = await a_unit(db)
    if budget_fen:
        await granted(db, unit.unit_id, budget_fen, fund="CANTEEN")
    sku = await listed_sku(db, stock=stock)

    def person(*roles: str) -> Caller:
        return Caller(uuid4(), unit.organisation_id, "institution", frozenset(roles))

    seller = Caller(uuid4(), sku.supplier_id, "supplier", frozenset({"sales"}))
    return Parties(person("buyer"), person("approver"), person("finance"), seller, unit.unit_id, sku)


def facts(**given: Any) -> dict[str, Any]:
    """A canteen's weekly order for half a year."""
    return {
        "title": "食堂香菇长期供货",
        "fund": "CANTEEN",
        "price_rule": "FIXED",
        "float_bp": 0,
        "payment_days": 30,
        "lead_days": 3,
        "valid_from_on": TODAY,
        "valid_until_on": TODAY + timedelta(days=180),
        "weekdays": [1, 4],
        "skips_holidays": True,
        "terms": "",
        "recipient": "食堂",
        "phone": "13800000000",
        "county_code": "420325",
        "address_detail": "城关镇一号",
        **given,
    }


async def drafted(
    db: AsyncSession,
    those: Parties,
    *,
    most_count: int = 100,
    usual_count: int = 10,
    price_fen: int = 3000,
    **given: Any,
) -> Contract:
    """A draft about one pack."""
    breaks = given.pop("breaks", ())
    line = {
        "sku_id": those.sku.sku_id,
        "unit_price_fen": price_fen,
        "most_count": most_count,
        "usual_count": usual_count,
    }
    return await actions.draft_contract(
        db,
        contract_id=uuid4(),
        facts=facts(**given),
        lines=[line],
        breaks=[Break(*each) for each in breaks],
        caller=those.handler,
        now=NOW,
    )


async def approved(db: AsyncSession, those: Parties, contract: Contract) -> Contract:
    """Submitted and approved by all whom its tier asks."""
    contract = await actions.submit_contract(
        db, contract_id=contract.contract_id, expected_revision=contract.revision, caller=those.handler, now=NOW
    )
    for person in (those.approver, those.financier):
        if contract.status == "APPROVING":
            await decided(db, contract, person)
    return contract


async def decided(db: AsyncSession, contract: Contract, person: Caller, verdict: Any = "APPROVE") -> None:
    """The person decides on its latest approval."""
    case = (await approval_queries.list_cases_of(db, contract.contract_id))[0]
    await deciding.decide(
        db,
        case_id=case.case_id,
        verdict=verdict,
        reason="价格合理",
        expected_revision=case.revision,
        caller=person,
        now=NOW,
    )


async def signed(db: AsyncSession, those: Parties, **given: Any) -> Contract:
    """In force."""
    contract = await approved(db, those, await drafted(db, those, **given))
    return await moved(db, contract, "sign", those.supplier)


async def moved(db: AsyncSession, contract: Contract, verb: str, caller: Caller) -> Contract:
    """One step by one of the two sides."""
    return await actions.move_contract(
        db,
        contract_id=contract.contract_id,
        verb=verb,
        expected_revision=contract.revision,
        reason="如此",
        caller=caller,
        now=NOW,
    )


async def only_line(db: AsyncSession, contract: Contract) -> ContractLine:
    """Its line, as the database has it."""
    [line] = await queries.lock_lines(db, contract.contract_id)
    return line


def next_weekday(weekday: int, *, after: date) -> date:
    """The next such day after another: 1 is Monday."""
    day = after + timedelta(days=1)
    while day.isoweekday() != weekday:
        day += timedelta(days=1)
    return day
