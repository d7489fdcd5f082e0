"""What of a supplier's paid orders should leave which site."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_title.models import OrderInvoiceTitle
from orders.order.models import SupplierOrder
from orders.picking.rules import OpenPieces

_OPEN = text("""
    SELECT part.supplier_order_id, placed.order_number, plan.sku_id, line.product_title, line.specification,
           plan.site_id, site.name AS site_name, plan.open_count
    FROM supplier_orders AS part JOIN orders AS placed USING (order_id)
    JOIN stock_allocations AS plan USING (supplier_order_id) JOIN stock_sites AS site USING (site_id)
    CROSS JOIN LATERAL (
        SELECT line.product_title, line.specification FROM order_lines AS line
        WHERE line.supplier_order_id = part.supplier_order_id AND line.sku_id = plan.sku_id LIMIT 1
    ) AS line
    WHERE part.supplier_order_id = ANY(:ids) AND plan.open_count > 0
    ORDER BY part.placed_at, part.supplier_order_id, line.product_title, plan.sku_id, site.name, plan.site_id
""")
_PARTS = text("""
    SELECT part.supplier_order_id FROM supplier_orders AS part
    WHERE part.supplier_id = :supplier_id AND part.fulfilment IN ('PENDING_SHIPMENT', 'PARTLY_SHIPPED')
      AND (CAST(:ids AS uuid[]) IS NULL OR part.supplier_order_id = ANY(:ids))
      AND EXISTS (
          SELECT FROM stock_allocations AS plan
          WHERE plan.supplier_order_id = part.supplier_order_id AND plan.open_count > 0
            AND (CAST(:site_id AS uuid) IS NULL OR plan.site_id = :site_id))
    ORDER BY part.placed_at, part.supplier_order_id LIMIT :limit
""")


_TITLES = select(SupplierOrder.supplier_order_id, OrderInvoiceTitle).join(
    OrderInvoiceTitle, OrderInvoiceTitle.order_id == SupplierOrder.order_id
)


async def list_titles(db: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, OrderInvoiceTitle]:
    """To whom invoices of these parts are made out; parts of which nobody wants any are not among them."""
    rows = await db.execute(_TITLES.where(SupplierOrder.supplier_order_id.in_(ids)))
    return {part_id: title for part_id, title in rows}  # noqa: C416 - rows are no pairs to mypy


async def list_parts(
    db: AsyncSession, supplier_id: UUID, *, ids: Sequence[UUID] | None, site_id: UUID | None, limit: int
) -> list[UUID]:
    """The supplier's parts of which something waits to leave, the oldest first; of these ids, at this site."""
    values = {
        "supplier_id": supplier_id,
        "ids": None if ids is None else list(ids),
        "site_id": site_id,
        "limit": limit,
    }
    return list(await db.scalars(_PARTS, values))


async def list_open_pieces(db: AsyncSession, ids: Sequence[UUID]) -> list[OpenPieces]:
    """What of these parts should leave, by site."""
    return [OpenPieces(*row) for row in await db.execute(_OPEN, {"ids": list(ids)})]
