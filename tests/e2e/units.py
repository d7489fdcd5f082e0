"""A budget unit whose people sit at the pages: who asks, who approves, who pays."""

from dataclasses import dataclass
from uuid import uuid4

from shared.clock import business_day, utc_now
from shared.uscc import check_character
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Market
from tests.e2e.people import colleague, member
from tests.e2e.reader import Reader


@dataclass(frozen=True)
class Unit:
    """A school and its people."""

    unit_id: str
    handler: Reader
    approver: Reader
    financier: Reader


async def school(house: House, market: Market, *, canteen_fen: int = 10_000_000) -> Unit:
    """A school of 房县, registered by its administrator, with money for its canteen this year."""
    admin = await member(house, "institution", "admin")
    first = f"12{FANGXIAN}{uuid4().int % 10**9:09d}"
    as_admin = market.as_caller(kind="institution", organisation_id=admin.organisation_id, roles=("admin",))
    body = {
        "kind": "SCHOOL",
        "name": "示范中学",
        "uscc": first + check_character(first),
        "county_code": FANGXIAN,
        "has_union": False,
    }
    unit = await market.must("orders", "POST", "/v1/units/register", as_admin, body=body)
    if canteen_fen:
        grant = {"year": business_day(utc_now()).year, "fund": "CANTEEN", "amount_fen": canteen_fen, "reason": "预算"}
        await market.must("orders", "POST", "/v1/budgets", as_admin, body=grant)
    people = [await colleague(house, admin, "institution", role) for role in ("buyer", "approver", "finance")]
    handler, approver, financier = (Reader(house, each) for each in people)
    return Unit(unit["unit_id"], handler, approver, financier)
