"""Reading claims. A claim is its buyer's, its supplier's and operators'; for anybody else it does not exist."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import visible
from orders.claim.models import Claim
from shared.auth import Caller
from shared.errors import NotFound

_PAID_BACK = text("""
    SELECT claim.claim_id FROM claims AS claim
    JOIN line_refunds AS granted ON granted.cause_id = claim.claim_id
    LEFT JOIN refunds AS refund USING (refund_id)
    WHERE claim.status = 'APPROVED' AND (granted.refund_id IS NULL OR refund.status = 'SUCCEEDED')
      AND NOT EXISTS (
          SELECT FROM refunds AS more WHERE more.main_refund_id = granted.refund_id AND more.status <> 'SUCCEEDED')
    ORDER BY claim.claim_id LIMIT :limit
    FOR NO KEY UPDATE OF claim SKIP LOCKED
""")


async def get_claim(db: AsyncSession, claim_id: UUID, caller: Caller) -> Claim:
    """The claim; 404 `claim-not-found`."""
    found = await db.scalar(select(Claim).where(Claim.claim_id == claim_id, visible(Claim, caller)))
    if found is None:
        raise NotFound("There is no such claim.", code="claim-not-found", field="claim_id")
    return found


async def lock_claim(db: AsyncSession, claim_id: UUID, caller: Caller) -> Claim:
    """The same, held until the transaction ends."""
    found = await db.scalar(
        select(Claim)
        .where(Claim.claim_id == claim_id, visible(Claim, caller))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such claim.", code="claim-not-found", field="claim_id")
    return found


async def list_due_claims(db: AsyncSession, *, now: datetime, limit: int) -> list[UUID]:
    """Claims whose supplier was silent, or whose refusal nobody appealed, for too long."""
    rows = await db.scalars(
        select(Claim.claim_id)
        .where(Claim.due_at <= now, Claim.status.in_(("SUPPLIER_REVIEW", "REFUSED")))
        .order_by(Claim.due_at, Claim.claim_id)
        .limit(limit)
    )
    return list(rows)


async def lock_due_claim(db: AsyncSession, claim_id: UUID, *, now: datetime) -> Claim | None:
    """One of them, held; None where it is not due any more, or somebody is at it."""
    found: Claim | None = await db.scalar(
        select(Claim)
        .where(Claim.claim_id == claim_id, Claim.due_at <= now, Claim.status.in_(("SUPPLIER_REVIEW", "REFUSED")))
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found


async def lock_paid_back(db: AsyncSession, *, limit: int) -> list[Claim]:
    """Approved claims whose money has arrived, held."""
    ids = list(await db.scalars(_PAID_BACK, {"limit": limit}))
    if not ids:
        return []
    return list(await db.scalars(select(Claim).where(Claim.claim_id.in_(ids)).order_by(Claim.claim_id)))


async def count_granted_by_limit(db: AsyncSession, buyer_id: UUID, *, since: datetime) -> int:
    """Fen that this person was granted by the limit since then."""
    total = await db.scalar(
        select(func.coalesce(func.sum(Claim.granted_fen), 0)).where(
            Claim.buyer_id == buyer_id, Claim.approved_by_rule == "limit", Claim.opened_at > since
        )
    )
    return int(total or 0)
