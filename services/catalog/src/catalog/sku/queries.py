"""Reading SKUs and their prices."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.price import queries as price_queries
from catalog.price.rules import PricePeriod
from catalog.season import queries as season_queries
from catalog.season.rules import PresaleWindow
from catalog.sku.models import Sku
from shared.errors import NotFound

_TURNED = text("""
    SELECT product_id FROM (
        SELECT sku.product_id FROM skus AS sku JOIN sku_prices AS price USING (sku_id)
        WHERE sku.is_listed AND NOT price.is_announced AND price.valid_from <= :now
            AND (price.valid_until IS NULL OR price.valid_until > :now)
        UNION
        SELECT sku.product_id FROM skus AS sku JOIN sku_prices AS price USING (sku_id)
        WHERE sku.is_listed AND price.valid_until <= :now AND price.buyer_group = 'retail' AND price.min_quantity = 1
            AND NOT EXISTS (
                SELECT FROM sku_prices AS present
                WHERE present.sku_id = sku.sku_id AND present.buyer_group = 'retail' AND present.min_quantity = 1
                    AND present.valid_from <= :now AND (present.valid_until IS NULL OR present.valid_until > :now)
            )
        UNION
        SELECT product_id FROM skus WHERE is_listed AND turns_at <= :now
    ) AS turned ORDER BY product_id LIMIT :limit
""")


@dataclass(frozen=True)
class PricedSku:
    """A SKU with all its prices and presales, in order of their beginning."""

    sku: Sku
    prices: list[PricePeriod]
    presales: list[PresaleWindow] = field(default_factory=list)


def unknown_sku() -> NotFound:
    """The refusal for a SKU that does not exist or may not be seen."""
    return NotFound("There is no such SKU.", code="sku-unknown", field="sku_id")


async def get_product_id(db: AsyncSession, sku_id: UUID) -> UUID:
    """The product of a SKU, which never changes; 404 `sku-unknown`."""
    product_id = await db.scalar(select(Sku.product_id).where(Sku.sku_id == sku_id))
    if product_id is None:
        raise unknown_sku()
    return product_id


async def get_sku(db: AsyncSession, sku_id: UUID) -> Sku:
    """The SKU as it is now; 404 `sku-unknown`."""
    sku = await db.get(Sku, sku_id, populate_existing=True)
    if sku is None:
        raise unknown_sku()
    return sku


async def list_known_product_ids(db: AsyncSession, sku_ids: Iterable[UUID]) -> Sequence[UUID]:
    """The products of those of these SKUs that exist, in order of id."""
    query = select(Sku.product_id).where(Sku.sku_id.in_(set(sku_ids)))
    return (await db.scalars(query.distinct().order_by(Sku.product_id))).all()


async def list_listed_products(db: AsyncSession, product_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these products that have a listed SKU."""
    query = select(Sku.product_id).where(Sku.product_id.in_(set(product_ids)), Sku.is_listed).distinct()
    return set(await db.scalars(query))


async def count_skus(db: AsyncSession, product_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many packs each of these products has; one without any is absent."""
    query = select(Sku.product_id, func.count()).where(Sku.product_id.in_(set(product_ids))).group_by(Sku.product_id)
    return {row[0]: row[1] for row in await db.execute(query)}


async def list_product_ids(db: AsyncSession, sku_ids: Iterable[UUID]) -> list[UUID]:
    """The products of these SKUs, in order of id; 404 `sku-unknown` if one of them does not exist."""
    wanted = set(sku_ids)
    rows = (await db.execute(select(Sku.sku_id, Sku.product_id).where(Sku.sku_id.in_(wanted)))).all()
    if len(rows) != len(wanted):
        raise unknown_sku()
    return sorted({row.product_id for row in rows})


async def lock_skus(db: AsyncSession, sku_ids: Iterable[UUID]) -> list[PricedSku]:
    """These SKUs as they are now with their prices, held, in order of id. Take their products first."""
    query = select(Sku).where(Sku.sku_id.in_(set(sku_ids))).order_by(Sku.sku_id).with_for_update()
    skus = (await db.scalars(query.execution_options(populate_existing=True))).all()
    prices = await price_queries.list_prices(db, [sku.sku_id for sku in skus])
    return [PricedSku(sku, prices.get(sku.sku_id, [])) for sku in skus]


async def lock_sku(db: AsyncSession, sku_id: UUID) -> Sku:
    """The SKU as it is now, held until the transaction ends. Take its product first."""
    sku = await db.scalar(
        select(Sku).where(Sku.sku_id == sku_id).with_for_update().execution_options(populate_existing=True)
    )
    if sku is None:
        raise unknown_sku()
    return sku


async def has_listed(db: AsyncSession, product_id: UUID) -> bool:
    """Whether a SKU of the product is listed."""
    return bool(await db.scalar(select(exists().where(Sku.product_id == product_id, Sku.is_listed))))


async def list_skus_of(
    db: AsyncSession, product_ids: Iterable[UUID], *, listed_only: bool = False
) -> dict[UUID, list[PricedSku]]:
    """The SKUs of each of these products as they are now, lightest first."""
    query = select(Sku).where(Sku.product_id.in_(set(product_ids))).order_by(Sku.net_weight_g, Sku.sku_id)
    if listed_only:
        query = query.where(Sku.is_listed)
    skus = (await db.scalars(query.execution_options(populate_existing=True))).all()
    sku_ids = [sku.sku_id for sku in skus]
    prices = await price_queries.list_prices(db, sku_ids)
    presales = await season_queries.list_presales(db, sku_ids)
    found: dict[UUID, list[PricedSku]] = defaultdict(list)
    for sku in skus:
        found[sku.product_id].append(PricedSku(sku, prices.get(sku.sku_id, []), presales.get(sku.sku_id, [])))
    return found


async def list_skus_by_id(db: AsyncSession, sku_ids: Iterable[UUID]) -> Sequence[PricedSku]:
    """These SKUs with their prices, in order of id; one that does not exist is absent."""
    skus = (await db.scalars(select(Sku).where(Sku.sku_id.in_(set(sku_ids))).order_by(Sku.sku_id))).all()
    prices = await price_queries.list_prices(db, [sku.sku_id for sku in skus])
    return [PricedSku(sku, prices.get(sku.sku_id, [])) for sku in skus]


async def list_products_that_turned(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Products of listed SKUs whose price began without being announced, whose base price ended with no other after it,
    or whose season, presale or price by quantity has come to its next turn."""
    return (await db.scalars(_TURNED, {"now": now, "limit": limit})).all()


async def is_code_taken(db: AsyncSession, *, product_id: UUID, supplier_code: str, but: UUID | None = None) -> bool:
    """Whether another pack of the product has the supplier's own code."""
    query = exists().where(Sku.product_id == product_id, Sku.supplier_code == supplier_code)
    if but is not None:
        query = query.where(Sku.sku_id != but)
    return bool(supplier_code) and bool(await db.scalar(select(query)))


async def count_listed_with(db: AsyncSession, product_ids: Iterable[UUID], sku_ids: Iterable[UUID]) -> int:
    """How many SKUs of these products would be listed if these were too."""
    is_counted = or_(Sku.is_listed, Sku.sku_id.in_(set(sku_ids)))
    query = select(func.count()).where(Sku.product_id.in_(set(product_ids)), is_counted)
    return await db.scalar(query) or 0


async def list_delisted_for(db: AsyncSession, product_ids: Iterable[UUID], reason: str) -> Sequence[UUID]:
    """SKUs of these products that are off the shelf for this reason, or for it and a detail (`lot-held: code`), in
    order of id."""
    is_meant = or_(Sku.delisted_reason == reason, Sku.delisted_reason.startswith(f"{reason}: ", autoescape=True))
    query = select(Sku.sku_id).where(Sku.product_id.in_(set(product_ids)), ~Sku.is_listed, is_meant)
    return (await db.scalars(query.order_by(Sku.sku_id))).all()
