"""Reading claims. A claim is its buyer's, its supplier's and operators'; for anybody else it does not exist."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import visible
from orders.claim.models import Claim
from shared.auth import Caller
from shared.db import Database
from shared.errors import NotFound

Sort = Literal["-opened", "due"]
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_BATCH = 500

_PAID_BACK = text("""
    SELECT claim.claim_id FROM claims AS claim
    JOIN line_refunds AS granted ON granted.cause_id = claim.claim_id
    LEFT JOIN refunds AS refund USING (refund_id)
    WHERE claim.status = 'APPROVED' AND (granted.refund_id IS NULL OR refund.status = 'SUCCEEDED')
    ORDER BY claim.claim_id LIMIT :limit
    FOR NO KEY UPDATE OF claim SKIP LOCKED
""")
_MONEY = text("""
    SELECT refund.refund_id, refund.status, refund.requested_at, refund.succeeded_at, payment.provider
    FROM line_refunds AS granted JOIN refunds AS refund USING (refund_id) JOIN payments AS payment USING (payment_id)
    WHERE granted.cause_id = :cause_id
""")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. `mine` are the caller's own as a buyer, even where it sells or runs the market."""

    status: tuple[str, ...] = ()
    order_id: UUID | None = None
    supplier_id: UUID | None = None
    wanted: str = ""
    overdue_at: datetime | None = None
    mine: bool = False


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


async def find_money(db: AsyncSession, cause_id: UUID) -> Row[Any] | None:
    """Where the money of what was granted is: the refund and its provider."""
    return (await db.execute(_MONEY, {"cause_id": cause_id})).first()


def _select(caller: Caller, filters: Filters) -> Select[Claim]:
    chosen = select(Claim).where(visible(Claim, caller, mine=filters.mine))
    if filters.status:
        chosen = chosen.where(Claim.status.in_(filters.status))
    if filters.order_id is not None:
        chosen = chosen.where(Claim.order_id == filters.order_id)
    if filters.supplier_id is not None:
        chosen = chosen.where(Claim.supplier_id == filters.supplier_id)
    if filters.overdue_at is not None:
        chosen = chosen.where(Claim.due_at <= filters.overdue_at)
    if filters.wanted:
        chosen = chosen.where(
            or_(
                Claim.order_number.icontains(filters.wanted, autoescape=True),
                Claim.product_title.icontains(filters.wanted, autoescape=True),
                Claim.product_title_en.icontains(filters.wanted, autoescape=True),
            )
        )
    return chosen


async def list_claims(
    db: AsyncSession,
    caller: Caller,
    filters: Filters,
    *,
    sort: Sort,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Claim]:
    """A page and one more, latest first, or by whose turn ends soonest (what waits for nobody comes last)."""
    chosen = _select(caller, filters)
    if sort == "due":
        due = func.coalesce(Claim.due_at, _NEVER)
        if after is not None:
            chosen = chosen.where(or_(due > after[0], and_(due == after[0], Claim.claim_id > after[1])))
        chosen = chosen.order_by(due, Claim.claim_id)
    else:
        if after is not None:
            chosen = chosen.where(tuple_(Claim.opened_at, Claim.claim_id) < tuple_(*after))
        chosen = chosen.order_by(Claim.opened_at.desc(), Claim.claim_id.desc())
    return list(await db.scalars(chosen.limit(limit + 1)))


def sort_key(claim: Claim, sort: Sort) -> tuple[datetime, UUID]:
    """The place of a claim in a list."""
    return (claim.due_at or _NEVER) if sort == "due" else claim.opened_at, claim.claim_id


async def list_export_batches(
    database: Database, caller: Caller, filters: Filters, *, sort: Sort
) -> AsyncIterator[list[Claim]]:
    """The whole list, some hundreds at a time, each batch read in a transaction of its own."""
    after: tuple[datetime, UUID] | None = None
    while True:
        async with database.read() as db:
            found = await list_claims(db, caller, filters, sort=sort, after=after, limit=_BATCH)
        if found:
            yield found[:_BATCH]
        if len(found) <= _BATCH:
            return
        after = sort_key(found[_BATCH - 1], sort)
