"""Recording payments, and the whole life of a refund: requested in the caller's transaction, sent after its commit.

Nothing here reads or writes an order, so orders may call it while it holds an order's lock.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from opentelemetry.metrics import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.payment import queries, rules
from orders.payment.channels import Channels, open_channels
from orders.payment.providers.provider import Provider, ProviderRefusedError
from orders.payment.settings import read_settings
from shared.clock import utc_now
from shared.db import Database, Transactions
from shared.direct import Direct, Statement
from shared.errors import Conflict, NotFound, Unavailable
from shared.idempotency import OnceKey, still_running
from shared.ids import new_id
from shared.jobs import Jobs
from shared.log import logger
from shared.telemetry import meter

log = logger(__name__)

# The payment and the answer to its Idempotency-Key in one statement, which is its own transaction: both or neither.
_OPEN = Statement("""
    WITH opened AS (
        INSERT INTO payments (payment_id, order_id, pays, buyer_id, provider, status, amount_fen, code_url,
                              created_at, expires_at, next_check_at)
        SELECT CAST(:payment_id AS uuid), CAST(:order_id AS uuid), CAST(:pays AS text), CAST(:buyer_id AS uuid),
               CAST(:provider AS text), 'PENDING', CAST(:amount_fen AS bigint), CAST(:code_url AS text),
               CAST(:created_at AS timestamptz), CAST(:expires_at AS timestamptz), CAST(:next_check_at AS timestamptz)
        WHERE NOT EXISTS (
            SELECT FROM idempotency_keys
            WHERE caller = :caller AND key = :key AND created_at > now() - interval '24 hours')
        ON CONFLICT (order_id, provider, pays) WHERE status = 'PENDING' DO NOTHING
        RETURNING payment_id
    ), answered AS (
        INSERT INTO idempotency_keys (caller, key, request_hash, status, body)
        SELECT :caller, :key, CAST(:request_hash AS bytea), CAST(:status AS smallint), CAST(:body AS bytea) FROM opened
        ON CONFLICT (caller, key) DO UPDATE
            SET request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, created_at = now()
            WHERE idempotency_keys.created_at <= now() - interval '24 hours'
        RETURNING key
    )
    SELECT EXISTS (SELECT FROM opened) AS is_opened, EXISTS (SELECT FROM answered) AS is_answered,
           (SELECT json_agg(json_build_array(payment_id, provider)) FROM payments
            WHERE order_id = CAST(:order_id AS uuid) AND provider <> :provider AND status = 'PENDING')::text AS others
""")

# The payments' rows are locked first, so that what is left is judged after every refund beside us; the trigger on
# refunds and the CHECK on payments hold the same whatever the code says. The balance is given back before the deposit.
_REQUEST = text("""
    WITH paid AS (
        SELECT payment_id, pays = 'deposit' AS is_deposit, captured_fen - refunded_fen AS left_fen FROM payments
        WHERE order_id = :order_id AND status = 'PAID' AND effect = 'paid'
        ORDER BY is_deposit FOR NO KEY UPDATE
    ), shared AS (
        SELECT payment_id, is_deposit, sum(left_fen) OVER () AS all_fen,
               least(left_fen, :amount_fen - coalesce(sum(left_fen) OVER earlier, 0))::bigint AS share_fen
        FROM paid WINDOW earlier AS (ORDER BY is_deposit ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), numbered AS (
        SELECT *, row_number() OVER (ORDER BY is_deposit) AS place
        FROM shared WHERE share_fen > 0 AND all_fen >= :amount_fen
    ), requested AS (
        INSERT INTO refunds (refund_id, payment_id, amount_fen, reason, status, requested_at, next_try_at,
                             main_refund_id)
        SELECT CASE place WHEN 1 THEN CAST(:refund_id AS uuid) ELSE CAST(:second_id AS uuid) END, payment_id, share_fen,
               :reason, 'REQUESTED', :now, :next_try_at, CASE place WHEN 2 THEN CAST(:refund_id AS uuid) END
        FROM numbered ORDER BY place
        RETURNING refund_id
    )
    SELECT sum(left_fen)::bigint AS left_fen, (SELECT count(*) FROM requested) AS refund_count FROM paid
""")

_RECORD_REFUND = text("""
    INSERT INTO refunds (refund_id, payment_id, amount_fen, reason, status, requested_at, next_try_at)
    VALUES (:refund_id, :payment_id, :amount_fen, :reason, 'REQUESTED', :now, :next_try_at)
""")

_APPLY_RESULT = text("""
    UPDATE refunds SET status = :status, provider_refund_id = :provider_refund_id, succeeded_at = :succeeded_at,
        next_try_at = :next_try_at, last_error = NULL
    WHERE refund_id = :refund_id
""")

_NOTE_FAILURE = text("""
    UPDATE refunds SET try_count = try_count + 1, next_try_at = :next_try_at, last_error = :last_error
    WHERE refund_id = :refund_id AND status IN ('REQUESTED', 'PROCESSING')
""")

_POSTPONE = text("UPDATE payments SET next_check_at = :until WHERE payment_id = :payment_id AND status = 'PENDING'")

_ALARM = text("""
    UPDATE payments SET alarm = :code, alarm_at = :now, alarm_facts = CAST(:facts AS jsonb)
    WHERE payment_id = :payment_id AND alarm IS DISTINCT FROM :code
    RETURNING order_id
""")


@dataclass(frozen=True, slots=True)
class OpenElsewhere:
    """An open payment of the same order through another provider."""

    payment_id: UUID
    provider: str


@cache
def alarms_raised() -> Counter:
    """Payments that need a person, by what is wrong."""
    return meter().create_counter("payment_alarms", description="Payments that need a person, by code.")


async def open_payment(
    db: AsyncSession | Direct,
    once: OnceKey,
    *,
    answer: bytes,
    payment_id: UUID,
    order_id: UUID,
    buyer_id: UUID,
    provider: str,
    amount_fen: int,
    code_url: str,
    expires_at: datetime,
    now: datetime,
    pays: rules.Pays = "order",
) -> list[OpenElsewhere] | None:
    """Record a payment that the provider has opened, and the answer to its request (201, `answer`).

    Gives the order's open payments through other providers, for they must be closed now. None, and nothing recorded,
    if the order has an open payment through this provider or the key was answered before. Conflict
    `idempotency-key-in-use` if the same key serves another request at this very moment.
    """
    [opened] = await _OPEN.rows(
        db,
        {
            **once.values(201, answer),
            "payment_id": payment_id,
            "order_id": order_id,
            "pays": pays,
            "buyer_id": buyer_id,
            "provider": provider,
            "amount_fen": amount_fen,
            "code_url": code_url,
            "created_at": now,
            "expires_at": expires_at,
            "next_check_at": rules.next_check_at(created_at=now, expires_at=expires_at, now=now),
        },
    )
    if opened["is_opened"] and not opened["is_answered"]:
        raise still_running()
    if not opened["is_opened"]:
        return None
    return [OpenElsewhere(UUID(payment_id), other) for payment_id, other in orjson.loads(opened["others"] or "[]")]


async def postpone_check(db: AsyncSession, payment_id: UUID, until: datetime) -> None:
    """Ask the provider about an open payment not before `until`, unless somebody does."""
    await db.execute(_POSTPONE, {"payment_id": payment_id, "until": until})


async def request_refund(db: AsyncSession, *, order_id: UUID, amount_fen: int, reason: str, now: datetime) -> UUID:
    """Give `amount_fen` of what paid the order back, recorded here and sent after the commit; the refund's id.

    Of an order with a deposit the balance goes back first; where that is not enough, a second refund of the deposit
    names this one. Conflict `order-not-paid` if no payment won the order, `refund-exceeds-payment` (extra `left_fen`)
    if earlier refunds left less. May be called while the order's row is locked: only the rows of payments that won are
    locked here, and whoever holds such a row for a repeated notice does not wait for the order.
    """
    refund_id, second_id = new_id(), new_id()
    found = (
        await db.execute(
            _REQUEST,
            {
                "order_id": order_id,
                "refund_id": refund_id,
                "second_id": second_id,
                "amount_fen": amount_fen,
                "reason": reason,
                "now": now,
                "next_try_at": rules.next_try_at(try_count=0, now=now),
            },
        )
    ).one()
    if found.left_fen is None:
        raise Conflict("The order has no payment that could be refunded.", code="order-not-paid")
    if not found.refund_count:
        raise Conflict(
            "Less than this is left of the payment.",
            code="refund-exceeds-payment",
            field="amount_fen",
            left_fen=found.left_fen,
        )
    for each in (refund_id, second_id)[: found.refund_count]:
        await _send_after_commit(db, each)
    return refund_id


async def refund_payment(
    db: AsyncSession, *, refund_id: UUID, payment_id: UUID, amount_fen: int, reason: str, now: datetime
) -> None:
    """Give a payment back that its order cannot take; the caller holds the payment's row."""
    await db.execute(
        _RECORD_REFUND,
        {
            "refund_id": refund_id,
            "payment_id": payment_id,
            "amount_fen": amount_fen,
            "reason": reason,
            "now": now,
            "next_try_at": rules.next_try_at(try_count=0, now=now),
        },
    )
    await _send_after_commit(db, refund_id)


async def take_refund_result(db: AsyncSession, result: rules.RefundResult, *, now: datetime) -> tuple[str, UUID | None]:
    """What the provider says of a refund, by answer or notice, in any order and any number of times.

    Gives the verdict ("apply", "repeat", "refund-amount-mismatch", "unknown-refund") and the refund's id.
    """
    refund_id = rules.id_of(result.refund_number)
    refund = None if refund_id is None else await queries.lock_refund(db, refund_id)
    if refund is None:
        return "unknown-refund", None
    verdict = rules.judge_refund(status=refund.status, amount_fen=refund.amount_fen, result=result)
    facts = {"refund_id": str(refund_id), "refund_fen": refund.amount_fen, "told_fen": result.amount_fen}
    if verdict == "apply":
        await db.execute(
            _APPLY_RESULT,
            {
                "refund_id": refund_id,
                "status": result.state,
                "provider_refund_id": result.provider_refund_id,
                "succeeded_at": (result.succeeded_at or now) if result.state == "SUCCEEDED" else None,
                "next_try_at": rules.next_try_at(try_count=0, now=now),
            },
        )
        if result.state in {"CLOSED", "ABNORMAL"}:
            await raise_alarm(db, refund.payment_id, f"refund-{result.state.lower()}", facts, now=now)
    elif verdict == "refund-amount-mismatch":
        await raise_alarm(db, refund.payment_id, verdict, facts, now=now)
    return verdict, refund_id


async def raise_alarm(db: AsyncSession, payment_id: UUID, code: str, facts: dict[str, Any], *, now: datetime) -> None:
    """Mark a payment as needing a person; logged and counted once for each thing that is wrong."""
    raised = await db.execute(
        _ALARM, {"payment_id": payment_id, "code": code, "facts": orjson.dumps(facts).decode(), "now": now}
    )
    order_id = raised.scalar_one_or_none()
    if order_id is not None:
        alarms_raised().add(1, {"code": code})
        log.error("payment alarm", code=code, payment_id=str(payment_id), order_id=str(order_id), **facts)


async def send_refund(transactions: Transactions, channels: Channels, refund_id: UUID, *, now: datetime) -> None:
    """Ask the provider for a recorded refund and record its word. Safe to repeat: the refund's number stays the same.

    No transaction is open while the provider thinks. What fails is tried again later by `chase_refunds`.
    """
    async with transactions.read() as db:
        refund = await queries.find_refund(db, refund_id)
    if refund is None or refund.status not in {"REQUESTED", "PROCESSING"}:
        return
    order = rules.RefundOrder(
        refund_number=rules.number_of(refund_id),
        number=rules.number_of(refund.payment_id),
        amount_fen=refund.amount_fen,
        total_fen=refund.captured_fen,
        reason=refund.reason,
    )
    problem, code = "", ""
    try:
        result = await _ask_for_refund(channels.get(refund.provider), order, is_sent=refund.status == "PROCESSING")
    except ProviderRefusedError as refusal:
        problem, code = str(refusal), "refund-refused"
    except (Unavailable, NotFound) as error:
        problem = str(error)
    else:
        async with transactions.begin() as db:
            verdict, _ = await take_refund_result(db, result, now=now)
        if verdict != "repeat":
            return
        problem = "the provider is still at it" if result.state == "PROCESSING" else ""
    if not code and refund.try_count + 1 >= rules.TRIES_BEFORE_ALARM:
        code = "refund-stuck"
    async with transactions.begin() as db:
        again_at = rules.next_try_at(try_count=refund.try_count + 1, now=now)
        await db.execute(_NOTE_FAILURE, {"refund_id": refund_id, "next_try_at": again_at, "last_error": problem})
        if code and problem:
            facts = {"refund_id": str(refund_id), "refund_fen": refund.amount_fen, "error": problem}
            await raise_alarm(db, refund.payment_id, code, facts, now=now)


async def _ask_for_refund(provider: Provider, order: rules.RefundOrder, *, is_sent: bool) -> rules.RefundResult:
    """How a refund stands that was taken; one that was not, or that the provider forgot, is sent by the same number."""
    if is_sent:
        try:
            return await provider.query_refund(order)
        except ProviderRefusedError as refusal:
            log.warning("refund not known there", refund_number=order.refund_number, error=str(refusal))
    return await provider.refund(order)


async def chase_refunds(transactions: Transactions, channels: Channels, *, now: datetime) -> int:
    """Ask again for every refund that is due: never sent, refused, or processing without a word. Gives their count."""
    count = 0
    while True:  # each one asked about moves out of what is due
        async with transactions.read() as db:
            due = await queries.list_due_refunds(db, now=now, limit=100)
        for refund_id in due:
            await send_refund(transactions, channels, refund_id, now=now)
        count += len(due)
        if not due:
            return count


async def refund_job(database: Database, *, refund_id: str) -> None:
    """The job that every recorded refund queues."""
    async with open_channels(read_settings()) as channels:
        await send_refund(database, channels, UUID(refund_id), now=utc_now())


async def _send_after_commit(db: AsyncSession, refund_id: UUID) -> None:
    await Jobs("orders").defer(db, refund_job, refund_id=str(refund_id))
