"""Founding brands and letting suppliers use them. Locks: the grant, then the supplier, then its products."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.brand import queries, rules
from catalog.brand.models import Brand, BrandGrant
from catalog.credit import queries as credit_queries
from catalog.notice import actions as notice_actions
from catalog.product import data as product_data
from catalog.product import queries as product_queries
from catalog.product.rules import ensure_known
from catalog.region import queries as region_queries
from catalog.search import actions as search_actions
from catalog.supplier import queries as supplier_queries
from catalog.supplier.rules import ensure_may_sell
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh

_NEXT_SERIAL = text("""
    INSERT INTO brand_serials (region_code, year, last_number) VALUES (:region_code, :year, 1)
    ON CONFLICT (region_code, year) DO UPDATE SET last_number = brand_serials.last_number + 1
    RETURNING last_number
""")


async def found_brand(
    db: AsyncSession,
    *,
    brand_id: UUID,
    name: str,
    region_code: str,
    owner_office: str,
    categories: Sequence[str],
    quality_rule: str,
    caller: Caller,
    now: datetime,
    name_en: str = "",
) -> Brand:
    """A region's new brand. 404 `region-unknown`; 409 `brand-exists`; 422 `category-unknown`."""
    for category in categories:
        ensure_known(category, frozenset(product_data.categories()), field="category")
    region = (await region_queries.get_region(db, region_code)).region
    if await queries.find_brand_named(db, region_code=region.code, name=name) is not None:
        raise Conflict("The region has a brand of this name.", code="brand-exists", field="name")
    brand = Brand(
        brand_id=brand_id,
        name=name,
        name_en=name_en,
        region_code=region.code,
        region_name=region.name,
        owner_office=owner_office,
        categories=sorted(set(categories)),
        quality_rule=quality_rule,
        status="ACTIVE",
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(brand)
    await db.flush()
    await trail_actions.record(
        db, subject_kind="brand", subject_id=brand_id, verb="found", caller=caller, now=now, to_status="ACTIVE"
    )
    return brand


async def retire_brand(
    db: AsyncSession, *, brand_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Brand:
    """Nobody is let use it any more; who may, may until the last day. 409 `brand-status`; 412 `stale`."""
    brand = await queries.lock_brand(db, brand_id)
    ensure_fresh(expected_revision, brand.revision)
    before = brand.status
    brand.status = rules.brand_after("retire", before)
    brand.revision += 1
    brand.changed_at = now
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="brand",
        subject_id=brand_id,
        verb="retire",
        caller=caller,
        now=now,
        from_status=before,
        to_status=brand.status,
        reason=reason,
    )
    return brand


async def grant_brand(
    db: AsyncSession,
    *,
    grant_id: UUID,
    brand_id: UUID,
    supplier_id: UUID,
    valid_from_on: date,
    valid_until_on: date,
    quota_count: int,
    caller: Caller,
    now: datetime,
) -> BrandGrant:
    """Let a supplier use the brand: a certificate number, a period, so many labels; its products carry the badge.

    409 `brand-status`, `grant-exists`, `supplier-not-active`, `supplier-order-banned`; 422 `period-invalid`.
    """
    brand = await queries.lock_brand(db, brand_id)
    rules.ensure_active(brand.status)
    today = business_day(now)
    rules.ensure_period(valid_from_on, valid_until_on, today)
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    ensure_may_sell(supplier.status)
    await credit_queries.ensure_not_banned(db, supplier_id, on=today)
    if await queries.find_grant_in_force(db, brand_id=brand_id, supplier_id=supplier_id) is not None:
        raise Conflict("The supplier may use this brand already.", code="grant-exists")
    serial = await db.scalar(_NEXT_SERIAL, {"region_code": brand.region_code, "year": today.year})
    grant = BrandGrant(
        grant_id=grant_id,
        brand_id=brand_id,
        supplier_id=supplier_id,
        supplier_name=supplier.name,
        certificate_number=rules.certificate_number(brand.region_code, today.year, int(serial or 0)),
        valid_from_on=valid_from_on,
        valid_until_on=valid_until_on,
        quota_count=quota_count,
        used_count=0,
        status="IN_FORCE",
        revoked_reason="",
        revision=1,
        granted_at=now,
        changed_at=now,
    )
    db.add(grant)
    await db.flush()
    await _note(db, grant, "grant", "", caller=caller, now=now, reason="")
    await _tell(db, grant, brand.name, now=now)
    await _render(db, supplier_id, now=now)
    return grant


async def use_labels(
    db: AsyncSession, *, grant_id: UUID, expected_revision: int, count: int, caller: Caller, now: datetime
) -> BrandGrant:
    """So many labels were used. 409 `grant-status`, `quota-exceeded`; 412 `stale`."""
    grant = await queries.lock_grant(db, grant_id)
    ensure_fresh(expected_revision, grant.revision)
    before = grant.status
    grant.status = rules.grant_after("use", before)
    rules.ensure_within_quota(grant.used_count, count, grant.quota_count)
    grant.used_count += count
    await _changed(db, grant, "use", before, caller=caller, now=now, reason=str(count))
    return grant


async def revoke_grant(
    db: AsyncSession, *, grant_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> BrandGrant:
    """The supplier may use the brand no more; the badge goes. 409 `grant-status`; 412 `stale`."""
    grant = await queries.lock_grant(db, grant_id)
    ensure_fresh(expected_revision, grant.revision)
    before = grant.status
    grant.status = rules.grant_after("revoke", before)
    grant.revoked_reason = reason
    await _changed(db, grant, "revoke", before, caller=caller, now=now, reason=reason)
    await _tell(db, grant, (await queries.get_brand(db, grant.brand_id)).name, now=now)
    await _render(db, grant.supplier_id, now=now)
    return grant


async def expire_grants(db: AsyncSession, *, now: datetime, limit: int = 50) -> int:
    """End the grants whose last day is past; how many. Call it until that is 0."""
    count = 0
    for grant_id in await queries.list_ended(db, today=business_day(now), limit=limit):
        grant = await queries.lock_grant(db, grant_id)
        if grant.status != "IN_FORCE":
            continue
        before = grant.status
        grant.status = rules.grant_after("expire", before)
        await _changed(db, grant, "expire", before, caller=None, now=now, reason="")
        await _render(db, grant.supplier_id, now=now)
        count += 1
    return count


async def _changed(
    db: AsyncSession, grant: BrandGrant, verb: str, before: str, *, caller: Caller | None, now: datetime, reason: str
) -> None:
    grant.revision += 1
    grant.changed_at = now
    await db.flush()
    await _note(db, grant, verb, before, caller=caller, now=now, reason=reason)


async def _render(db: AsyncSession, supplier_id: UUID, *, now: datetime) -> None:
    product_ids = await product_queries.lock_products_of(db, supplier_id)
    await search_actions.refresh_cards(db, product_ids=product_ids, now=now)


async def _tell(db: AsyncSession, grant: BrandGrant, brand: str, *, now: datetime) -> None:
    code = "brand-granted" if grant.status == "IN_FORCE" else "brand-revoked"
    await notice_actions.notify(
        db,
        organisation_id=grant.supplier_id,
        code=code,
        occasion=f"{code}:{grant.grant_id}",
        subject_kind="brand-grant",
        subject_id=grant.grant_id,
        now=now,
        facts={"brand": brand, "number": grant.certificate_number, "reason": grant.revoked_reason},
    )


async def _note(
    db: AsyncSession, grant: BrandGrant, verb: str, before: str, *, caller: Caller | None, now: datetime, reason: str
) -> None:
    await trail_actions.record(
        db,
        subject_kind="brand-grant",
        subject_id=grant.grant_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=grant.status,
        reason=reason,
    )
