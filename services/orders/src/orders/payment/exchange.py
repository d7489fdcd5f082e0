"""What we ask of providers about payments. Nothing here holds a transaction while it waits for one (CASES T6)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy import Row

from orders.order import queries as order_queries
from orders.payment import actions, queries, rules, settling
from orders.payment.channels import Channels
from orders.payment.providers.provider import Provider, ProviderRefusedError
from orders.payment.schemas import PaymentOpened, pay_url_of
from shared.auth import Caller
from shared.db import Transactions
from shared.errors import Conflict, NotFound, Unavailable
from shared.idempotency import OnceKey
from shared.log import logger

log = logger(__name__)


async def ask_for_payment(
    transactions: Transactions,
    channels: Channels,
    once: OnceKey,
    *,
    caller: Caller,
    order_id: UUID,
    provider_name: str,
    payment_id: UUID,
    now: datetime,
) -> Response:
    """Open a payment of the order, or give the one that is open already. The answer is stored under the key.

    Conflict `order-not-payable`; Unavailable if the provider does not answer or refuses; then nothing was recorded,
    and the same request may be sent again.
    """
    provider = channels.get(provider_name)
    async with transactions.read() as db:
        pending = await queries.find_pending(db, once, order_id=order_id, provider=provider_name)
        order = await order_queries.get_payable(db, order_id, caller, now)
    if order.payable_fen <= 0:
        raise Conflict("There is nothing to pay for this order.", code="nothing-to-pay")
    if pending is not None and await _is_still_open(transactions, provider, provider_name, pending.payment_id, now):
        answer = _opened(pending.payment_id, provider_name, pending.amount_fen, pending.code_url, pending.expires_at)
        async with transactions.begin() as db:
            return await once.answer(db, answer, status=201)
    wanted = rules.PaymentOrder(
        number=rules.number_of(payment_id),
        description=order.description,
        amount_fen=order.payable_fen,
        expires_at=order.payment_due_at,
        return_key=str(order_id),
    )
    try:
        code_url = await provider.create(wanted)
    except ProviderRefusedError as refusal:
        raise _not_taken(provider_name, order_id, refusal) from refusal
    answer = _opened(payment_id, provider_name, order.payable_fen, code_url, order.payment_due_at)
    body = answer.model_dump_json().encode()
    async with transactions.read() as db:  # one statement that stands alone needs no BEGIN and COMMIT around it
        is_first = await actions.open_payment(
            db,
            once,
            answer=body,
            payment_id=payment_id,
            order_id=order_id,
            buyer_id=order.buyer_id,
            provider=provider_name,
            amount_fen=order.payable_fen,
            code_url=code_url,
            expires_at=order.payment_due_at,
            now=now,
        )
    if not is_first:
        raise Conflict(
            "Another payment of this order was opened at this very moment. Send the request again to get it.",
            code="payment-being-opened",
        )
    return Response(body, status_code=201, media_type="application/json")


async def refresh(
    transactions: Transactions, channels: Channels, *, payment_id: UUID, provider_name: str, now: datetime
) -> bool:
    """Ask the provider how an open payment stands and apply what it says. False if it does not answer now."""
    try:
        trade = await channels.get(provider_name).query(rules.number_of(payment_id))
    except (Unavailable, ProviderRefusedError, NotFound) as error:
        log.warning("payment not refreshed", payment_id=str(payment_id), error=str(error))
        return False
    if trade.state != "NOTPAY":
        async with transactions.begin() as db:
            await settling.take_trade(db, trade, provider=provider_name, now=now)
    return True


async def chase_payments(transactions: Transactions, channels: Channels, *, now: datetime) -> int:
    """Ask about every open payment whose notice is overdue; close those whose time is over. Gives their count."""
    count = 0
    while True:  # each one asked about moves out of what is due
        async with transactions.read() as db:
            due = await queries.list_due_payments(db, now=now, limit=100)
        for payment in due:
            await _chase(transactions, channels, payment, now)
        count += len(due)
        if not due:
            return count


async def _chase(transactions: Transactions, channels: Channels, payment: Row[Any], now: datetime) -> None:
    async with transactions.begin() as db:
        again_at = rules.next_check_at(created_at=payment.created_at, expires_at=payment.expires_at, now=now)
        await actions.postpone_check(db, payment.payment_id, again_at)
    if now >= payment.expires_at:
        await _close_at_provider(channels, payment.payment_id, payment.provider)
    await refresh(transactions, channels, payment_id=payment.payment_id, provider_name=payment.provider, now=now)


async def _close_at_provider(channels: Channels, payment_id: UUID, provider_name: str) -> None:
    """Let nobody pay it any more. A refusal means that somebody just did: the query that follows tells."""
    try:
        await channels.get(provider_name).close(rules.number_of(payment_id))
    except (Unavailable, ProviderRefusedError, NotFound) as error:
        log.info("payment not closed", payment_id=str(payment_id), error=str(error))


async def _is_still_open(
    transactions: Transactions, provider: Provider, provider_name: str, payment_id: UUID, now: datetime
) -> bool:
    """Whether the payer can still use the open payment; what the provider says otherwise is applied."""
    try:
        trade = await provider.query(rules.number_of(payment_id))
    except ProviderRefusedError as refusal:
        raise _not_taken(provider_name, payment_id, refusal) from refusal
    if trade.state == "NOTPAY":
        return True
    async with transactions.begin() as db:
        await settling.take_trade(db, trade, provider=provider_name, now=now)
    if trade.state == "SUCCESS":
        raise Conflict("The order was paid a moment ago.", code="order-not-payable", order_status="PAID")
    return False


def _not_taken(provider_name: str, subject_id: UUID, refusal: ProviderRefusedError) -> Unavailable:
    """What the payer hears when the provider refuses what should be right: it is for us to mend."""
    log.error("provider refused", provider=provider_name, subject_id=str(subject_id), error=str(refusal))
    return Unavailable(
        "The payment provider does not take this payment now. Try again or pay another way.",
        code="payment-provider-refused",
    )


def _opened(payment_id: UUID, provider: str, amount_fen: int, code_url: str, expires_at: datetime) -> PaymentOpened:
    return PaymentOpened(
        payment_id=payment_id,
        provider=provider,
        amount_fen=amount_fen,
        code_url=code_url,
        pay_url=pay_url_of(code_url),
        expires_at=expires_at,
    )
