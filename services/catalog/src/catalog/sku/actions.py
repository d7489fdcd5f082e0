"""Packing, pricing, listing and delisting. Every change of a listed SKU is announced and rendered in one transaction.

Locks are taken in one order everywhere: the row that is decided on (an application, a case, a placement, a
recognition), the supplier, those by whose mandate it sells (`licence.queries.lock_sellers`), products by id, then what
belongs to a product (reviews, lots, certificates, SKUs). Work on many suppliers takes one a transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.announcement import news_of
from catalog.credit import queries as credit_queries
from catalog.enforcement import queries as enforcement_queries
from catalog.exit_permit import queries as exit_permit_queries
from catalog.facts import next_turn, sale_state_at
from catalog.licence import queries as licence_queries
from catalog.lot import queries as lot_queries
from catalog.price import actions as price_actions
from catalog.price.rules import RETAIL, PricePeriod, ensure_has_price, price_at
from catalog.product import queries as product_queries
from catalog.product.data import units
from catalog.product.rules import PRODUCT_DELISTED, ensure_known, ensure_listed
from catalog.search import actions as search_actions
from catalog.season import actions as season_actions
from catalog.season.rules import SOLD, PresaleWindow
from catalog.sku import queries, rules
from catalog.sku.models import Sku
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events import Event
from shared.events.catalog import SkuDelisted
from shared.outbox import publish

PRICE_ENDED = "price-ended"
BACK_WITH_PRODUCT = frozenset({"", PRODUCT_DELISTED})
"""Packs that are off the shelf for these reasons come back with their product."""

_APPROVE = text("UPDATE skus SET is_approved = true WHERE product_id = :product_id AND NOT is_approved")
_LIST = text("""
    UPDATE skus SET is_listed = true, delisted_reason = '', revision = revision + 1, changed_at = :now
    WHERE sku_id = ANY(:sku_ids)
""")
_DELIST = text("""
    WITH before AS (SELECT sku_id, is_paused FROM skus WHERE sku_id = ANY(:sku_ids) AND is_listed)
    UPDATE skus SET is_listed = false, is_paused = false, turns_at = NULL, delisted_reason = :reason,
        revision = revision + 1, changed_at = :now
    FROM before WHERE skus.sku_id = before.sku_id
    RETURNING skus.sku_id, skus.revision, before.is_paused
""")
_REVISE = text("""
    UPDATE skus SET revision = revision + 1, changed_at = :now
    WHERE product_id = ANY(:product_ids) AND is_listed
    RETURNING sku_id
""")
_REVISE_ONE = text("UPDATE skus SET revision = revision + 1, changed_at = :now WHERE sku_id = :sku_id")
_SETTLE = text("UPDATE skus SET is_paused = :is_paused, turns_at = :turns_at WHERE sku_id = :sku_id")
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
    unit: str = "piece",
    grade: str = "",
    gtin: str = "",
    supplier_code: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    is_approved: bool = False,
) -> Sku:
    """A new pack of a product with its first price, not listed yet. `valid_from` defaults to now. `is_approved` is for
    what needs no review: operators' own entries and the demo.

    404 `product-unknown`, 409 `sku-exists`, `supplier-code-taken`, 422 `price-period-empty`, `unit-unknown`,
    `gtin-invalid`.
    """
    await product_queries.lock_product(db, product_id)
    if await db.get(Sku, sku_id) is not None:
        raise Conflict("A SKU with this id exists.", code="sku-exists", field="sku_id")
    codes = {"unit": unit, "gtin": gtin, "supplier_code": supplier_code}
    await ensure_codes(db, codes, product_id=product_id)
    sku = Sku(
        sku_id=sku_id,
        product_id=product_id,
        specification=specification,
        specification_en=specification_en,
        net_weight_g=net_weight_g,
        grade=grade,
        is_approved=is_approved,
        is_listed=False,
        is_paused=False,
        delisted_reason="",
        revision=1,
        created_at=now,
        changed_at=now,
        **codes,
    )
    db.add(sku)
    await db.flush()
    await price_actions.add_price(db, sku_id=sku_id, price=PricePeriod(valid_from or now, valid_until, price_fen))
    return sku


async def ensure_codes(
    db: AsyncSession, given: dict[str, Any], *, product_id: UUID, sku_id: UUID | None = None
) -> None:
    """422 `unit-unknown`, `gtin-invalid`; 409 `supplier-code-taken` by another pack of the product."""
    if "unit" in given:
        ensure_known(given["unit"], frozenset(units()), field="unit")
    rules.ensure_gtin(given.get("gtin", ""))
    if await queries.is_code_taken(db, product_id=product_id, supplier_code=given.get("supplier_code", ""), but=sku_id):
        raise Conflict("Another pack of the product has this code.", code="supplier-code-taken", field="supplier_code")


async def edit_sku(
    db: AsyncSession, *, sku_id: UUID, expected_revision: int, changes: dict[str, Any], now: datetime
) -> Sku:
    """Change what the pack is; announced if it is listed. Refuses what `ensure_codes` refuses."""
    sku = await _lock(db, sku_id)
    ensure_fresh(expected_revision, sku.revision)
    await ensure_codes(db, changes, product_id=sku.product_id, sku_id=sku_id)
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
    buyer_group: str = RETAIL,
    min_quantity: int = 1,
    reason: str = "",
) -> Sku:
    """Set the price of a tier (the base price if none is said) from `valid_from` (now if omitted) until `valid_until`
    (for good if omitted). The price that runs then stops there and goes on afterwards; one of the future starts by
    itself.

    409 `price-overlap`, `price-tier-dearer`, 412 `stale`, 422 `price-in-the-past`, `price-period-empty`, and for a
    listed pack `price-jump-reason-missing`.
    """
    sku = await _lock(db, sku_id)
    ensure_fresh(expected_revision, sku.revision)
    price = PricePeriod(valid_from or now, valid_until, price_fen, buyer_group=buyer_group, min_quantity=min_quantity)
    await price_actions.put_price(db, sku_id=sku_id, price=price, now=now, is_listed=sku.is_listed, reason=reason)
    await _changed(db, sku, now=now)
    return sku


async def end_tier(
    db: AsyncSession, *, sku_id: UUID, expected_revision: int, buyer_group: str, min_quantity: int, now: datetime
) -> Sku:
    """End a price by quantity or group now. 409 `price-tier-unknown`, 412 `stale`, 422 `price-base-stays`."""
    sku = await _lock(db, sku_id)
    ensure_fresh(expected_revision, sku.revision)
    await price_actions.end_tier(db, sku_id=sku_id, buyer_group=buyer_group, min_quantity=min_quantity, now=now)
    await _changed(db, sku, now=now)
    return sku


async def set_presales(
    db: AsyncSession, *, sku_id: UUID, expected_revision: int, presales: Sequence[PresaleWindow], now: datetime
) -> Sku:
    """Give the pack these presales. 412 `stale`, 422 `presale-empty`, `presale-ships-too-early`, `presale-overlap`."""
    sku = await _lock(db, sku_id)
    ensure_fresh(expected_revision, sku.revision)
    await season_actions.replace_presales(db, sku_id=sku_id, presales=presales)
    await _changed(db, sku, now=now)
    return sku


async def list_sku(db: AsyncSession, *, sku_id: UUID, now: datetime) -> Sku:
    """Put a SKU on the shelf: `SkuListed`, now or when its season begins. Listed already, it changes nothing.

    404 `sku-unknown`; 409 `price-missing`, `product-not-listed`, `sku-in-review`, `supplier-not-active`,
    `licence-ended`, `mandate-missing`.
    """
    await list_skus(db, sku_ids=[sku_id], now=now)
    return await queries.get_sku(db, sku_id)


async def list_skus(db: AsyncSession, *, sku_ids: Sequence[UUID], now: datetime) -> None:
    """Put many SKUs on the shelf at once, all or none; those that are there already stay as they are."""
    product_ids = await queries.list_product_ids(db, sku_ids)
    shelves: dict[UUID, set[str]] = {}
    for product in await product_queries.list_products_by_id(db, product_ids):
        shelves.setdefault(product.supplier_id, set()).add(product.category)
    for supplier_id, categories in sorted(shelves.items()):
        await licence_queries.ensure_may_sell(db, supplier_id=supplier_id, categories=categories, now=now)
        await credit_queries.ensure_may_list(db, supplier_id, sku_ids=sku_ids, on=business_day(now))
    await product_queries.lock_products(db, product_ids)
    for product in await product_queries.list_products_by_id(db, product_ids):
        ensure_listed(product.status)
    await enforcement_queries.ensure_products_free(db, product_ids, supplier_ids=shelves)
    new = [each for each in await queries.lock_skus(db, sku_ids) if not each.sku.is_listed]
    for each in new:
        rules.ensure_approved(is_approved=each.sku.is_approved)
        ensure_has_price(each.prices, now)
    listed, products = {each.sku.sku_id for each in new}, {each.sku.product_id for each in new}
    await exit_permit_queries.ensure_permitted(db, products, on=business_day(now))
    rules.ensure_not_held(await lot_queries.list_blocked_skus(db, listed))
    if new:
        await db.execute(_LIST, {"sku_ids": list(listed), "now": now})
        await _tell(db, products, listed, newly_listed=listed, now=now)


async def list_ready(db: AsyncSession, *, product_id: UUID, now: datetime) -> None:
    """Put the packs of a product that was let through, or came back, on its shelf: those that somebody approved, that
    have a price, that were not taken off one by one, and of which no lot is held. Hold who sells it, then the
    product (`shelf.lock_product`)."""
    found = (await queries.list_skus_of(db, [product_id])).get(product_id, [])
    ready = [
        each.sku.sku_id
        for each in found
        if each.sku.is_approved
        and not each.sku.is_listed
        and each.sku.delisted_reason in BACK_WITH_PRODUCT
        and price_at(each.prices, now) is not None
    ]
    if free := sorted({*ready} - await lot_queries.list_blocked_skus(db, ready)):
        await list_skus(db, sku_ids=free, now=now)


async def approve_skus(db: AsyncSession, *, product_id: UUID) -> None:
    """Somebody has reviewed the packs of this product. Hold its lock first."""
    await db.execute(_APPROVE, {"product_id": product_id})


async def approve_sku(db: AsyncSession, *, sku_id: UUID) -> None:
    """Somebody has reviewed this pack. Hold its product's lock first."""
    sku = await queries.lock_sku(db, sku_id)
    sku.is_approved = True
    await db.flush()


async def delist_sku(db: AsyncSession, *, sku_id: UUID, reason: str, now: datetime) -> Sku:
    """Somebody takes a SKU off the shelf: `SkuDelisted`. Off it already, only the reason changes, so that what took it
    off does not bring it back. 404 `sku-unknown`."""
    product_id = await queries.get_product_id(db, sku_id)
    await product_queries.lock_product(db, product_id)
    await mark_delisted_for(db, sku_id=sku_id, reason=reason)
    await delist_skus(db, [sku_id], product_ids=[product_id], reason=reason, now=now)
    return await queries.get_sku(db, sku_id)


async def mark_delisted_for(db: AsyncSession, *, sku_id: UUID, reason: str) -> None:
    """Another reason keeps the SKU off the shelf now."""
    await db.execute(
        text("UPDATE skus SET delisted_reason = :reason WHERE sku_id = :sku_id AND NOT is_listed"),
        {"sku_id": sku_id, "reason": reason},
    )


async def delist_all(db: AsyncSession, *, product_ids: Sequence[UUID], reason: str, now: datetime) -> None:
    """Take all SKUs of these products off the shelf. Hold the products' locks first."""
    skus = await queries.list_skus_of(db, product_ids, listed_only=True)
    sku_ids = [each.sku.sku_id for found in skus.values() for each in found]
    await delist_skus(db, sku_ids, product_ids=product_ids, reason=reason, now=now)


async def announce_revised(db: AsyncSession, *, product_ids: Sequence[UUID], now: datetime) -> None:
    """Tell of every listed SKU of these products as it is now, and render their cards. Hold the products' locks."""
    rows = await db.execute(_REVISE, {"product_ids": list(product_ids), "now": now})
    await _tell(db, product_ids, set(rows.scalars()), now=now)


async def announce_next(db: AsyncSession, *, after: UUID | None, now: datetime, limit: int = 500) -> UUID | None:
    """Tell of the SKUs of the next products, in order of id: for when what all of them show has changed.

    Returns the id to go on after, or None when all are done.
    """
    product_ids = await product_queries.list_product_ids(db, after=after, limit=limit)
    await product_queries.lock_products(db, product_ids)
    await announce_revised(db, product_ids=product_ids, now=now)
    return product_ids[-1] if product_ids else None


async def turn_prices(db: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Announce the prices, seasons and presales that turned since the last time and delist the SKUs whose price ended
    with no other after it. Cards need no turning: they carry their instants.

    Returns how many products were turned, at most `limit`.
    """
    due = await queries.list_products_that_turned(db, now=now, limit=limit)
    product_ids = await product_queries.lock_products(db, due)
    if not product_ids:
        return 0
    skus = await queries.list_skus_of(db, product_ids, listed_only=True)
    ended = [each.sku.sku_id for found in skus.values() for each in found if price_at(each.prices, now) is None]
    await delist_skus(db, ended, product_ids=product_ids, reason=PRICE_ENDED, now=now)
    turned = {each.sku.product_id for found in skus.values() for each in found if _has_turned(each, now)}
    if turned:
        await announce_revised(db, product_ids=sorted(turned), now=now)
    return len(product_ids)


def _has_turned(each: queries.PricedSku, now: datetime) -> bool:
    """Whether something of it that should be told began or ended, beside the end of its base price."""
    if price_at(each.prices, now) is None:
        return False
    is_due = each.sku.turns_at is not None and each.sku.turns_at <= now
    return is_due or any(not price.is_announced and price.holds_at(now) for price in each.prices)


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
    await db.execute(_REVISE_ONE, {"sku_id": sku.sku_id, "now": now})
    await _tell(db, [sku.product_id], {sku.sku_id}, now=now)
    await db.refresh(sku)


async def delist_skus(
    db: AsyncSession, sku_ids: Sequence[UUID], *, product_ids: Iterable[UUID], reason: str, now: datetime
) -> None:
    """Take these SKUs of these products off the shelf. Hold the products' locks first."""
    rows = (await db.execute(_DELIST, {"sku_ids": list(sku_ids), "reason": reason, "now": now})).all()
    if not rows:
        return
    await search_actions.refresh_cards(db, product_ids=product_ids, now=now)
    events = [
        SkuDelisted(sku_id=row.sku_id, reason=reason, revision=row.revision, delisted_at=now)
        for row in sorted(rows, key=lambda row: row.sku_id)
        if not row.is_paused
    ]
    if events:
        await publish(db, *events, now=now)


async def _tell(
    db: AsyncSession,
    product_ids: Iterable[UUID],
    sku_ids: set[UUID],
    *,
    now: datetime,
    newly_listed: Collection[UUID] = (),
) -> None:
    """Render the products' cards and tell of these SKUs, whose revision was counted: those that are sold from now on as
    listed, those that a season or presale keeps from sale as delisted, the others that are sold as revised."""
    facts = await search_actions.refresh_cards(db, product_ids=product_ids, now=now)
    events: list[Event] = []
    settled: list[dict[str, Any]] = []
    for product in facts:
        for sku in product.skus:
            if sku.sku_id not in sku_ids:
                continue
            state = sale_state_at(product, sku, now)
            turns_at = next_turn(product, sku, now)
            is_paused = state not in SOLD
            if (is_paused, turns_at) != (sku.is_paused, sku.turns_at):
                settled.append({"sku_id": sku.sku_id, "is_paused": is_paused, "turns_at": turns_at})
            was_sold = not sku.is_paused and sku.sku_id not in newly_listed
            events += news_of(product, sku, now, was_sold=was_sold, state=state)
    if settled:
        await db.execute(_SETTLE, settled)
    await db.execute(_MARK_ANNOUNCED, {"sku_ids": list(sku_ids), "now": now})
    if events:
        await publish(db, *events, now=now)
