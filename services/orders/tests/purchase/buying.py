"""A unit's people and a purchase of theirs, for tests of what becomes of it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.approval.models import ApprovalCase
from orders.purchase import actions
from orders.purchase.models import Purchase
from orders.purchase.rules import PurchaseLine
from services.orders.tests.budget.granting import a_unit, granted
from services.orders.tests.factories import ADDRESS, NOW, listed_sku
from shared.auth import Caller
from shared.events.catalog import SkuListed


@dataclass(frozen=True)
class Office:
    """A unit with one person for each duty."""

    unit_id: UUID
    organisation_id: UUID
    people: dict[str, UUID] = field(default_factory=dict)

    def caller(self, role: str, person_id: UUID | None = None) -> Caller:
        """Who has the role there; always the same person."""
        person = person_id or self.people.setdefault(role, uuid4())
        return Caller(person, self.organisation_id, "institution", frozenset({role}))


async def an_office(db: AsyncSession, *, budget_fen: int = 10_000_000, **given: Any) -> Office:
    """A unit with money for its canteen and its union."""
    unit = await a_unit(db, **given)
    assert unit.organisation_id is not None
    for fund in ("CANTEEN", "UNION"):
        if budget_fen:
            await granted(db, unit.unit_id, budget_fen, fund=fund)
    return Office(unit.unit_id, unit.organisation_id)


async def a_purchase(db: AsyncSession, office: Office, *lines: PurchaseLine, **given: Any) -> Purchase:
    """A draft; without lines, of ten bags at 39.80."""
    if not lines:
        lines = (PurchaseLine((await a_sku(db)).sku_id, 10),)
    facts: dict[str, Any] = {
        "purchase_id": uuid4(),
        "unit_id": office.unit_id,
        "way": "DIRECT",
        "fund": "CANTEEN",
        "title": "食堂干货",
        "caller_id": office.caller("buyer").person_id,
        "address": ADDRESS,
        "now": NOW,
    }
    return await actions.draft_purchase(db, lines=lines, **{**facts, **given})


async def a_sku(db: AsyncSession, *, stock: int = 100, **given: Any) -> SkuListed:
    """A SKU on sale."""
    return await listed_sku(db, stock=stock, **given)


async def submitted(db: AsyncSession, office: Office, purchase: Purchase, **given: Any) -> Purchase:
    """Asked for by the handler."""
    facts: dict[str, Any] = {
        "purchase_id": purchase.purchase_id,
        "expected_revision": purchase.revision,
        "case_id": uuid4(),
        "by": office.caller("buyer").person_id,
        "now": NOW,
    }
    return await actions.submit_purchase(db, **{**facts, **given})


async def case_of(db: AsyncSession, purchase_id: UUID) -> ApprovalCase:
    """Its latest approval."""
    return (await approval_queries.list_cases_of(db, purchase_id))[0]


async def decided(
    db: AsyncSession,
    office: Office,
    purchase: Purchase,
    role: str = "approver",
    *,
    verdict: Any = "APPROVE",
    **given: Any,
) -> ApprovalCase:
    """The role's person decides on its latest approval."""
    case = await case_of(db, purchase.purchase_id)
    facts: dict[str, Any] = {
        "case_id": case.case_id,
        "verdict": verdict,
        "reason": "价格合理",
        "expected_revision": case.revision,
        "caller": office.caller(role),
        "now": NOW,
    }
    return await deciding.decide(db, **{**facts, **given})


async def approved(db: AsyncSession, office: Office, purchase: Purchase) -> Purchase:
    """Submitted and approved by all whom its tier asks."""
    await submitted(db, office, purchase)
    for role in ("approver", "finance"):
        if purchase.status == "SUBMITTED":
            await decided(db, office, purchase, role)
    return purchase
