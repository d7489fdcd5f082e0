"""Reads of promotions and coupons. A supplier sees its own promotions, an operator all."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.promotion.models import Coupon, Promotion, PromotionBalance
from shared.auth import Caller
from shared.errors import NotFound

_OWNERS = text("SELECT sku_id, supplier_id FROM sellable_skus WHERE sku_id = ANY(:sku_ids)")
_COUPONS = text("""
WITH own AS (
    SELECT coupon.coupon_id, coupon.promotion_id, coupon.status, coupon.expires_at, coupon.order_id,
           promotion.name, promotion.name_en, promotion.terms, promotion.scope,
           promotion.status = 'ACTIVE' AND promotion.starts_at <= :now AND coupon.status = 'CLAIMED'
               AND :now < coupon.expires_at AS is_usable
    FROM coupons AS coupon JOIN promotions AS promotion USING (promotion_id)
    WHERE coupon.holder_id = :person_id
      AND (NOT :only_usable OR (coupon.status = 'CLAIMED' AND :now < coupon.expires_at))
)
    SELECT * FROM own
    WHERE CAST(:after_id AS uuid) IS NULL
       OR (NOT is_usable, expires_at, coupon_id) > (NOT :after_usable, CAST(:after_at AS timestamptz), :after_id)
    ORDER BY is_usable DESC, expires_at, coupon_id LIMIT :limit
""")
_RUNNING = text("""
    SELECT promotion_id, kind, name, name_en, starts_at, ends_at, terms, scope, supplier_id, is_claimable, person_cap
    FROM promotions
    WHERE status = 'ACTIVE' AND starts_at <= :now AND :now < ends_at
    ORDER BY is_claimable DESC, priority, promotion_id LIMIT 200
""")
_USES = text("""
    SELECT count(*) FILTER (WHERE status <> 'RETURNED') AS order_count,
           coalesce(sum(discount_fen) FILTER (WHERE status = 'HELD'), 0) AS held_fen,
           coalesce(sum(discount_fen) FILTER (WHERE status = 'KEPT'), 0) AS kept_fen
    FROM promotion_uses WHERE promotion_id = :promotion_id
""")


def no_such_promotion() -> NotFound:
    """The refusal of a promotion that does not exist, or not for this caller."""
    return NotFound("There is no such promotion.", code="promotion-unknown", field="promotion_id")


async def get_promotion(db: AsyncSession, promotion_id: UUID, caller: Caller) -> Promotion:
    """One promotion; NotFound unless the caller is an operator or its supplier."""
    return _seen(await db.get(Promotion, promotion_id), caller)


async def lock_promotion(db: AsyncSession, promotion_id: UUID, caller: Caller | None = None) -> Promotion:
    """The same, locked until the transaction ends; without a caller anybody's."""
    statement = select(Promotion).where(Promotion.promotion_id == promotion_id).with_for_update(key_share=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise no_such_promotion()
    return found if caller is None else _seen(found, caller)


def _seen(promotion: Promotion | None, caller: Caller) -> Promotion:
    if promotion is None or not (caller.is_operator or promotion.supplier_id == caller.organisation_id):
        raise no_such_promotion()
    return promotion


async def list_promotions(
    db: AsyncSession,
    caller: Caller,
    *,
    wanted: str | None,
    status: str | None,
    kind: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Promotion]:
    """The caller's promotions (an operator's: all), the newest first."""
    statement = select(Promotion).order_by(Promotion.created_at.desc(), Promotion.promotion_id.desc()).limit(limit)
    if not caller.is_operator:
        statement = statement.where(Promotion.supplier_id == caller.organisation_id)
    if wanted:
        part = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        statement = statement.where(or_(Promotion.name.ilike(f"%{part}%"), Promotion.name_en.ilike(f"%{part}%")))
    if status is not None:
        statement = statement.where(Promotion.status == status)
    if kind is not None:
        statement = statement.where(Promotion.kind == kind)
    if after is not None:
        statement = statement.where(tuple_(Promotion.created_at, Promotion.promotion_id) < after)
    return list(await db.scalars(statement))


async def list_balances(db: AsyncSession, promotion_ids: Iterable[UUID]) -> dict[UUID, PromotionBalance]:
    """Budgets by promotion; one without a budget is absent."""
    statement = select(PromotionBalance).where(PromotionBalance.promotion_id.in_(list(promotion_ids)))
    return {each.promotion_id: each for each in await db.scalars(statement)}


async def summarise_uses(db: AsyncSession, promotion_id: UUID) -> Row[Any]:
    """Orders that take part, and the fen that unpaid and paid ones take."""
    return (await db.execute(_USES, {"promotion_id": promotion_id})).one()


async def list_owners(db: AsyncSession, sku_ids: list[UUID]) -> dict[UUID, UUID]:
    """Suppliers by SKU; a SKU that the catalog never listed is absent."""
    rows = await db.execute(_OWNERS, {"sku_ids": sku_ids})
    return {row.sku_id: row.supplier_id for row in rows}


async def count_coupons(db: AsyncSession, promotion_id: UUID, *, holder_id: UUID | None = None) -> int:
    """How many coupons were given out, of all or to one person."""
    statement = select(func.count()).select_from(Coupon).where(Coupon.promotion_id == promotion_id)
    if holder_id is not None:
        statement = statement.where(Coupon.holder_id == holder_id)
    return int(await db.scalar(statement) or 0)


async def list_coupons(
    db: AsyncSession,
    person_id: UUID,
    *,
    now: datetime,
    only_usable: bool,
    after: tuple[bool, datetime, UUID] | None = None,
    limit: int,
) -> list[Row[Any]]:
    """A person's coupons, those that can be used first, the one that ends first at the top. `after` is (usable, end,
    id) of the last one seen."""
    usable, ends_at, coupon_id = after or (False, None, None)
    values = {
        "person_id": person_id,
        "now": now,
        "only_usable": only_usable,
        "after_usable": usable,
        "after_at": ends_at,
        "after_id": coupon_id,
        "limit": limit,
    }
    return list((await db.execute(_COUPONS, values)).all())


async def list_running(db: AsyncSession, *, now: datetime) -> list[Row[Any]]:
    """What everybody may know of the promotions that run now."""
    return list((await db.execute(_RUNNING, {"now": now})).all())
