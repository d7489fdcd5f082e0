"""Reads of purchases. A unit's people see its own; so do lead units and finance offices that see the unit."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.purchase.models import Purchase, PurchaseItem, PurchasePaper
from orders.purchase.rules import Way
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from orders.unit.rules import duties_of
from shared.auth import Caller
from shared.errors import NotFound

_ORDERS = text("""
    SELECT own.order_id, placed.order_number, part.supplier_name, placed.payable_fen, own.stage
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
    WHERE own.purchase_id = :purchase_id ORDER BY part.supplier_id
""")


def purchase_unknown() -> NotFound:
    """The refusal of a purchase that does not exist for the caller."""
    return NotFound(
        "There is no such purchase, or it is not yours to see.", code="purchase-unknown", field="purchase_id"
    )


def paper_unknown() -> NotFound:
    """The refusal of a paper that is not beside this purchase."""
    return NotFound("There is no such paper beside this purchase.", code="purchase-paper-unknown", field="paper_id")


async def get_purchase(db: AsyncSession, purchase_id: UUID) -> Purchase:
    """The purchase, whoever asks. 404 `purchase-unknown`."""
    found = await db.get(Purchase, purchase_id)
    if found is None:
        raise purchase_unknown()
    return found


async def get_purchase_for(db: AsyncSession, caller: Caller, purchase_id: UUID) -> Purchase:
    """The purchase, for those who see its unit; a contractor sees the canteen's. 404 `purchase-unknown`."""
    found = await get_purchase(db, purchase_id)
    try:
        await unit_queries.get_unit_for(db, caller, found.unit_id)
    except NotFound as unseen:
        raise purchase_unknown() from unseen
    if found.fund != "CANTEEN" and is_contractor(caller):
        raise purchase_unknown()
    return found


def is_contractor(caller: Caller) -> bool:
    """Whether the caller buys for a canteen and does nothing else."""
    return caller.kind == "institution" and duties_of(caller) == {"contractor"}


async def lock_purchase(db: AsyncSession, purchase_id: UUID) -> Purchase:
    """The purchase, locked until the transaction ends. 404 `purchase-unknown`."""
    statement = select(Purchase).where(Purchase.purchase_id == purchase_id).with_for_update(key_share=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise purchase_unknown()
    return found


async def find_of_source(db: AsyncSession, way: Way, source_id: UUID) -> Purchase | None:
    """The purchase that an award, a call-off or the like has made."""
    found: Purchase | None = await db.scalar(
        select(Purchase).where(Purchase.way == way, Purchase.source_id == source_id)
    )
    return found


async def list_lines(db: AsyncSession, purchase_id: UUID) -> Sequence[PurchaseItem]:
    """In their order."""
    statement = select(PurchaseItem).where(PurchaseItem.purchase_id == purchase_id)
    return (
        await db.scalars(statement.order_by(PurchaseItem.line_number), execution_options={"populate_existing": True})
    ).all()


async def list_papers(db: AsyncSession, purchase_id: UUID) -> Sequence[PurchasePaper]:
    """In the order in which they came."""
    statement = select(PurchasePaper).where(PurchasePaper.purchase_id == purchase_id)
    return (await db.scalars(statement.order_by(PurchasePaper.uploaded_at, PurchasePaper.paper_id))).all()


async def list_orders(db: AsyncSession, purchase_id: UUID) -> Sequence[Row[Any]]:
    """The orders that it became, one a supplier, with where each stands."""
    return (await db.execute(_ORDERS, {"purchase_id": purchase_id})).all()


async def get_paper(db: AsyncSession, purchase_id: UUID, paper_id: UUID) -> PurchasePaper:
    """One paper. 404 `purchase-paper-unknown`."""
    found = await db.get(PurchasePaper, paper_id)
    if found is None or found.purchase_id != purchase_id:
        raise paper_unknown()
    return found


async def list_purchases(
    db: AsyncSession,
    unit_ids: Collection[UUID] | None,
    *,
    fund: str | None = None,
    status: str | None = None,
    way: str | None = None,
    wanted: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Those of the units with their unit's name, the latest first; None: of all units."""
    statement: Select[Any] = select(*Purchase.__table__.columns, BudgetUnit.name.label("unit_name"))
    statement = statement.join(BudgetUnit, BudgetUnit.unit_id == Purchase.unit_id)
    if unit_ids is not None:
        statement = statement.where(Purchase.unit_id.in_(unit_ids))
    if fund is not None:
        statement = statement.where(Purchase.fund == fund)
    if status is not None:
        statement = statement.where(Purchase.status == status)
    if way is not None:
        statement = statement.where(Purchase.way == way)
    if wanted:
        statement = statement.where(
            or_(
                Purchase.title.icontains(wanted, autoescape=True),
                Purchase.purchase_number.icontains(wanted, autoescape=True),
            )
        )
    if after is not None:
        statement = statement.where(tuple_(Purchase.created_at, Purchase.purchase_id) < after)
    statement = statement.order_by(Purchase.created_at.desc(), Purchase.purchase_id.desc())
    found: Sequence[Row[Any]] = (await db.execute(statement.limit(limit))).all()
    return found
