"""Linkages, contracts and settled lines for tests, made by the catalog's own actions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.linkage import actions as linkage_actions
from catalog.linkage.actions import Entry, Household, Income
from catalog.linkage.models import Linkage
from catalog.linkage.rules import Village, household_key
from catalog.profit_contract import actions as contract_actions
from catalog.profit_contract.models import ProfitContract
from catalog.profit_contract.rules import Beneficiary
from catalog.profit_share.actions import SettledLine
from shared.testing import NOW

SHIMEN = "430726"
"""石门县, 常德市, 湖南省: Changde's first case; an assisted county too."""
GUZHANG = "433126"
DINGCHENG = "430703"
"""鼎城区, 常德市: on no national list."""
LUFENG = "532302"
"""禄丰市: on no national list, with a rule of its own."""
SECRET = b"guards-nothing-but-a-test"


def key(number: str, village: Village | None = None) -> str:
    """A household's key."""
    return household_key(SECRET, village or Village(SHIMEN, "白云镇", "白云村"), number)


def homes(*numbers: str, persons: int = 3, village: Village | None = None) -> tuple[Household, ...]:
    """Households of 白云村 by their numbers."""
    return tuple(Household(key(number, village), persons) for number in numbers)


def an_entry(**given: Any) -> Entry:
    """Purchase from three households of 白云村, this year."""
    facts: dict[str, Any] = {
        "way": "purchase",
        "county_code": SHIMEN,
        "township": "白云镇",
        "village": "白云村",
        "from_on": date(2026, 1, 1),
        "households": homes("1", "2", "3"),
        "incomes": (Income(2026, wage_fen=100_000, operating_fen=200_000),),
    }
    return Entry(**{**facts, **given})


async def a_linkage(
    db: AsyncSession, supplier_id: UUID, *, verbs: tuple[str, ...] = (), now: datetime = NOW, **given: Any
) -> Linkage:
    """A linkage, moved on by the verbs."""
    linkage = await linkage_actions.create_linkage(
        db, linkage_id=uuid4(), supplier_id=supplier_id, entry=an_entry(**given), caller=None, now=now
    )
    for verb in verbs:
        await linkage_actions.move_linkage(db, linkage_id=linkage.linkage_id, verb=verb, caller=None, now=now)
    return linkage


async def confirmed(db: AsyncSession, supplier_id: UUID, **given: Any) -> Linkage:
    """A confirmed linkage."""
    return await a_linkage(db, supplier_id, verbs=("submit", "confirm"), **given)


async def a_contract(
    db: AsyncSession,
    supplier_id: UUID,
    *,
    verbs: tuple[str, ...] = ("submit", "confirm"),
    now: datetime = NOW,
    **given: Any,
) -> ProfitContract:
    """A contract in force that gives 5 % of each line to three households, weighted 1 : 1 : 2."""
    facts: dict[str, Any] = {
        "county_code": SHIMEN,
        "township": "白云镇",
        "village": "白云村",
        "basis": "line_payable",
        "share_bp": 500,
        "from_on": date(2026, 1, 1),
        "households": (Beneficiary(key("1"), 1), Beneficiary(key("2"), 1), Beneficiary(key("3"), 2)),
    }
    contract = await contract_actions.create_contract(
        db,
        contract_id=uuid4(),
        supplier_id=supplier_id,
        entry=contract_actions.ContractEntry(**{**facts, **given}),
        caller=None,
        now=now,
    )
    for verb in verbs:
        await contract_actions.move_contract(db, contract_id=contract.contract_id, verb=verb, caller=None, now=now)
    return contract


def a_line(payable_fen: int = 10_001, **given: Any) -> SettledLine:
    """A settled line."""
    return SettledLine(given.get("line_id") or uuid4(), given.get("product_id") or uuid4(), payable_fen)
