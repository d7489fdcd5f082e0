"""Making and changing promotions; giving out coupons. What orders take of them is placed with the order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.promotion import queries, rules
from orders.promotion.models import Coupon, Promotion, PromotionBalance, PromotionEntry
from orders.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict, Invalid, NotFound
from shared.etag import ensure_fresh

_OPEN = text("""
    INSERT INTO promotion_balances (promotion_id, balance_fen) VALUES (:promotion_id, 0) ON CONFLICT DO NOTHING
""")
_GRANT = text("UPDATE promotion_balances SET balance_fen = balance_fen + :fen WHERE promotion_id = :promotion_id")


async def create_promotion(
    db: AsyncSession, *, promotion_id: UUID, facts: Mapping[str, Any], caller: Caller, now: datetime
) -> Promotion:
    """A draft of the caller's: an operator's is the platform's, a supplier's for its own SKUs and on its own account.

    Invalid `sku-unknown`; Forbidden `sku-not-yours`.
    """
    supplier_id = None if caller.is_operator else caller.organisation_id
    promotion = Promotion(
        promotion_id=promotion_id,
        revision=1,
        status="DRAFT",
        supplier_id=supplier_id,
        bearer="platform" if supplier_id is None else "supplier",
        created_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **await _checked(db, facts, supplier_id),
    )
    db.add(promotion)
    await db.flush()
    await _grant(db, promotion, rules.granted_fen(None, promotion.budget_fen), caller=caller, now=now)
    await _record(db, promotion, "create", before=None, reason="", caller=caller, now=now)
    return promotion


async def edit_promotion(
    db: AsyncSession,
    *,
    promotion_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> Promotion:
    """Change a draft or a paused promotion; what orders took stays as it was.

    Conflict `promotion-status`, `kind-stays`, `budget-stays`, `budget-below-taken`; Stale.
    """
    promotion = await queries.lock_promotion(db, promotion_id, caller)
    ensure_fresh(expected_revision, promotion.revision)
    rules.ensure_editable(promotion.status)
    if facts["kind"] != promotion.kind:
        raise Conflict("A promotion keeps its kind. Make another.", code="kind-stays", field="kind")
    granted = rules.granted_fen(promotion.budget_fen, facts["budget_fen"])
    for name, value in (await _checked(db, facts, promotion.supplier_id)).items():
        setattr(promotion, name, value)
    promotion.revision += 1
    promotion.changed_at = now
    await db.flush()
    await _grant(db, promotion, granted, caller=caller, now=now)
    await _record(db, promotion, "edit", before=promotion.status, reason="", caller=caller, now=now)
    return promotion


async def move_promotion(
    db: AsyncSession,
    *,
    promotion_id: UUID,
    verb: str,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> Promotion:
    """Activate, pause, resume or end it. Conflict `promotion-status`, `promotion-over` (its time is past); Stale."""
    promotion = await queries.lock_promotion(db, promotion_id, caller)
    ensure_fresh(expected_revision, promotion.revision)
    before, after = promotion.status, rules.status_after(verb, promotion.status)
    if after == "ACTIVE" and promotion.ends_at <= now:
        raise Conflict("Its time is over. Give it another first.", code="promotion-over", field="ends_at")
    promotion.status = after
    promotion.revision += 1
    promotion.changed_at = now
    await db.flush()
    await _record(db, promotion, verb, before=before, reason=reason, caller=caller, now=now)
    return promotion


async def issue_coupons(
    db: AsyncSession, *, promotion_id: UUID, coupons: Sequence[tuple[UUID, str]], caller: Caller, now: datetime
) -> list[Coupon]:
    """Coupons with these ids and codes, for whoever types the code first. Conflict `coupons-gone`, `promotion-status`;
    Invalid `not-a-coupon`."""
    promotion = await queries.lock_promotion(db, promotion_id, caller)
    _ensure_coupon(promotion)
    if promotion.status == "ENDED":
        raise Conflict("This promotion has ended.", code="promotion-status", status_now=promotion.status)
    rules.ensure_coupons_left(await queries.count_coupons(db, promotion_id), len(coupons), promotion.coupon_limit)
    issued = [
        Coupon(
            coupon_id=coupon_id,
            promotion_id=promotion_id,
            code=code,
            status="ISSUED",
            expires_at=promotion.ends_at,
            issued_at=now,
        )
        for coupon_id, code in coupons
    ]
    db.add_all(issued)
    await db.flush()
    return issued


async def claim_coupon(
    db: AsyncSession, *, promotion_id: UUID, coupon_id: UUID, person_id: UUID, now: datetime
) -> Coupon:
    """Take a coupon that everybody may take. NotFound `promotion-unknown`; Conflict `promotion-not-running`,
    `coupon-not-claimable`, `coupons-gone`, `coupon-claimed`."""
    promotion = await queries.lock_promotion(db, promotion_id)
    _ensure_coupon(promotion)
    if not promotion.is_claimable:
        raise Conflict("This coupon comes with a code.", code="coupon-not-claimable")
    await _ensure_may_take(db, promotion, person_id, now)
    rules.ensure_coupons_left(await queries.count_coupons(db, promotion_id), 1, promotion.coupon_limit)
    coupon = Coupon(coupon_id=coupon_id, promotion_id=promotion_id, issued_at=now)
    _give(coupon, promotion, person_id, now)
    db.add(coupon)
    await db.flush()
    return coupon


async def redeem_code(db: AsyncSession, *, code: str, person_id: UUID, now: datetime) -> Coupon:
    """Take the coupon of a code. NotFound `coupon-code-unknown`; Conflict `coupon-taken`, `promotion-not-running`,
    `coupon-claimed`."""
    promotion_id = await db.scalar(select(Coupon.promotion_id).where(Coupon.code == rules.read_code(code)))
    if promotion_id is None:
        raise NotFound("There is no coupon with this code.", code="coupon-code-unknown", field="code")
    promotion = await queries.lock_promotion(db, promotion_id)
    coupon = await db.scalar(
        select(Coupon).where(Coupon.code == rules.read_code(code)), execution_options={"populate_existing": True}
    )
    if coupon is None or coupon.status != "ISSUED":
        raise Conflict("This code was used.", code="coupon-taken", field="code")
    await _ensure_may_take(db, promotion, person_id, now)
    _give(coupon, promotion, person_id, now)
    await db.flush()
    return coupon


def _give(coupon: Coupon, promotion: Promotion, person_id: UUID, now: datetime) -> None:
    coupon.status = "CLAIMED"
    coupon.holder_id = person_id
    coupon.claimed_at = now
    coupon.expires_at = rules.coupon_expiry(ends_at=promotion.ends_at, days=promotion.coupon_days, now=now)


async def _ensure_may_take(db: AsyncSession, promotion: Promotion, person_id: UUID, now: datetime) -> None:
    rules.ensure_running(status=promotion.status, starts_at=promotion.starts_at, ends_at=promotion.ends_at, now=now)
    held = await queries.count_coupons(db, promotion.promotion_id, holder_id=person_id)
    rules.ensure_claims_left(held, promotion.person_cap)


def _ensure_coupon(promotion: Promotion) -> None:
    if promotion.kind != "coupon":
        raise Invalid("Only a promotion of kind coupon has coupons.", code="not-a-coupon", field="promotion_id")


async def _checked(db: AsyncSession, facts: Mapping[str, Any], supplier_id: UUID | None) -> dict[str, Any]:
    """The facts as they are kept; a supplier's look at its own SKUs only, whatever else they say."""
    scope = dict(facts["scope"])
    if supplier_id is not None:
        scope["supplier_ids"] = [str(supplier_id)]
    named = rules.named_sku_ids(scope, facts["terms"])
    owners = await queries.list_owners(db, named)
    rules.ensure_known(named, owners)
    rules.ensure_own(supplier_id, owners)
    return {**facts, "scope": scope, "gift_sku_ids": rules.gift_sku_ids(facts["terms"])}


async def _grant(db: AsyncSession, promotion: Promotion, fen: int | None, *, caller: Caller, now: datetime) -> None:
    """One more entry of the budget's ledger, and the balance with it. Conflict `budget-below-taken`."""
    if fen is None:
        return
    await db.execute(_OPEN, {"promotion_id": promotion.promotion_id})
    try:
        async with db.begin_nested():
            await db.execute(_GRANT, {"promotion_id": promotion.promotion_id, "fen": fen})
    except IntegrityError as error:
        taken = await db.get(PromotionBalance, promotion.promotion_id)
        raise Conflict(
            "Orders took more than that already.",
            code="budget-below-taken",
            field="budget_fen",
            taken_fen=0 if taken is None else taken.held_fen + taken.kept_fen,
        ) from error
    if fen:
        db.add(
            PromotionEntry(
                promotion_id=promotion.promotion_id,
                kind="granted",
                fen=fen,
                recorded_by=caller.person_id,
                recorded_at=now,
            )
        )
        await db.flush()


async def _record(
    db: AsyncSession,
    promotion: Promotion,
    verb: str,
    *,
    before: str | None,
    reason: str,
    caller: Caller,
    now: datetime,
) -> None:
    await trail_actions.record(
        db,
        subject_kind="promotion",
        subject_id=promotion.promotion_id,
        verb=verb,
        from_status=before,
        to_status=promotion.status,
        reason=reason,
        actor="operator" if caller.is_operator else "supplier",
        person_id=caller.person_id,
        now=now,
    )
