"""Reading SKUs and their prices."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from catalog.sku import rules
from catalog.sku.models import Sku, SkuPrice
from shared.errors import NotFound


@dataclass(frozen=True)
class PricedSku:
    """A SKU with all its prices, in order of their beginning."""

    sku: Sku
    prices: list[rules.PricePeriod]


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
    prices = await list_prices(db, [sku.sku_id for sku in skus])
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


async def list_prices(db: AsyncSession, sku_ids: Iterable[UUID]) -> dict[UUID, list[rules.PricePeriod]]:
    """All price periods of these SKUs, past ones too, in order."""
    rows = await db.execute(
        select(SkuPrice.sku_id, SkuPrice.valid_from, SkuPrice.valid_until, SkuPrice.price_fen, SkuPrice.is_announced)
        .where(SkuPrice.sku_id.in_(set(sku_ids)))
        .order_by(SkuPrice.sku_id, SkuPrice.valid_from)
    )
    found: dict[UUID, list[rules.PricePeriod]] = defaultdict(list)
    for row in rows:
        found[row.sku_id].append(rules.PricePeriod(row.valid_from, row.valid_until, row.price_fen, row.is_announced))
    return found


async def list_skus_of(
    db: AsyncSession, product_ids: Iterable[UUID], *, listed_only: bool = False
) -> dict[UUID, list[PricedSku]]:
    """The SKUs of each of these products as they are now, lightest first."""
    query = select(Sku).where(Sku.product_id.in_(set(product_ids))).order_by(Sku.net_weight_g, Sku.sku_id)
    if listed_only:
        query = query.where(Sku.is_listed)
    skus = (await db.scalars(query.execution_options(populate_existing=True))).all()
    prices = await list_prices(db, [sku.sku_id for sku in skus])
    found: dict[UUID, list[PricedSku]] = defaultdict(list)
    for sku in skus:
        found[sku.product_id].append(PricedSku(sku, prices.get(sku.sku_id, [])))
    return found


async def list_skus_by_id(db: AsyncSession, sku_ids: Iterable[UUID]) -> Sequence[PricedSku]:
    """These SKUs with their prices, in order of id; one that does not exist is absent."""
    skus = (await db.scalars(select(Sku).where(Sku.sku_id.in_(set(sku_ids))).order_by(Sku.sku_id))).all()
    prices = await list_prices(db, [sku.sku_id for sku in skus])
    return [PricedSku(sku, prices.get(sku.sku_id, [])) for sku in skus]


async def list_products_with_turned_prices(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Products of listed SKUs whose price began without being announced, or ended with no other after it."""
    began = (
        select(Sku.product_id)
        .join(SkuPrice, SkuPrice.sku_id == Sku.sku_id)
        .where(Sku.is_listed, ~SkuPrice.is_announced, SkuPrice.valid_from <= now)
        .where(or_(SkuPrice.valid_until.is_(None), SkuPrice.valid_until > now))
    )
    present = aliased(SkuPrice)
    running = select(present.sku_id).where(
        present.sku_id == Sku.sku_id,
        present.valid_from <= now,
        or_(present.valid_until.is_(None), present.valid_until > now),
    )
    ended = (
        select(Sku.product_id)
        .join(SkuPrice, SkuPrice.sku_id == Sku.sku_id)
        .where(Sku.is_listed, SkuPrice.valid_until <= now, ~running.exists())
    )
    return (await db.scalars(union(began, ended).order_by("product_id").limit(limit))).all()
