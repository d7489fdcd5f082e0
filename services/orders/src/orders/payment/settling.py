"""What a provider's word does to a payment and its order: once, however often and by whatever way it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.payment import actions, queries, rules
from shared.direct import Statement

_NOTE = """
    INSERT INTO payment_notices
        (provider, notice_id, kind, subject_id, outcome, headers, body, received_at, last_received_at)
    VALUES (:provider, :notice_id, :kind, :subject_id, :outcome, CAST(:headers AS jsonb), :body, :now, :now)
    ON CONFLICT (provider, notice_id) DO UPDATE SET received_count = payment_notices.received_count + 1,
        last_received_at = excluded.last_received_at
"""
_CAPTURE = """
    UPDATE payments SET status = 'PAID', captured_fen = amount_fen, transaction_id = :transaction_id, effect = :effect,
        paid_at = :paid_at, closed_at = NULL
    WHERE payment_id = :payment_id
"""
_note = text(_NOTE)
_capture = text(_CAPTURE)
_capture_and_note = Statement(f"WITH noted AS ({_NOTE}) {_CAPTURE}")
_CLOSE = text("UPDATE payments SET status = 'CLOSED', closed_at = :now WHERE payment_id = :payment_id")


@dataclass(frozen=True, slots=True)
class ArrivedNotice:
    """A verified notice as it came, to be kept."""

    provider: str
    notice: rules.Notice
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a provider's word: a verdict of the rules, "unknown-payment", "unknown-refund" or "ignored"."""

    verdict: str
    subject_id: UUID | None = None
    expected_fen: int | None = None


async def take_notice(db: AsyncSession, arrived: ArrivedNotice, *, now: datetime) -> Outcome:
    """Apply a verified notice and keep it; a repeated one is only counted.

    A notice about a payment or refund that we do not know, or with another amount than ours, is kept too and changes
    nothing else: its outcome says so, and the caller tells the provider.
    """
    told = arrived.notice.told
    if isinstance(told, rules.Trade):
        return await take_trade(db, told, provider=arrived.provider, arrived=arrived, now=now)
    if isinstance(told, rules.RefundResult):
        verdict, refund_id = await actions.take_refund_result(db, told, now=now)
        outcome = Outcome(verdict, refund_id)
    else:
        outcome = Outcome("ignored")
    await db.execute(_note, _note_values(arrived, outcome, now))
    return outcome


async def take_trade(
    db: AsyncSession, trade: rules.Trade, *, provider: str, now: datetime, arrived: ArrivedNotice | None = None
) -> Outcome:
    """Apply what the provider says of a trade, by notice (`arrived`) or by our own query.

    The payment's row is locked first: beside a second notice or the payer's own poll one of us captures and the other
    sees it done. The order decides what captured money does; what it cannot take goes back at once.
    """
    payment_id = rules.id_of(trade.number)
    payment = None if payment_id is None else await queries.lock_payment(db, payment_id, provider=provider)
    if payment is None:
        outcome = Outcome("unknown-payment")
    else:
        verdict = rules.judge_trade(
            status=payment.status, amount_fen=payment.amount_fen, transaction_id=payment.transaction_id, trade=trade
        )
        outcome = Outcome(verdict, payment.payment_id, payment.amount_fen)
    if payment is not None and outcome.verdict == "capture":
        await _capture_payment(db, payment, trade, arrived, outcome, now)
        return outcome
    if payment is not None and outcome.verdict == "close":
        await db.execute(_CLOSE, {"payment_id": payment.payment_id, "now": now})
    elif payment is not None and outcome.verdict in {"amount-mismatch", "second-transaction"}:
        facts = {
            "amount_fen": payment.amount_fen,
            "told_fen": trade.total_fen,
            "currency": trade.currency,
            "transaction_id": trade.transaction_id,
        }
        await actions.raise_alarm(db, payment.payment_id, outcome.verdict, facts, now=now)
    if arrived is not None:
        await db.execute(_note, _note_values(arrived, outcome, now))
    return outcome


async def _capture_payment(
    db: AsyncSession,
    payment: queries.LockedPayment,
    trade: rules.Trade,
    arrived: ArrivedNotice | None,
    outcome: Outcome,
    now: datetime,
) -> None:
    paid_at = trade.succeeded_at or now
    effect = await order_actions.settle_payment(
        db,
        order_id=payment.order_id,
        payment_id=payment.payment_id,
        paid_fen=trade.total_fen,
        paid_at=paid_at,
        now=now,
    )
    values = {
        "payment_id": payment.payment_id,
        "transaction_id": trade.transaction_id,
        "effect": effect.outcome,
        "paid_at": paid_at,
    }
    if arrived is None:
        await db.execute(_capture, values)
    else:
        await _capture_and_note.rows(db, {**values, **_note_values(arrived, outcome, now)})
    if effect.outcome == "refund-due":
        await actions.refund_payment(
            db,
            refund_id=uuid5(payment.payment_id, effect.reason),
            payment_id=payment.payment_id,
            amount_fen=trade.total_fen,
            reason=effect.reason,
            now=now,
        )


def _note_values(arrived: ArrivedNotice, outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "provider": arrived.provider,
        "notice_id": arrived.notice.notice_id,
        "kind": arrived.notice.kind,
        "subject_id": outcome.subject_id,
        "outcome": outcome.verdict,
        "headers": orjson.dumps(dict(arrived.headers)).decode(),
        "body": arrived.body,
        "now": now,
    }
