"""Budget units for tests: any of a kind, and a caller with duties in one."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit.models import BudgetUnit
from services.orders.tests.factories import NOW
from shared.auth import Caller
from shared.uscc import check_character

COUNTY = "420525"


def new_uscc(kind: str = "12") -> str:
    """A code nobody has: 12 is a public institution, 81 a trade union."""
    first = f"{kind}420525{uuid4().int % 10**9:09d}"
    return first + check_character(first)


async def unit(db: AsyncSession, **given: Any) -> BudgetUnit:
    """An activated school with a union that has funds; say what matters to the test."""
    facts: dict[str, Any] = {
        "unit_id": uuid4(),
        "revision": 1,
        "organisation_id": uuid4(),
        "parent_id": None,
        "status": "ACTIVE",
        "merged_into_id": None,
        "kind": "SCHOOL",
        "name": "示范第一中学",
        "uscc": new_uscc(),
        "county_code": COUNTY,
        "has_union": True,
        "has_union_funds": True,
        "union_name": "示范第一中学工会委员会",
        "union_uscc": new_uscc("81"),
        "created_at": NOW,
        "changed_at": NOW,
    }
    made = BudgetUnit(**{**facts, **given})
    db.add(made)
    await db.flush()
    return made


def acting_for(made: BudgetUnit, *roles: str, person_id: UUID | None = None) -> Caller:
    """Somebody with these roles in the unit: buyer (the handler) unless others are given."""
    return Caller(
        person_id or uuid4(),
        organisation_id=made.organisation_id,
        kind="institution",
        roles=frozenset(roles or ("buyer",)),
    )


def finance_office(*regions: str) -> Caller:
    """An official of the finance office of these regions; of the tests' county unless others are given."""
    return Caller(uuid4(), kind="official", roles=frozenset({"finance_office"}), regions=regions or (COUNTY,))
