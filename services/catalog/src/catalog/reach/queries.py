"""Where lots went: aggregated from what logistics sent and orders sold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import region_prefix

_OF_LOT = """
    FROM dispatched_pieces AS piece
    LEFT JOIN paid_parts AS part USING (supplier_order_id)
    LEFT JOIN skus ON skus.sku_id = piece.sku_id
    WHERE piece.lot_code = :code
      AND (CAST(:supplier_id AS uuid) IS NULL OR part.supplier_id = :supplier_id)
"""
_BUYERS = "count(DISTINCT coalesce(part.organisation_id, part.buyer_id))"
_WEIGHT = "coalesce(sum(piece.quantity * skus.net_weight_g), 0)::bigint"
_TOTALS = f"""
    SELECT count(DISTINCT piece.order_id) AS order_count, {_BUYERS} AS buyer_count,
           coalesce(sum(piece.quantity), 0) AS quantity, {_WEIGHT} AS weight_g
    {_OF_LOT}
"""
_COUNTIES = f"""
    SELECT coalesce(part.county_code, '') AS county_code, count(DISTINCT piece.order_id) AS order_count,
           {_BUYERS} AS buyer_count, sum(piece.quantity) AS quantity, {_WEIGHT} AS weight_g
    {_OF_LOT} GROUP BY 1 ORDER BY 1
"""
_SKUS = f"""
    SELECT piece.sku_id, sum(piece.quantity) AS quantity, {_WEIGHT} AS weight_g
    {_OF_LOT} GROUP BY 1 ORDER BY 1
"""
_ORDERS = f"""
    SELECT piece.order_id, piece.supplier_order_id, min(part.order_number) AS order_number,
           min(part.supplier_id::text)::uuid AS supplier_id, min(part.buyer_id::text)::uuid AS buyer_id,
           min(part.buyer_kind) AS buyer_kind, min(part.organisation_id::text)::uuid AS organisation_id,
           min(part.county_code) AS county_code, min(part.paid_at) AS paid_at,
           min(piece.dispatched_at) AS dispatched_at, sum(piece.quantity) AS quantity, {_WEIGHT} AS weight_g
    {_OF_LOT} AND (CAST(:after AS uuid) IS NULL OR piece.supplier_order_id > :after)
    GROUP BY piece.order_id, piece.supplier_order_id ORDER BY piece.supplier_order_id LIMIT :limit
"""
_SENDERS = text("""
    SELECT DISTINCT part.supplier_id FROM dispatched_pieces AS piece JOIN paid_parts AS part USING (supplier_order_id)
    WHERE piece.lot_code = :code
""")
_LOTS_OF = text("""
    SELECT lots.lot_id FROM dispatched_pieces AS piece JOIN lots ON lots.code = piece.lot_code
    WHERE piece.shipment_id = :shipment_id ORDER BY lots.lot_id
""")
_COVERAGE = text("""
    WITH shelf AS (
        SELECT products.origin_county_code AS county_code, count(*) AS sku_count,
               count(*) FILTER (WHERE EXISTS (
                   SELECT FROM lot_skus JOIN lots USING (lot_id)
                   WHERE lot_skus.sku_id = skus.sku_id AND lots.status = 'OPEN')) AS covered_sku_count
        FROM skus JOIN products USING (product_id)
        WHERE skus.is_listed AND products.origin_county_code LIKE ANY(:prefixes) GROUP BY 1
    ), sent AS (
        SELECT products.origin_county_code AS county_code, sum(piece.quantity) AS piece_count,
               coalesce(sum(piece.quantity) FILTER (WHERE lot_code <> ''), 0) AS covered_piece_count
        FROM dispatched_pieces AS piece JOIN skus USING (sku_id) JOIN products USING (product_id)
        WHERE piece.dispatched_at >= :since AND piece.dispatched_at < :until
          AND products.origin_county_code LIKE ANY(:prefixes) GROUP BY 1
    )
    SELECT county_code, regions.name AS county, coalesce(sku_count, 0) AS sku_count,
           coalesce(covered_sku_count, 0) AS covered_sku_count, coalesce(piece_count, 0) AS piece_count,
           coalesce(covered_piece_count, 0) AS covered_piece_count
    FROM shelf FULL JOIN sent USING (county_code) JOIN regions ON regions.code = county_code ORDER BY county_code
""")


@dataclass(frozen=True)
class Totals:
    """How far a lot went. Buyers are institutions, or persons who bought for themselves."""

    order_count: int
    buyer_count: int
    quantity: int
    weight_g: int


@dataclass(frozen=True)
class ReachedCounty(Totals):
    """The same for one county of delivery; its code is empty while orders has not told of it."""

    county_code: str


@dataclass(frozen=True)
class ReachedOrder:
    """One supplier's part of an order; what orders tells is None until it has."""

    order_id: UUID
    supplier_order_id: UUID
    order_number: str | None
    supplier_id: UUID | None
    buyer_id: UUID | None
    buyer_kind: str | None
    organisation_id: UUID | None
    county_code: str | None
    paid_at: datetime | None
    dispatched_at: datetime
    quantity: int
    weight_g: int


@dataclass(frozen=True)
class CountyCoverage:
    """Listed SKUs of a county's products, and those with an open lot; pieces sent, and those with a lot code."""

    county_code: str
    county: str
    sku_count: int
    covered_sku_count: int
    piece_count: int
    covered_piece_count: int


async def summarise_reach(db: AsyncSession, code: str, *, supplier_id: UUID | None) -> Totals:
    """How far the lot went, in all or of one supplier's orders."""
    row = (await db.execute(text(_TOTALS), {"code": code, "supplier_id": supplier_id})).one()
    return Totals(**_plain(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name


async def list_counties(db: AsyncSession, code: str, *, supplier_id: UUID | None) -> list[ReachedCounty]:
    """The counties of delivery, by code."""
    rows = await db.execute(text(_COUNTIES), {"code": code, "supplier_id": supplier_id})
    return [ReachedCounty(**_plain(row._mapping)) for row in rows]  # noqa: SLF001


async def list_skus(db: AsyncSession, code: str, *, supplier_id: UUID | None) -> dict[UUID, tuple[int, int]]:
    """Pieces and grams of each SKU that was sent of the lot."""
    rows = await db.execute(text(_SKUS), {"code": code, "supplier_id": supplier_id})
    return {row.sku_id: (int(row.quantity), int(row.weight_g)) for row in rows}


async def list_orders(
    db: AsyncSession, code: str, *, supplier_id: UUID | None, after: UUID | None = None, limit: int | None = None
) -> list[ReachedOrder]:
    """The orders that got pieces of the lot, by the id of the supplier's part."""
    given = {"code": code, "supplier_id": supplier_id, "after": after, "limit": limit}
    return [ReachedOrder(**_plain(row._mapping)) for row in await db.execute(text(_ORDERS), given)]  # noqa: SLF001


async def list_senders(db: AsyncSession, code: str) -> Sequence[UUID]:
    """The suppliers who sent pieces of the lot, its own or an agent."""
    return (await db.scalars(_SENDERS, {"code": code})).all()


async def list_lots_of_shipment(db: AsyncSession, shipment_id: UUID) -> Sequence[UUID]:
    """The lots of which pieces left in the shipment."""
    return (await db.scalars(_LOTS_OF, {"shipment_id": shipment_id})).all()


async def list_coverage(
    db: AsyncSession, *, regions: Sequence[str], since: datetime, until: datetime
) -> list[CountyCoverage]:
    """The share of trace codes, county by county, within these divisions; pieces sent within [since, until)."""
    prefixes = [f"{region_prefix(region)}%" for region in regions]
    rows = await db.execute(_COVERAGE, {"prefixes": prefixes, "since": since, "until": until})
    return [CountyCoverage(**_plain(row._mapping)) for row in rows]  # noqa: SLF001


def _plain(row: Any) -> dict[str, Any]:
    """Sums come as Decimal; all of them are whole."""
    return {name: int(value) if type(value).__name__ == "Decimal" else value for name, value in row.items()}
