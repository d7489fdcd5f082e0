"""Admitting, editing and suspending suppliers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.product import queries as product_queries
from catalog.region import queries as region_queries
from catalog.sku import actions as sku_actions
from catalog.supplier import queries, rules
from catalog.supplier.models import Supplier
from shared.errors import Conflict
from shared.etag import ensure_fresh


async def register_supplier(
    db: AsyncSession,
    *,
    supplier_id: UUID,
    kind: str,
    name: str,
    county_code: str,
    now: datetime,
    uscc: str | None = None,
    name_en: str = "",
    story: str = "",
    story_en: str = "",
    linked_households: int = 0,
    is_admitted: bool = False,
) -> Supplier:
    """Register a supplier, DRAFT unless an operator admits it at once.

    Refuses a wrong `uscc`, a county that is none, and an id or USCC that is taken (409 `supplier-exists`).
    """
    if uscc is not None:
        uscc = rules.normalised_uscc(uscc)
        rules.ensure_uscc(uscc, kind=kind)
    else:
        rules.ensure_may_lack_uscc(kind)
    county = await region_queries.get_county_code(db, county_code, field="county_code")
    if await queries.is_taken(db, supplier_id=supplier_id, uscc=uscc):
        raise Conflict(
            "This organisation or this credit code is registered already.", code="supplier-exists", field="uscc"
        )
    supplier = Supplier(
        supplier_id=supplier_id,
        kind=kind,
        name=name,
        name_en=name_en,
        county_code=county,
        uscc=uscc,
        story=story,
        story_en=story_en,
        linked_households=linked_households,
        status="ACTIVE" if is_admitted else "DRAFT",
        status_reason="",
        revision=1,
        registered_at=now,
        changed_at=now,
    )
    db.add(supplier)
    await db.flush()
    return supplier


async def edit_supplier(
    db: AsyncSession, *, supplier_id: UUID, expected_revision: int, changes: dict[str, Any], now: datetime
) -> Supplier:
    """Change name, story or linked households; its listed SKUs are announced anew, for they carry the name."""
    supplier = await queries.lock_supplier(db, supplier_id)
    ensure_fresh(expected_revision, supplier.revision)
    for field, value in changes.items():
        setattr(supplier, field, value)
    supplier.revision += 1
    supplier.changed_at = now
    await db.flush()
    product_ids = await product_queries.lock_products_of(db, supplier_id)
    await sku_actions.announce_revised(db, product_ids=product_ids, now=now)
    return supplier


async def change_status(db: AsyncSession, *, supplier_id: UUID, verb: str, now: datetime, reason: str = "") -> Supplier:
    """`approve`, `suspend` or `resume`. Suspending takes all its SKUs off the shelf; resuming lists none by itself."""
    supplier = await queries.lock_supplier(db, supplier_id)
    supplier.status = rules.status_after(verb, supplier.status)
    supplier.status_reason = reason
    supplier.revision += 1
    supplier.changed_at = now
    await db.flush()
    if verb == "suspend":
        product_ids = await product_queries.lock_products_of(db, supplier_id)
        await sku_actions.delist_all(db, product_ids=product_ids, reason=f"supplier suspended: {reason}", now=now)
    return supplier
