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
from orders.order import paying
from orders.order.rules import PaymentEffect
from orders.payment import actions, queries, rules
from orders.presale import booking
from shared.bell import note_published
from shared.db import Transactions
from shared.direct import Direct, Statement, standing_alone
from shared.events.orders import OrderPaid

_NOTE = Statement("""
    SELECT keep_notice(:provider, :notice_id, :kind, :subject_id, :outcome, :headers, :body, :received_at)
""")
_SETTLE = Statement("""
    SELECT settle_payment(:payment_id, :seen_status, :paid_fen, :transaction_id, :effect, :paid_at, :order_id, :event,
                          :provider, :notice_id, :kind, :headers, :body, :received_at)
""")
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


async def receive_notice(transactions: Transactions, arrived: ArrivedNotice, *, now: datetime) -> Outcome:
    """What `take_notice` does, with a transaction of its own.

    The usual notice, money for an order that waits for it, takes two round trips: one reads, one saves if all is still
    as it was read. Whatever else it may be, and whatever came between the two, is judged again under locks.
    """
    outcome = await _settle_at_once(transactions, arrived, now=now)
    if outcome is None:
        async with transactions.begin() as db:
            outcome = await take_notice(db, arrived, now=now)
    return outcome


async def _settle_at_once(transactions: Transactions, arrived: ArrivedNotice, *, now: datetime) -> Outcome | None:
    """None, and nothing done, if this is not the usual notice."""
    trade = arrived.notice.told
    payment_id = rules.id_of(trade.number) if isinstance(trade, rules.Trade) else None
    if payment_id is None or not isinstance(trade, rules.Trade):
        return None
    async with standing_alone(transactions) as db:
        found = await queries.find_payment(db, payment_id, provider=arrived.provider)
        if found is None or _judge(found.payment, trade) != "capture":
            return None
        paid_at = trade.succeeded_at or now
        decision = paying.decide(found.order, payment_id=payment_id, paid_fen=trade.total_fen, paid_at=paid_at, now=now)
        if decision.event is None:
            return None
        if not await _save_settled(
            db,
            found.payment,
            trade,
            effect=decision.effect,
            paid_at=paid_at,
            provider=arrived.provider,
            arrived=arrived,
            now=now,
            event=decision.event,
        ):
            return None
        note_published(db.info, {OrderPaid.type})
    return Outcome("capture", payment_id, found.payment.amount_fen)


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
    await _keep_notice(db, arrived, outcome, now)
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
        outcome = Outcome(_judge(payment, trade), payment.payment_id, payment.amount_fen)
    if payment is not None and outcome.verdict == "capture":
        await _capture_payment(db, payment, trade, provider=provider, arrived=arrived, now=now)
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
        await _keep_notice(db, arrived, outcome, now)
    return outcome


def _judge(payment: queries.SeenPayment, trade: rules.Trade) -> rules.Verdict:
    return rules.judge_trade(
        status=payment.status, amount_fen=payment.amount_fen, transaction_id=payment.transaction_id, trade=trade
    )


async def _capture_payment(
    db: AsyncSession,
    payment: queries.SeenPayment,
    trade: rules.Trade,
    *,
    provider: str,
    arrived: ArrivedNotice | None,
    now: datetime,
) -> None:
    paid_at = trade.succeeded_at or now
    settle = order_actions.settle_payment if payment.pays == "order" else booking.settle_deposit
    effect = await settle(
        db,
        order_id=payment.order_id,
        payment_id=payment.payment_id,
        paid_fen=trade.total_fen,
        paid_at=paid_at,
        now=now,
    )
    if not await _save_settled(
        db, payment, trade, effect=effect, paid_at=paid_at, provider=provider, arrived=arrived, now=now
    ):
        raise RuntimeError(f"payment {payment.payment_id} changed while its row was locked")
    if effect.outcome == "refund-due":
        await actions.refund_payment(
            db,
            refund_id=uuid5(payment.payment_id, effect.reason),
            payment_id=payment.payment_id,
            amount_fen=trade.total_fen,
            reason=effect.reason,
            now=now,
        )


async def _save_settled(
    db: AsyncSession | Direct,
    payment: queries.SeenPayment,
    trade: rules.Trade,
    *,
    effect: PaymentEffect,
    paid_at: datetime,
    provider: str,
    arrived: ArrivedNotice | None,
    now: datetime,
    event: str | None = None,
) -> bool:
    """Capture the payment and keep the notice; with `event` also make the order paid. False if anything changed."""
    values = {
        "payment_id": payment.payment_id,
        "seen_status": payment.status,
        "paid_fen": trade.total_fen,
        "transaction_id": trade.transaction_id,
        "effect": effect.outcome,
        "paid_at": paid_at,
        "order_id": None if event is None else payment.order_id,
        "event": event,
        "provider": provider,
    }
    [[is_saved]] = await _SETTLE.rows(db, values | _notice_values(arrived, now))
    return bool(is_saved)


async def _keep_notice(db: AsyncSession, arrived: ArrivedNotice, outcome: Outcome, now: datetime) -> None:
    values = {"provider": arrived.provider, "subject_id": outcome.subject_id, "outcome": outcome.verdict}
    await _NOTE.rows(db, values | _notice_values(arrived, now))


def _notice_values(arrived: ArrivedNotice | None, now: datetime) -> dict[str, Any]:
    if arrived is None:
        return dict.fromkeys(("notice_id", "kind", "headers", "body", "received_at"))
    return {
        "notice_id": arrived.notice.notice_id,
        "kind": arrived.notice.kind,
        "headers": orjson.dumps(dict(arrived.headers)).decode(),
        "body": arrived.body,
        "received_at": now,
    }
