"""What tests of quotations stand on: a school that asks, and suppliers with something to offer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import actions, bidding, queries, rules
from orders.quotation.models import Quotation, QuotationBid
from orders.quotation.sealing import Seal
from orders.unit.models import BudgetUnit
from services.orders.tests.conftest import SEALING_KEY
from services.orders.tests.factories import ADDRESS, NOW, listed_sku
from services.orders.tests.unit_factories import acting_for, unit
from shared.auth import Caller

SEAL = Seal(SEALING_KEY)
DEADLINE = NOW + timedelta(days=3)
AFTER = DEADLINE + timedelta(minutes=1)
WANTED = (
    rules.Wanted(None, "香菇，干，菌盖 3 厘米以上", 100, "斤", "420325", "绿色食品"),
    rules.Wanted(None, "核桃", 50, "斤", "", ""),
)


@dataclass
class Table:
    """A unit, its handler, and suppliers with two SKUs each."""

    unit: BudgetUnit
    handler: Caller
    suppliers: list[Caller]
    skus: dict[UUID, list[UUID]] = field(default_factory=dict)

    def skus_of(self, supplier: Caller) -> list[UUID]:
        """What this supplier sells."""
        assert supplier.organisation_id is not None
        return self.skus[supplier.organisation_id]


async def laid_table(db: AsyncSession, *, supplier_count: int = 3) -> Table:
    """Everybody who takes part."""
    asking = await unit(db)
    table = Table(asking, acting_for(asking), [])
    for number in range(supplier_count):
        supplier_id = uuid4()
        table.suppliers.append(Caller(uuid4(), supplier_id, "supplier", frozenset({"sales"})))
        table.skus[supplier_id] = [
            (await listed_sku(db, supplier_id=supplier_id, supplier_name=f"第{number + 1}合作社", stock=1000)).sku_id
            for _ in WANTED
        ]
    return table


def draft_of(table: Table, **given: Any) -> actions.Draft:
    """What the school asks for; say what matters."""
    facts: dict[str, Any] = {
        "title": "食堂十二月干货",
        "fund": "CANTEEN",
        "note": "",
        "address": ADDRESS,
        "deliver_from": DEADLINE + timedelta(days=7),
        "deliver_until": DEADLINE + timedelta(days=8),
        "closes_at": DEADLINE,
        "lines": WANTED,
        "supplier_ids": tuple(table.skus),
    }
    return actions.Draft(**{**facts, **given})


async def drafted(db: AsyncSession, table: Table, **given: Any) -> Quotation:
    """A draft."""
    return await actions.create_quotation(
        db, quotation_id=uuid4(), draft=draft_of(table, **given), caller=table.handler, now=NOW
    )


async def asked(db: AsyncSession, table: Table, *, now: datetime = NOW, **given: Any) -> Quotation:
    """One that suppliers are invited to."""
    made = await drafted(db, table, **given)
    return await actions.publish_quotation(
        db, quotation_id=made.quotation_id, expected_revision=made.revision, caller=table.handler, now=now
    )


async def offered(
    db: AsyncSession,
    table: Table,
    quotation: Quotation,
    supplier: Caller,
    *prices: int | None,
    now: datetime = NOW,
    note: str = "",
) -> QuotationBid:
    """A bid with so much a piece, ten pieces a line; None leaves the line out."""
    lines = await queries.list_lines(db, quotation.quotation_id)
    offers = tuple(
        rules.Offer(line.line_id, sku_id, 10, price)
        for line, sku_id, price in zip(lines, table.skus_of(supplier), prices, strict=True)
        if price is not None
    )
    bid = rules.Bid(offers, (DEADLINE + timedelta(days=7)).date(), note)
    return await bidding.put_bid(
        db, SEAL, quotation_id=quotation.quotation_id, bid_id=uuid4(), bid=bid, caller=supplier, now=now
    )


async def opened(db: AsyncSession, table: Table, quotation: Quotation, *, reason: str = "") -> Quotation:
    """After the deadline, the seals broken."""
    return await actions.open_quotation(
        db,
        SEAL,
        quotation_id=quotation.quotation_id,
        expected_revision=quotation.revision,
        reason=reason,
        caller=table.handler,
        now=AFTER,
    )
