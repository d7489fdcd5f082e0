"""What tests of shelves stand on: sites, and pieces received at them by lot."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.lot import actions as lot_actions
from orders.site import actions as site_actions
from orders.stock import actions, queries
from services.orders.tests.factories import NOW
from shared.auth import Caller
from shared.clock import business_day
from shared.ids import new_id

TODAY = business_day(NOW)


def supplier(supplier_id: UUID) -> Caller:
    return Caller(uuid4(), supplier_id, "supplier")


async def opened_site(
    db: AsyncSession,
    supplier_id: UUID,
    *,
    name: str = "北仓",
    county_code: str = "110105",
    classes: tuple[str, ...] = (),
) -> UUID:
    return await site_actions.open_site(
        db,
        site_id=new_id(),
        supplier_id=supplier_id,
        name=name,
        county_code=county_code,
        temperature_classes=list(classes),
        now=NOW,
    )


async def received(
    db: AsyncSession,
    sku_id: UUID,
    quantity: int,
    *,
    lot: str = "",
    until: date | None = None,
    site_id: UUID | None = None,
) -> None:
    if lot:
        await lot_actions.keep_lot(db, sku_id=sku_id, lot_number=lot, harvested_on=None, expires_on=until, now=NOW)
    await actions.receive_stock(
        db,
        sku_id=sku_id,
        quantity=quantity,
        reference="",
        recorded_by=None,
        now=NOW,
        site_id=site_id,
        lot_number=lot,
    )


async def shelves(db: AsyncSession, sku_id: UUID) -> dict[tuple[str, str], int]:
    """Pieces by (site, lot)."""
    found = await queries.list_shelves(db, [sku_id], day=TODAY)
    return {(each["site_name"], each["lot_number"]): each["on_hand"] for each in found}


async def rows(db: AsyncSession, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await db.execute(text(statement), values)]
