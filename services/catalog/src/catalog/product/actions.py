"""Creating and editing products, and their way to the shelf and off it. Reviews are `catalog.review`'s."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf, shown_documents
from catalog.certificate import actions as certificate_actions
from catalog.certificate.rules import Proof, ensure_certificates
from catalog.document import queries as document_queries
from catalog.photo.queries import ensure_photos_of
from catalog.product import data, queries, rules
from catalog.product.models import Product
from catalog.region import queries as region_queries
from catalog.season import actions as season_actions
from catalog.season.rules import SeasonWindow, ensure_windows
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from catalog.supplier import queries as supplier_queries
from catalog.supplier.rules import ensure_may_sell
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh


async def create_product(
    db: AsyncSession,
    *,
    product_id: UUID,
    supplier_id: UUID,
    title: str,
    category: str,
    origin_county_code: str,
    shelf_life_days: int,
    now: datetime,
    picture: str = "",
    title_en: str = "",
    season_from_month: int = 1,
    season_to_month: int = 12,
    temperature_class: str = "AMBIENT",
    grade: str = "",
    description: str = "",
    description_en: str = "",
    certificates: Sequence[Proof] = (),
    are_certificates_verified: bool = False,
    is_approved: bool = False,
    caller: Caller | None = None,
    **more: Any,
) -> Product:
    """A new product: a DRAFT, or LISTED at once with `is_approved` (operators' own entries and the demo). `more` are
    further fields as `edit_product` takes them: pictures, seasons, season_note, tax_basis, invoice_name, tax_code,
    document_ids.

    Refuses an unknown category, temperature class or county, a wrong certificate number, an id that is taken, and what
    `edit_product` refuses.
    """
    ensure_certificates(list(certificates))
    await supplier_queries.get_supplier(db, supplier_id)
    if await db.get(Product, product_id) is not None:
        raise Conflict("A product with this id exists.", code="product-exists", field="product_id")
    product = Product(
        product_id=product_id,
        supplier_id=supplier_id,
        title=title,
        title_en=title_en,
        category=category,
        picture=picture,
        origin_county_code=origin_county_code,
        season_from_month=season_from_month,
        season_to_month=season_to_month,
        shelf_life_days=shelf_life_days,
        temperature_class=temperature_class,
        grade=grade,
        description=description,
        description_en=description_en,
        status=rules.LISTED if is_approved else rules.DRAFT,
        status_reason="",
        is_reviewed=is_approved,
        more_pictures=[],
        document_ids=[],
        season_note="",
        season_note_en="",
        tax_basis="",
        invoice_name="",
        tax_code="",
        revision=1,
        created_at=now,
        changed_at=now,
    )
    given = {"category": category, "temperature_class": temperature_class, "origin_county_code": origin_county_code}
    changes = await checked_changes(db, product, given | more, now=now)
    windows = changes.pop("seasons", [])
    _set(product, changes)
    db.add(product)
    await db.flush()
    if windows:
        await _set_windows(db, product, windows)
    await certificate_actions.add_certificates(
        db,
        product=product,
        certificates=certificates,
        is_verified=are_certificates_verified,
        caller=caller,
        now=now,
    )
    if is_approved:
        await shown_documents.settle(db, product.document_ids)
    await note(db, product, "create", caller=caller, now=now, before="")
    return product


async def edit_product(
    db: AsyncSession,
    *,
    product_id: UUID,
    expected_revision: int,
    changes: dict[str, Any],
    now: datetime,
    certificates: Sequence[Proof] | None = None,
    are_certificates_verified: bool = False,
    caller: Caller | None = None,
) -> Product:
    """Change what is given at once and announce the listed SKUs anew; `certificates`, if given, replaces them all.
    Whether a change needs a review first is decided by `catalog.review.actions.edit_product`.

    412 `stale`; refuses what `checked_changes` refuses.
    """
    product = await queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    changes = await checked_changes(db, product, changes, now=now)
    if certificates is not None:
        ensure_certificates(list(certificates))
        await certificate_actions.replace_certificates(
            db,
            product=product,
            certificates=certificates,
            is_verified=are_certificates_verified,
            caller=caller,
            now=now,
        )
    await apply_changes(db, product, changes, now=now)
    return product


async def checked_changes(
    db: AsyncSession, product: Product, changes: dict[str, Any], *, now: datetime
) -> dict[str, Any]:
    """The changes as they are stored: `picture` becomes the first of `pictures`, a county its present code, `seasons`
    windows.

    409 `product-listed` for another category while listed; 422 `category-unknown`, `temperature-class-unknown`,
    `county-unknown`, `region-unknown`, `season-repeated`, `picture-repeated`, `pictures-too-many`, `picture-unknown`,
    `tax-basis-unknown`, `tax-basis-not-applicable`, `document-unknown`.
    """
    found = dict(changes)
    if "picture" in found:
        cover = found.pop("picture")
        found.setdefault("pictures", list(dict.fromkeys([cover, *product.more_pictures])))
    await _ensure_kinds(db, product, found)
    if "origin_county_code" in found:
        code = found["origin_county_code"]
        found["origin_county_code"] = await region_queries.get_county_code(db, code, field="origin_county_code")
    if "pictures" in found:
        rules.ensure_pictures(found["pictures"])
        await ensure_photos_of(db, found["pictures"], supplier_id=product.supplier_id)
    if "seasons" in found:
        found["seasons"] = await _checked_windows(db, found["seasons"])
    if "document_ids" in found:
        found["document_ids"] = [UUID(str(each)) for each in found["document_ids"]]
        await document_queries.ensure_documents_of(
            db, found["document_ids"], organisation_id=product.supplier_id, field="document_ids"
        )
    if {"tax_basis", "category"} & found.keys():
        await _ensure_tax(db, product, found, now=now)
    return found


async def _ensure_kinds(db: AsyncSession, product: Product, given: dict[str, Any]) -> None:
    if "category" in given:
        rules.ensure_known(given["category"], frozenset(data.categories()), field="category")
        is_listed = await sku_queries.has_listed(db, product.product_id)
        rules.ensure_category_stays(product.category, given["category"], is_listed=is_listed)
    if "temperature_class" in given:
        rules.ensure_known(given["temperature_class"], frozenset(data.temperature_classes()), field="temperature_class")


async def _checked_windows(db: AsyncSession, given: Sequence[SeasonWindow | dict[str, Any]]) -> list[SeasonWindow]:
    windows = [each if isinstance(each, SeasonWindow) else SeasonWindow(**each) for each in given]
    ensure_windows(windows)
    for place, window in enumerate(windows):
        if window.region_code:
            await region_queries.ensure_region(db, window.region_code, field=f"seasons.{place}.region_code")
    return windows


async def apply_changes(db: AsyncSession, product: Product, changes: dict[str, Any], *, now: datetime) -> None:
    """Store changes that `checked_changes` let through and tell of them. Hold the product's lock first."""
    changes = dict(changes)
    windows = changes.pop("seasons", None)
    documents_before = product.document_ids
    _set(product, changes)
    if windows is not None:
        await _set_windows(db, product, windows)
    product.revision += 1
    product.changed_at = now
    await db.flush()
    if "document_ids" in changes:
        await shown_documents.settle(db, [*documents_before, *product.document_ids])
    await sku_actions.announce_revised(db, product_ids=[product.product_id], now=now)


async def move(
    db: AsyncSession, product: Product, verb: str, *, caller: Caller | None, now: datetime, reason: str = ""
) -> None:
    """One step of `rules.MOVES`, noted in the trail; packs follow onto the shelf or off it. On the
    way to the shelf hold `shelf.lock_product`, else the product's lock.

    409 `product-status`, and on the way to the shelf `supplier-not-active`.
    """
    before, after = product.status, rules.status_after(verb, product.status)
    if after == rules.LISTED:
        suppliers = await supplier_queries.list_suppliers_by_id(db, [product.supplier_id])
        ensure_may_sell(suppliers[product.supplier_id].status)
    if before == rules.LISTED:
        await sku_actions.delist_all(db, product_ids=[product.product_id], reason=rules.PRODUCT_DELISTED, now=now)
    product.status = after
    product.status_reason = reason
    product.is_reviewed = product.is_reviewed or after == rules.LISTED
    product.revision += 1
    product.changed_at = now
    await db.flush()
    await shown_documents.settle(db, product.document_ids)
    if after == rules.LISTED:
        await sku_actions.list_ready(db, product_id=product.product_id, now=now)
    await note(db, product, verb, caller=caller, now=now, before=before, reason=reason)


async def delist_product(
    db: AsyncSession, *, product_id: UUID, expected_revision: int, reason: str, caller: Caller | None, now: datetime
) -> Product:
    """Take the product and its packs off the shelf. 409 `product-status`, 412 `stale`."""
    product = await queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    await move(db, product, "delist", caller=caller, now=now, reason=reason)
    return product


async def relist_product(
    db: AsyncSession, *, product_id: UUID, expected_revision: int, reason: str, caller: Caller | None, now: datetime
) -> Product:
    """Put a delisted product that nobody changed back with the packs that it took along; the undo of delisting.

    409 `product-status`, `product-changed`, `supplier-not-active`; 412 `stale`.
    """
    product = await shelf.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    rules.status_after("relist", product.status)
    rules.ensure_still_reviewed(is_reviewed=product.is_reviewed)
    await move(db, product, "relist", caller=caller, now=now, reason=reason)
    return product


async def _ensure_tax(db: AsyncSession, product: Product, changes: dict[str, Any], *, now: datetime) -> None:
    basis = changes.get("tax_basis", product.tax_basis)
    if not basis:
        return
    rules.ensure_known(basis, frozenset(data.tax_bases()), field="tax_basis")
    supplier = await supplier_queries.get_supplier(db, product.supplier_id)
    rules.ensure_tax(
        data.tax_bases()[basis],
        category=changes.get("category", product.category),
        supplier_kind=supplier.kind,
        on=business_day(now),
    )


def _set(product: Product, changes: dict[str, Any]) -> None:
    for field, value in changes.items():
        if field == "pictures":
            product.picture, product.more_pictures = (value[0], value[1:]) if value else ("", [])
        else:
            setattr(product, field, value)


async def _set_windows(db: AsyncSession, product: Product, windows: Sequence[SeasonWindow]) -> None:
    await season_actions.replace_windows(db, product_id=product.product_id, windows=windows)
    if windows:
        product.season_from_month, product.season_to_month = windows[0].from_month, windows[0].to_month
        await db.flush()


async def note(
    db: AsyncSession,
    product: Product,
    verb: str,
    *,
    caller: Caller | None,
    now: datetime,
    before: str | None = None,
    reason: str = "",
) -> None:
    """Write what was done to the product into its trail; `before` is the status it came from, if it moved."""
    await trail_actions.record(
        db,
        subject_kind="product",
        subject_id=product.product_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=product.status if before is None else before,
        to_status=product.status,
        reason=reason,
    )
