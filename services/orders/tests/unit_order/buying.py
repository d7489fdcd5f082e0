"""Orders on account, for tests of whoever goes on with them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import actions as budget_actions
from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.order.unit_ordering import UnitLine, place_for_unit
from orders.unit.rules import Fund
from orders.unit_order import actions, queries
from orders.unit_order.models import UnitOrder
from orders.unit_order.rules import Way
from services.orders.tests.budget.granting import a_unit, granted
from services.orders.tests.factories import ADDRESS, NOW, listed_sku
from shared.auth import Caller
from shared.clock import business_day

PRICE_FEN = 3500


@dataclass(frozen=True, slots=True)
class Bought:
    """An order on account and who has to do with it."""

    order_id: UUID
    supplier_order_id: UUID
    unit_id: UUID
    organisation_id: UUID
    supplier_id: UUID
    sku_ids: tuple[UUID, ...]
    payable_fen: int
    purchase_id: UUID

    @property
    def supplier(self) -> Caller:
        """Who sells it."""
        return Caller(
            person_id=uuid4(), kind="supplier", organisation_id=self.supplier_id, roles=frozenset(), regions=frozenset()
        )

    def member(self, *roles: str) -> Caller:
        """Somebody of the unit."""
        return Caller(
            person_id=uuid4(),
            kind="institution",
            organisation_id=self.organisation_id,
            roles=frozenset(roles),
            regions=frozenset(),
        )


async def bought(
    db: AsyncSession,
    *quantities: int,
    unit: Any = None,
    way: Way = "DIRECT",
    fund: Fund = "CANTEEN",
    stock: int = 100,
    delivery_fen: int = 0,
    is_split: bool = False,
    now: datetime = NOW,
    supplier_id: UUID | None = None,
) -> Bought:
    """An order of one supplier, a SKU for each quantity (ten pieces of one without any) at 35 yuan, its budget granted
    and committed."""
    quantities = quantities or (10,)
    supplier_id = supplier_id or uuid4()
    skus = [(await listed_sku(db, stock=stock, supplier_id=supplier_id)).sku_id for _ in quantities]
    unit = unit or await a_unit(db)
    payable_fen = sum(quantities) * PRICE_FEN + delivery_fen
    year, purchase_id = business_day(now).year, uuid4()
    await granted(db, unit.unit_id, payable_fen, fund=fund, year=year)
    await budget_actions.commit(
        db,
        unit_id=unit.unit_id,
        year=year,
        fund=fund,
        amount_fen=payable_fen,
        reference_kind="purchase",
        reference_id=purchase_id,
        by=None,
        now=now,
    )
    order_id = await place_for_unit(
        db,
        purchase_id=purchase_id,
        unit_id=unit.unit_id,
        organisation_id=unit.organisation_id,
        way=way,
        fund=fund,
        lines=[UnitLine(sku_id, count, PRICE_FEN) for sku_id, count in zip(skus, quantities, strict=True)],
        address=ADDRESS,
        placed_by=uuid4(),
        delivery_fen=delivery_fen,
        is_split=is_split,
        now=now,
    )
    [part] = (await order_queries.lock_order(db, order_id))["parts"]
    return Bought(
        order_id,
        UUID(part["supplier_order_id"]),
        unit.unit_id,
        unit.organisation_id,
        supplier_id,
        tuple(skus),
        payable_fen,
        purchase_id,
    )


async def delivered(db: AsyncSession, *quantities: int, **given: Any) -> Bought:
    """One that was confirmed, sent and brought."""
    deal = await bought(db, *quantities, **given)
    await bring(db, deal, quantities or (10,))
    return deal


async def bring(db: AsyncSession, deal: Bought, quantities: tuple[int, ...]) -> None:
    """Confirm it, send these and let them arrive."""
    await actions.confirm_order(db, order_id=deal.order_id, caller=deal.supplier, now=NOW + timedelta(hours=1))
    await order_actions.mark_shipped(
        db,
        order_id=deal.order_id,
        supplier_order_id=deal.supplier_order_id,
        quantities=dict(zip(deal.sku_ids, quantities, strict=True)),
        shipped_at=NOW + timedelta(hours=2),
    )
    await order_actions.mark_delivered(
        db,
        order_id=deal.order_id,
        supplier_order_id=deal.supplier_order_id,
        delivered_at=NOW + timedelta(hours=3),
    )


async def stage_of(db: AsyncSession, order_id: UUID) -> UnitOrder:
    """As it is now."""
    own = await queries.lock_unit_order(db, order_id)
    await db.refresh(own)
    return own
