"""Creating and editing products."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate import actions as certificate_actions
from catalog.certificate.rules import Proof, ensure_certificates
from catalog.product import data, queries, rules
from catalog.product.models import Product
from catalog.region import queries as region_queries
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from catalog.supplier import queries as supplier_queries
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh


async def create_product(
    db: AsyncSession,
    *,
    product_id: UUID,
    supplier_id: UUID,
    title: str,
    category: str,
    picture: str,
    origin_county_code: str,
    shelf_life_days: int,
    now: datetime,
    title_en: str = "",
    season_from_month: int = 1,
    season_to_month: int = 12,
    temperature_class: str = "AMBIENT",
    grade: str = "",
    description: str = "",
    description_en: str = "",
    certificates: Sequence[Proof] = (),
    are_certificates_verified: bool = False,
    caller: Caller | None = None,
) -> Product:
    """A new product, a draft until one of its SKUs is listed.

    Refuses an unknown category, temperature class or county, a wrong certificate number, and an id that is taken.
    """
    rules.ensure_known(category, frozenset(data.categories()), field="category")
    rules.ensure_known(temperature_class, frozenset(data.temperature_classes()), field="temperature_class")
    ensure_certificates(list(certificates))
    await supplier_queries.get_supplier(db, supplier_id)
    county = await region_queries.get_county_code(db, origin_county_code, field="origin_county_code")
    if await db.get(Product, product_id) is not None:
        raise Conflict("A product with this id exists.", code="product-exists", field="product_id")
    product = Product(
        product_id=product_id,
        supplier_id=supplier_id,
        title=title,
        title_en=title_en,
        category=category,
        picture=picture,
        origin_county_code=county,
        season_from_month=season_from_month,
        season_to_month=season_to_month,
        shelf_life_days=shelf_life_days,
        temperature_class=temperature_class,
        grade=grade,
        description=description,
        description_en=description_en,
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(product)
    await db.flush()
    await certificate_actions.add_certificates(
        db,
        product=product,
        certificates=certificates,
        is_verified=are_certificates_verified,
        caller=caller,
        now=now,
    )
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
    """Change what is given and announce the listed SKUs anew; `certificates`, if given, replaces them all."""
    product = await queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    if "category" in changes:
        rules.ensure_known(changes["category"], frozenset(data.categories()), field="category")
        rules.ensure_category_stays(
            product.category, changes["category"], is_listed=await sku_queries.has_listed(db, product_id)
        )
    if "temperature_class" in changes:
        rules.ensure_known(
            changes["temperature_class"], frozenset(data.temperature_classes()), field="temperature_class"
        )
    if "origin_county_code" in changes:
        code = changes["origin_county_code"]
        changes = {
            **changes,
            "origin_county_code": await region_queries.get_county_code(db, code, field="origin_county_code"),
        }
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
    await _apply(db, product, changes, now=now)
    return product


async def set_picture(
    db: AsyncSession, *, product_id: UUID, expected_revision: int, picture: str, now: datetime
) -> Product:
    """Show another picture: a kind of our own drawings or the path of an uploaded photo."""
    product = await queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    await _apply(db, product, {"picture": picture}, now=now)
    return product


async def _apply(db: AsyncSession, product: Product, changes: dict[str, Any], *, now: datetime) -> None:
    for field, value in changes.items():
        setattr(product, field, value)
    product.revision += 1
    product.changed_at = now
    await db.flush()
    await sku_actions.announce_revised(db, product_ids=[product.product_id], now=now)
