"""Filling and emptying a cart. Each is one statement."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart.rules import CartLine
from orders.sku.queries import SALE_COLUMNS, SALE_WIDTH, sale_skus
from orders.sku.rules import RETAIL, BuyerGroup, unsellable_reason
from shared.direct import Direct, Statement
from shared.errors import Conflict, NotFound

LINES_MAXIMUM = 100  # what one order may hold

_PUT = Statement(f"""
    WITH put AS (
        INSERT INTO cart_lines (person_id, sku_id, quantity, seen_price_fen, put_at)
        SELECT :person_id, sku_id, :quantity, unit_price(price_fen, price_tiers, :buyer_group, :quantity, :now), :now
        FROM sellable_skus
        WHERE sku_id = :sku_id AND is_listed AND price_valid_from <= :now
          AND (price_valid_until IS NULL OR price_valid_until > :now)
          AND (SELECT count(*) FROM cart_lines WHERE person_id = :person_id AND sku_id <> :sku_id) < :maximum
        ON CONFLICT (person_id, sku_id)
            DO UPDATE SET quantity = excluded.quantity, seen_price_fen = excluded.seen_price_fen
        RETURNING quantity, seen_price_fen
    )
    SELECT {SALE_COLUMNS}, put.quantity, put.seen_price_fen
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id) LEFT JOIN put ON true
    WHERE sku.sku_id = :sku_id
""")  # noqa: S608 - only our own column list
_REMOVE = text("DELETE FROM cart_lines WHERE person_id = :person_id AND sku_id = :sku_id")
_EMPTY = text("DELETE FROM cart_lines WHERE person_id = :person_id")


async def put_line(
    db: AsyncSession | Direct,
    *,
    person_id: UUID,
    sku_id: UUID,
    quantity: int,
    now: datetime,
    group: BuyerGroup = RETAIL,
) -> CartLine:
    """Have `quantity` pieces of the SKU in the cart, whatever was there before, and its price as seen now.

    More than there is in stock may be put: the line says so. NotFound `sku-not-found`; Conflict `sku-not-listed`,
    `cart-full`.
    """
    values = {"person_id": person_id, "sku_id": sku_id, "quantity": quantity, "now": now, "maximum": LINES_MAXIMUM}
    values["buyer_group"] = group
    rows = await _PUT.rows(db, values)
    if not rows:
        raise NotFound("There is no such SKU.", code="sku-not-found", field="sku_id")
    sku = sale_skus(rows)[sku_id]
    if reason := unsellable_reason(sku, now):
        raise Conflict("This product is not on sale now.", code="sku-not-listed", field="sku_id", reason=reason)
    put_quantity, seen_price_fen = rows[0][SALE_WIDTH:]
    if put_quantity is None:
        raise Conflict("The cart is full: order some of it first.", code="cart-full", maximum=LINES_MAXIMUM)
    return CartLine(sku, put_quantity, seen_price_fen)


async def remove_line(db: AsyncSession, *, person_id: UUID, sku_id: UUID) -> None:
    """Take the SKU out of the cart; it need not be there."""
    await db.execute(_REMOVE, {"person_id": person_id, "sku_id": sku_id})


async def empty_cart(db: AsyncSession, *, person_id: UUID) -> None:
    """Take everything out."""
    await db.execute(_EMPTY, {"person_id": person_id})
