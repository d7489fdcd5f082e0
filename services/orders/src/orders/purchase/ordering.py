"""Ordering an approved purchase: one order a supplier, all in one transaction with the purchase itself.

Lock order: the purchase, what its way to buy held for it, then the stock of all its SKUs in their order, so that two
purchases of the same goods from several suppliers wait for each other and never in a circle.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.hold import actions as hold_actions
from orders.order.rules import stock_short
from orders.order.unit_ordering import UnitLine, place_for_unit
from orders.purchase import actions, queries, rules
from orders.purchase.models import Purchase
from orders.purchase.rules import PricedLine
from orders.stock import queries as stock_queries
from orders.unit import queries as unit_queries
from shared.errors import Conflict
from shared.etag import ensure_fresh


async def order_purchase(
    db: AsyncSession,
    *,
    purchase_id: UUID,
    expected_revision: int | None,
    by: UUID,
    is_split: bool = False,
    now: datetime,
) -> Purchase:
    """Order what was approved, at the prices that were approved; a shortage or a changed price orders nothing.

    409 `purchase-status`, `price-changed`, `sku-not-listed`, `region-not-served`, `stock-short` (naming the lines),
    `sku-changed`, `unit-closed`; 412 `stale`.
    """
    purchase = await queries.lock_purchase(db, purchase_id)
    before = purchase.status
    after = rules.status_after("order", before)
    if expected_revision is not None:
        ensure_fresh(expected_revision, purchase.revision)
    unit = await unit_queries.get_unit(db, purchase.unit_id)
    if unit.status != "ACTIVE":
        raise Conflict("This unit was merged or closed: it buys nothing more.", code="unit-closed")
    basket = await actions.price_again(db, purchase, now=now)
    address = rules.ensure_addressed(actions.address_of(purchase))
    if purchase.source_id is not None:  # what its way held for it is held by its order from now on
        await hold_actions.let_go(db, holder_id=purchase.source_id, now=now)
    shortages = await stock_queries.lock_shortages(db, {line.sku.sku_id: line.quantity for line in basket.lines})
    if shortages:
        titles = {str(line.sku.sku_id): line.sku.product_title for line in basket.lines}
        raise stock_short([each | {"product_title": titles[each["sku_id"]]} for each in shortages])
    by_supplier: dict[UUID, list[PricedLine]] = {}
    for line in basket.lines:
        by_supplier.setdefault(line.sku.supplier_id, []).append(line)
    for supplier_id, lines in sorted(by_supplier.items()):
        await place_for_unit(
            db,
            purchase_id=purchase_id,
            unit_id=purchase.unit_id,
            organisation_id=unit.organisation_id,
            way=actions.way_of(purchase),
            fund=actions.fund_of(purchase),
            lines=[UnitLine(line.sku.sku_id, line.quantity, line.unit_price_fen) for line in lines],
            address=address,
            note=purchase.note,
            placed_by=by,
            budget_year=purchase.budget_year,
            delivery_fen=basket.delivery.get(supplier_id, 0),
            is_split=is_split,
            now=now,
        )
    purchase.status, purchase.ordered_at, purchase.changed_at = after, now, now
    purchase.revision += 1
    await db.flush()
    await actions.record(db, purchase, "order", before=before, reason="", by=by, now=now)
    return purchase
