"""Reads of a person's cart."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart.rules import CartLine
from orders.price.board import offers_of
from orders.price.queries import GIFT_SKUS, MOMENT_COLUMNS
from orders.price.rules import Offers
from orders.sku.queries import OWN_SALE_COLUMNS, SALE_WIDTH, sale_skus
from orders.sku.rules import SaleSku
from shared.direct import Direct, Statement

_SEEN = Statement("SELECT sku_id, seen_price_fen FROM cart_lines WHERE person_id = :person_id")
LOAD_CART = Statement(f"""
    SELECT {OWN_SALE_COLUMNS}, line.quantity, line.seen_price_fen, {MOMENT_COLUMNS}
    FROM (
        SELECT sku_id, quantity, seen_price_fen, put_at FROM cart_lines
        WHERE person_id = (SELECT CAST(:person_id AS uuid))
        UNION ALL
        SELECT gift, NULL, NULL, 'infinity' FROM ({GIFT_SKUS}) AS gifts
    ) AS line
    JOIN sellable_skus AS sku USING (sku_id)
    LEFT JOIN stock_levels AS level USING (sku_id)
    ORDER BY line.put_at, line.sku_id
""")  # noqa: S608 - only our own column list; SELECT hides who asks, for whom each call would be planned anew


@dataclass(frozen=True, slots=True)
class LoadedCart:
    """A cart with the SKUs of its lines and of gifts, and what may change their prices."""

    lines: list[CartLine]
    skus: dict[UUID, SaleSku]
    offers: Offers


async def list_seen_prices(db: AsyncSession | Direct, person_id: UUID) -> dict[UUID, int]:
    """The price in fen that the person saw of each SKU in the cart."""
    rows = await _SEEN.rows(db, {"person_id": person_id})
    return {row["sku_id"]: row["seen_price_fen"] for row in rows}


async def list_lines(db: AsyncSession | Direct, person_id: UUID) -> list[CartLine]:
    """The person's cart, in the order in which it was filled."""
    return (await load_cart(db, person_id)).lines


async def load_cart(db: AsyncSession | Direct, person_id: UUID, *, coupon_ids: Iterable[UUID] = ()) -> LoadedCart:
    """The person's cart in the order in which it was filled, with all that pricing it takes."""
    rows = await LOAD_CART.rows(db, {"person_id": person_id, "coupon_ids": list(coupon_ids)})
    skus = sale_skus(rows)
    lines = [CartLine(skus[row[0]], *row[SALE_WIDTH : SALE_WIDTH + 2]) for row in rows if row[SALE_WIDTH] is not None]
    if not lines:
        return LoadedCart([], {}, Offers())
    revision, standing = rows[0][SALE_WIDTH + 2 :]
    return LoadedCart(lines, skus, await offers_of(db, revision=revision, standing=standing))
