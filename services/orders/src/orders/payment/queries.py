"""Reading payments and refunds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.payment.rules import Pays
from shared.auth import Caller
from shared.direct import Direct, Statement
from shared.errors import Conflict, NotFound
from shared.idempotency import OnceKey, check_earlier

# One statement for all that must be known before a payment is opened, apart from the order itself.
_OPENING = text("""
    SELECT answered.request_hash, answered.status, answered.body,
           pending.payment_id, pending.amount_fen, pending.code_url, pending.expires_at
    FROM (VALUES (1)) AS one
    LEFT JOIN idempotency_keys AS answered
        ON answered.caller = :caller AND answered.key = :key AND answered.created_at > now() - interval '24 hours'
    LEFT JOIN payments AS pending
        ON pending.order_id = :order_id AND pending.provider = :provider AND pending.pays = :pays
        AND pending.status = 'PENDING'
""")

# NO KEY: a refund of this payment may be recorded beside us, its foreign key does not wait for us.
_LOCK = Statement("""
    SELECT payment_id, order_id, pays, status, amount_fen, transaction_id
    FROM payments WHERE payment_id = :payment_id AND provider = :provider
    FOR NO KEY UPDATE
""")

# What a notice is judged by before anything is locked: the payment, and its order as `lock_order` would show it. A
# deposit pays none.
_FIND = Statement("""
    SELECT payment_id, order_id, pays, status, amount_fen, transaction_id,
           CASE pays WHEN 'order' THEN read_order(order_id)::text END AS paid_order
    FROM payments WHERE payment_id = :payment_id AND provider = :provider
""")

_PAYMENT = text("""
    SELECT payment_id, order_id, pays, buyer_id, provider, status, amount_fen, captured_fen, refunded_fen, code_url,
           created_at, expires_at, paid_at, closed_at, effect, alarm, alarm_at, alarm_facts,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'refund_id', refund_id, 'amount_fen', amount_fen, 'reason', reason, 'status', status,
                       'requested_at', requested_at, 'succeeded_at', succeeded_at, 'last_error', last_error)
                   ORDER BY requested_at, refund_id), '[]')
            FROM refunds WHERE refunds.payment_id = payments.payment_id) AS refunds
    FROM payments
    WHERE payment_id = :payment_id
""")

_ALARMS = text("""
    SELECT payment_id, order_id, provider, status, amount_fen, captured_fen, refunded_fen, alarm, alarm_at, alarm_facts
    FROM payments
    WHERE alarm IS NOT NULL
      AND (CAST(:before_at AS timestamptz) IS NULL OR (alarm_at, payment_id) < (:before_at, :before_id))
    ORDER BY alarm_at DESC, payment_id DESC
    LIMIT :limit
""")

_DUE_PAYMENTS = text("""
    SELECT payment_id, provider, created_at, expires_at
    FROM payments WHERE status = 'PENDING' AND next_check_at <= :now
    ORDER BY next_check_at LIMIT :limit
""")

_DUE_REFUNDS = text("""
    SELECT refund_id FROM refunds WHERE status IN ('REQUESTED', 'PROCESSING') AND next_try_at <= :now
    ORDER BY next_try_at LIMIT :limit
""")

_REFUND = text("""
    SELECT refund_id, payment_id, refunds.amount_fen, reason, refunds.status, try_count, provider, captured_fen
    FROM refunds JOIN payments USING (payment_id)
    WHERE refund_id = :refund_id
""")

_LOCK_REFUND = text("""
    SELECT refund_id, payment_id, amount_fen, status FROM refunds WHERE refund_id = :refund_id FOR NO KEY UPDATE
""")


@dataclass(frozen=True, slots=True)
class PendingPayment:
    """A payment that waits for its payer."""

    payment_id: UUID
    amount_fen: int
    code_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SeenPayment:
    """What judging a provider's word takes of a payment."""

    payment_id: UUID
    order_id: UUID
    pays: str
    status: str
    amount_fen: int
    transaction_id: str | None


@dataclass(frozen=True, slots=True)
class FoundPayment:
    """A payment with its order, neither of them locked: saving what follows compares them again."""

    payment: SeenPayment
    order: dict[str, Any]


_LEFT = text("""
    SELECT sum(captured_fen - refunded_fen)::bigint FROM payments
    WHERE order_id = :order_id AND status = 'PAID' AND effect = 'paid'
""")


async def find_pending(
    db: AsyncSession, once: OnceKey, *, order_id: UUID, provider: str, pays: Pays = "order"
) -> PendingPayment | None:
    """The open payment of the order, or of its deposit, through this provider.

    Raises what the Idempotency-Key demands: replay or refusal.
    """
    values = {"caller": once.caller, "key": once.key, "order_id": order_id, "provider": provider, "pays": pays}
    found = (await db.execute(_OPENING, values)).one()
    check_earlier(once, is_first_in_line=True, request_hash=found.request_hash, status=found.status, body=found.body)
    if found.payment_id is None:
        return None
    return PendingPayment(found.payment_id, found.amount_fen, found.code_url, found.expires_at)


async def lock_payment(db: AsyncSession, payment_id: UUID, *, provider: str) -> SeenPayment | None:
    """The payment, held until the transaction ends. Lock order: payment, then order, then stock."""
    rows = await _LOCK.rows(db, {"payment_id": payment_id, "provider": provider})
    return SeenPayment(*rows[0]) if rows else None


async def find_payment(db: AsyncSession | Direct, payment_id: UUID, *, provider: str) -> FoundPayment | None:
    """The payment with its order, as they are at this moment."""
    rows = await _FIND.rows(db, {"payment_id": payment_id, "provider": provider})
    if not rows or rows[0]["paid_order"] is None:
        return None
    *payment, order = rows[0]
    return FoundPayment(SeenPayment(*payment), orjson.loads(order))


async def get_payment(db: AsyncSession, payment_id: UUID, caller: Caller) -> Row[Any]:
    """The payment with its refunds, for its buyer or an operator; NotFound for anybody else."""
    found = (await db.execute(_PAYMENT, {"payment_id": payment_id})).first()
    if found is None or (found.buyer_id != caller.person_id and not caller.is_operator):
        raise NotFound("There is no such payment.", code="payment-not-found")
    return found


async def list_alarms(
    db: AsyncSession, *, before_at: datetime | None, before_id: UUID | None, limit: int
) -> list[Row[Any]]:
    """Payments that need a person, the latest alarm first."""
    found = await db.execute(_ALARMS, {"before_at": before_at, "before_id": before_id, "limit": limit})
    return list(found)


async def list_due_payments(db: AsyncSession, *, now: datetime, limit: int) -> list[Row[Any]]:
    """Open payments about which the provider should be asked."""
    return list(await db.execute(_DUE_PAYMENTS, {"now": now, "limit": limit}))


async def list_due_refunds(db: AsyncSession, *, now: datetime, limit: int) -> list[UUID]:
    """Unfinished refunds whose time for a try has come."""
    return [row.refund_id for row in await db.execute(_DUE_REFUNDS, {"now": now, "limit": limit})]


async def find_refund(db: AsyncSession, refund_id: UUID) -> Row[Any] | None:
    """The refund with what the provider must be told of its payment."""
    return (await db.execute(_REFUND, {"refund_id": refund_id})).first()


async def lock_refund(db: AsyncSession, refund_id: UUID) -> Row[Any] | None:
    """The refund, held until the transaction ends."""
    return (await db.execute(_LOCK_REFUND, {"refund_id": refund_id})).first()


async def get_left_fen(db: AsyncSession, order_id: UUID) -> int:
    """How much of what paid the order has not been given back, in fen. Conflict `order-not-paid` if nothing paid it."""
    left_fen: int | None = await db.scalar(_LEFT, {"order_id": order_id})
    if left_fen is None:
        raise Conflict("The order has no payment that could be refunded.", code="order-not-paid")
    return left_fen
