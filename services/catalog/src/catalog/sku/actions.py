"""Packing, pricing, listing and delisting. Every change of a listed SKU is announced and rendered in one transaction.

Locks are taken in one order everywhere: supplier, then products, then SKUs, each by id.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.facts import ProductFacts, SkuFacts
from catalog.product import queries as product_queries
from catalog.search import actions as search_actions
from catalog.sku import queries, rules
from catalog.sku.models import Sku, SkuPrice
from catalog.supplier import queries as supplier_queries
from catalog.supplier.rules import ensure_may_sell
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events import Event
from shared.events.catalog import SkuDelisted, SkuListed, SkuRevised
from shared.outbox import publish

PRICE_ENDED = "price-ended"

_LIST = text("""
    UPDATE skus SET is_listed = true, delisted_reason = '', revision = revision + 1, changed_at = :now
    WHERE sku_id = ANY(:sku_ids)
""")
_DELIST = text("""
    UPDATE skus SET is_listed = false, delisted_reason = :reason, revision = revision + 1, changed_at = :now
    WHERE sku_id = ANY(:sku_ids) AND is_listed
    RETURNING sku_id, revision
""")
_REVISE = text("""
    UPDATE skus SET revision = revision + 1, changed_at = :now
    WHERE product_id = ANY(:product_ids) AND is_listed
    RETURNING sku_id
""")
_MARK_ANNOUNCED = text("""
    UPDATE sku_prices SET is_announced = true
    WHERE sku_id = ANY(:sku_ids) AND valid_from <= :now AND NOT is_announced
""")


async def add_sku(
    db: AsyncSession,
    *,
    sku_id: UUID,
    product_id: UUID,
    specification: str,
    net_weight_g: int,
    price_fen: int,
    now: datetime,
    specification_en: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Sku:
    """A new pack of a product with its first price, not listed yet. `valid_from` defaults to now.

    404 `product-unknown`, 409 `sku-exists`, 422 `price-period-empty`.
    """
    await product_queries.lock_product(db, product_id)
    price = rules.PricePeriod(valid_from or now, valid_until, price_fen)
    rules.ensure_period(price, price.valid_from)
    if await db.get(Sku, sku_id) is not None:
        raise Conflict("A SKU with this id exists.", code="sku-exists", field="sku_id")
    sku = Sku(
        sku_id=sku_id,
        product_id=product_id,
        specification=specification,
        specification_en=specification_en,
        net_weight_g=net_weight_g,
        is_listed=False,
        delisted_reason="",
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(sku)
    await db.flush()
    _add_prices(db, sku_id, [price])
    await db.flush()
    return sku


async def edit_sku(
    db: AsyncSession, *, sku_id: UUID, expected_revision: int, changes: dict[str, Any], now: datetime
) -> Sku:
    """Change the specification or the net weight; announced if it is listed."""
    sku = await _lock(db, sku_id)
    ensure_fresh(expected_revision, sku.revision)
    for field, value in changes.items():
        setattr(sku, field, value)
    await _changed(db, sku, now=now)
    return sku


async def set_price(
    db: AsyncSession,
    *,
    sku_id: UUID,
    expected_revision: int,
    price_fen: int,
    now: datetime,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Sku:
    """Set the price from `valid_from` (now if omitted) until `valid_until` (for good if omitted).

    The price that runs then stops there and goes on afterwards. A price of the future starts by itself.

    409 `price-overlap`, 412 `stale`, 422 `price-in-the-past`, `price-period-empty`.
    """
    sku = await _lock(db, sku_id)
    ensure_fresh(expected_revision, sku.revision)
    price = rules.PricePeriod(valid_from or now, valid_until, price_fen)
    rules.ensure_period(price, now)
    periods = (await queries.list_prices(db, [sku_id])).get(sku_id, [])
    await _store_prices(db, sku_id, rules.with_price(periods, price))
    await _changed(db, sku, now=now)
    return sku


async def list_sku(db: AsyncSession, *, sku_id: UUID, now: datetime) -> Sku:
    """Put a SKU on the shelf: `SkuListed`. Listed already, it changes nothing.

    404 `sku-unknown`; 409 `price-missing`, `supplier-not-active`.
    """
    await list_skus(db, sku_ids=[sku_id], now=now)
    return await queries.get_sku(db, sku_id)


async def list_skus(db: AsyncSession, *, sku_ids: Sequence[UUID], now: datetime) -> None:
    """Put many SKUs on the shelf at once, all or none; those that are there already stay as they are."""
    product_ids = await queries.list_product_ids(db, sku_ids)
    for supplier_id in await product_queries.list_supplier_ids(db, product_ids):
        ensure_may_sell((await supplier_queries.lock_supplier_shared(db, supplier_id)).status)
    await product_queries.lock_products(db, product_ids)
    new = [each for each in await queries.lock_skus(db, sku_ids) if not each.sku.is_listed]
    for each in new:
        rules.ensure_has_price(each.prices, now)
    if not new:
        return
    new_ids = [each.sku.sku_id for each in new]
    await db.execute(_LIST, {"sku_ids": new_ids, "now": now})
    facts = await search_actions.refresh_cards(db, product_ids={each.sku.product_id for each in new}, now=now)
    listed = set(new_ids)
    events = [
        SkuListed(**_announcement(product, sku, now), listed_at=now)
        for product in facts
        for sku in product.skus
        if sku.sku_id in listed
    ]
    await _announce(db, events, new_ids, now=now)


async def delist_sku(db: AsyncSession, *, sku_id: UUID, reason: str, now: datetime) -> Sku:
    """Take a SKU off the shelf: `SkuDelisted`. Off it already, it changes nothing. 404 `sku-unknown`."""
    product_id = await queries.get_product_id(db, sku_id)
    await product_queries.lock_product(db, product_id)
    await _delist(db, [sku_id], product_ids=[product_id], reason=reason, now=now)
    return await queries.get_sku(db, sku_id)


async def delist_all(db: AsyncSession, *, product_ids: Sequence[UUID], reason: str, now: datetime) -> None:
    """Take all SKUs of these products off the shelf. Hold the products' locks first."""
    skus = await queries.list_skus_of(db, product_ids, listed_only=True)
    sku_ids = [each.sku.sku_id for found in skus.values() for each in found]
    await _delist(db, sku_ids, product_ids=product_ids, reason=reason, now=now)


async def announce_revised(db: AsyncSession, *, product_ids: Sequence[UUID], now: datetime) -> None:
    """Tell of every listed SKU of these products as it is now, and render their cards. Hold the products' locks."""
    rows = await db.execute(_REVISE, {"product_ids": list(product_ids), "now": now})
    sku_ids = set(rows.scalars())
    facts = await search_actions.refresh_cards(db, product_ids=product_ids, now=now)
    events = [
        SkuRevised(**_announcement(product, sku, now), revised_at=now)
        for product in facts
        for sku in product.skus
        if sku.sku_id in sku_ids and rules.price_at(sku.prices, now) is not None
    ]
    await _announce(db, events, list(sku_ids), now=now)


async def announce_next(db: AsyncSession, *, after: UUID | None, now: datetime, limit: int = 500) -> UUID | None:
    """Tell of the SKUs of the next products, in order of id: for when what all of them show has changed.

    Returns the id to go on after, or None when all are done.
    """
    product_ids = await product_queries.list_product_ids(db, after=after, limit=limit)
    await product_queries.lock_products(db, product_ids)
    await announce_revised(db, product_ids=product_ids, now=now)
    return product_ids[-1] if product_ids else None


async def turn_prices(db: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Announce the prices that began since the last time and delist the SKUs whose price ended with no other after it.

    Cards need no turning: they carry their instants. Returns how many products were turned, at most `limit`.
    """
    due = await queries.list_products_with_turned_prices(db, now=now, limit=limit)
    product_ids = await product_queries.lock_products(db, due)
    if not product_ids:
        return 0
    skus = await queries.list_skus_of(db, product_ids, listed_only=True)
    ended = [each.sku.sku_id for found in skus.values() for each in found if rules.price_at(each.prices, now) is None]
    await _delist(db, ended, product_ids=product_ids, reason=PRICE_ENDED, now=now)
    began = {
        each.sku.product_id
        for found in skus.values()
        for each in found
        if (price := rules.price_at(each.prices, now)) is not None and not price.is_announced
    }
    if began:
        await announce_revised(db, product_ids=sorted(began), now=now)
    return len(product_ids)


async def _lock(db: AsyncSession, sku_id: UUID) -> Sku:
    """The SKU, its product held before it."""
    await product_queries.lock_product(db, await queries.get_product_id(db, sku_id))
    return await queries.lock_sku(db, sku_id)


async def _changed(db: AsyncSession, sku: Sku, *, now: datetime) -> None:
    """Count the revision; a listed SKU is announced with its product's others, whose page shows it."""
    if not sku.is_listed:
        sku.revision += 1
        sku.changed_at = now
        await db.flush()
        return
    await db.flush()
    rows = await db.execute(
        text("UPDATE skus SET revision = revision + 1, changed_at = :now WHERE sku_id = :sku_id RETURNING sku_id"),
        {"sku_id": sku.sku_id, "now": now},
    )
    sku_ids = list(rows.scalars())
    facts = await search_actions.refresh_cards(db, product_ids=[sku.product_id], now=now)
    events = [
        SkuRevised(**_announcement(product, each, now), revised_at=now)
        for product in facts
        for each in product.skus
        if each.sku_id in sku_ids and rules.price_at(each.prices, now) is not None
    ]
    await _announce(db, events, sku_ids, now=now)
    await db.refresh(sku)


async def _delist(
    db: AsyncSession, sku_ids: Sequence[UUID], *, product_ids: Iterable[UUID], reason: str, now: datetime
) -> None:
    rows = await db.execute(_DELIST, {"sku_ids": list(sku_ids), "reason": reason, "now": now})
    events = [
        SkuDelisted(sku_id=row.sku_id, reason=reason, revision=row.revision, delisted_at=now)
        for row in sorted(rows, key=lambda row: row.sku_id)
    ]
    if events:
        await search_actions.refresh_cards(db, product_ids=product_ids, now=now)
        await publish(db, *events, now=now)


async def _announce(db: AsyncSession, events: Sequence[Event], sku_ids: Sequence[UUID], *, now: datetime) -> None:
    await db.execute(_MARK_ANNOUNCED, {"sku_ids": list(sku_ids), "now": now})
    if events:
        await publish(db, *events, now=now)


async def _store_prices(db: AsyncSession, sku_id: UUID, periods: Sequence[rules.PricePeriod]) -> None:
    """Replace the SKU's prices; the exclusion constraint has the last word."""
    await db.execute(delete(SkuPrice).where(SkuPrice.sku_id == sku_id))
    _add_prices(db, sku_id, periods)
    await db.flush()


def _add_prices(db: AsyncSession, sku_id: UUID, periods: Sequence[rules.PricePeriod]) -> None:
    db.add_all(
        SkuPrice(
            sku_id=sku_id,
            valid_from=period.valid_from,
            valid_until=period.valid_until,
            price_fen=period.price_fen,
            is_announced=period.is_announced,
        )
        for period in periods
    )


def _announcement(product: ProductFacts, sku: SkuFacts, now: datetime) -> dict[str, Any]:
    """The whole SKU, as an event tells of it."""
    price = rules.price_at(sku.prices, now)
    if price is None:
        raise Conflict("The SKU has no price now.", code="price-missing", field="price_fen")
    return {
        "sku_id": sku.sku_id,
        "product_id": product.product_id,
        "supplier_id": product.supplier_id,
        "supplier_name": product.supplier_name,
        "supplier_county_code": product.supplier_county_code,
        "product_title": product.title,
        "product_title_en": product.title_en,
        "specification": sku.specification,
        "specification_en": sku.specification_en,
        "category": product.category,
        "picture": product.picture,
        "origin_county_code": product.county_code,
        "designations": product.designations,
        "net_weight_g": sku.net_weight_g,
        "price_fen": price.price_fen,
        "price_valid_from": price.valid_from,
        "price_valid_until": price.valid_until,
        "temperature_class": product.temperature_class,
        "shelf_life_days": product.shelf_life_days,
        "is_canteen_ready": product.is_canteen_ready_on(business_day(now)),
        "revision": sku.revision,
    }
