"""Filling and emptying a cart, and what becomes of a guest's. Each is one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart.rules import CartLine
from orders.sku.queries import OWN_SALE_COLUMNS, SALE_WIDTH, sale_skus
from orders.sku.rules import RETAIL, BuyerGroup, unsellable_reason
from shared.direct import Direct, Statement
from shared.errors import Conflict, NotFound

LINES_MAXIMUM = 100  # what one order may hold

_PUT = Statement(f"""
    WITH put AS (
        INSERT INTO cart_lines (person_id, sku_id, quantity, seen_price_fen, put_at, guest_until)
        SELECT :person_id, sku_id, :quantity, unit_price(price_fen, price_tiers, :buyer_group, :quantity, :now), :now,
               :guest_until
        FROM sellable_skus
        WHERE sku_id = :sku_id AND is_listed AND price_valid_from <= :now
          AND (price_valid_until IS NULL OR price_valid_until > :now)
          AND (SELECT count(*) FROM cart_lines WHERE person_id = :person_id AND sku_id <> :sku_id) < :maximum
        ON CONFLICT (person_id, sku_id)
            DO UPDATE SET quantity = excluded.quantity, seen_price_fen = excluded.seen_price_fen,
                          guest_until = excluded.guest_until
        RETURNING quantity, seen_price_fen
    )
    SELECT {OWN_SALE_COLUMNS}, put.quantity, put.seen_price_fen
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id) LEFT JOIN put ON true
    WHERE sku.sku_id = :sku_id
""")  # noqa: S608 - only our own column list
_REMOVE = text("DELETE FROM cart_lines WHERE person_id = :person_id AND sku_id = :sku_id")
_EMPTY = text("DELETE FROM cart_lines WHERE person_id = :person_id")
_LOCK_CART = text("SELECT pg_advisory_xact_lock(hashtextextended('cart ' || :person_id, 0))")
_MERGE = text("""
    WITH moved AS (
        DELETE FROM cart_lines WHERE person_id = :guest_id AND guest_until IS NOT NULL
        RETURNING sku_id, quantity, seen_price_fen, put_at
    ), there AS (
        SELECT sku_id FROM cart_lines WHERE person_id = :person_id
    ), ranked AS (
        SELECT moved.*, there.sku_id IS NOT NULL AS is_there, (SELECT count(*) FROM there) AS there_count,
               row_number() OVER (PARTITION BY there.sku_id IS NULL ORDER BY moved.put_at, moved.sku_id) AS place
        FROM moved LEFT JOIN there USING (sku_id)
    ), put AS (
        INSERT INTO cart_lines AS own (person_id, sku_id, quantity, seen_price_fen, put_at)
        SELECT :person_id, sku_id, quantity, seen_price_fen, put_at
        FROM ranked WHERE is_there OR there_count + place <= :maximum
        ORDER BY sku_id
        ON CONFLICT (person_id, sku_id) DO UPDATE SET
            quantity = greatest(own.quantity, excluded.quantity),
            seen_price_fen = CASE WHEN excluded.quantity >= own.quantity
                                  THEN excluded.seen_price_fen ELSE own.seen_price_fen END
        RETURNING sku_id
    )
    SELECT moved.sku_id, put.sku_id IS NOT NULL AS is_put FROM moved LEFT JOIN put USING (sku_id) ORDER BY moved.sku_id
""")
_FORGET_GUESTS = text("""
    DELETE FROM cart_lines WHERE person_id IN (
        SELECT person_id FROM cart_lines AS line
        WHERE guest_until <= :now AND NOT EXISTS (
            SELECT FROM cart_lines AS other WHERE other.person_id = line.person_id AND other.guest_until > :now
        )
        LIMIT :limit
    ) AND guest_until IS NOT NULL
    RETURNING sku_id
""")


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a guest's lines: those that the person's cart holds now, and those for which it had no room."""

    put: list[UUID]
    left_out: list[UUID]


async def put_line(
    db: AsyncSession | Direct,
    *,
    person_id: UUID,
    sku_id: UUID,
    quantity: int,
    now: datetime,
    group: BuyerGroup = RETAIL,
    guest_until: datetime | None = None,
) -> CartLine:
    """Have `quantity` pieces of the SKU in the cart, whatever was there before, and its price as seen now.

    More than there is in stock may be put: the line says so. NotFound `sku-not-found`; Conflict `sku-not-listed`,
    `cart-full`.
    """
    values: dict[str, Any] = {"person_id": person_id, "sku_id": sku_id, "quantity": quantity, "now": now}
    values |= {"buyer_group": group, "guest_until": guest_until, "maximum": LINES_MAXIMUM}
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


async def merge_guest(db: AsyncSession, *, guest_id: UUID, person_id: UUID) -> Merged:
    """Move a guest's lines into the person's cart: of a SKU in both the larger number of pieces, at the price that was
    seen with it. What does not fit any more is told and dropped. Once: a second call, also at the same moment, finds no
    lines of the guest's."""
    await db.execute(_LOCK_CART, {"person_id": str(person_id)})
    values = {"guest_id": guest_id, "person_id": person_id, "maximum": LINES_MAXIMUM}
    rows = (await db.execute(_MERGE, values)).all()
    return Merged([row.sku_id for row in rows if row.is_put], [row.sku_id for row in rows if not row.is_put])


async def forget_guests(db: AsyncSession, *, now: datetime, limit: int = 500) -> int:
    """Remove carts of guests in which nothing was touched for long; how many lines."""
    return len((await db.execute(_FORGET_GUESTS, {"now": now, "limit": limit})).all())
