"""What we ask of providers about payments. Nothing here holds a transaction while it waits for one (CASES T6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import queries as order_queries
from orders.order.rules import PayableOrder
from orders.payment import actions, queries, rules, settling
from orders.payment.channels import Channels
from orders.payment.providers.provider import Provider, ProviderRefusedError
from orders.payment.schemas import PaymentOpened, pay_url_of
from orders.presale import queries as presale_queries
from shared.auth import Caller
from shared.db import Transactions
from shared.direct import Direct, standing_alone
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.idempotency import OnceKey
from shared.log import logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Asking:
    """One buyer's request to pay one order, or its deposit, through one provider."""

    once: OnceKey
    caller: Caller
    order_id: UUID
    provider_name: str
    payment_id: UUID
    now: datetime
    method: rules.Method = "code"
    payer_id: str = ""
    payer_address: str = ""
    pays: rules.Pays = "order"


async def ask_for_payment(transactions: Transactions, channels: Channels, asking: Asking) -> Response:
    """Open a payment of the order, or give the one that is open already. The answer is stored under the key.

    Conflict `order-not-payable`; Unavailable if the provider does not answer or refuses: then nothing was recorded,
    and the same request may be sent again. The usual way is one read, one call, one write; whether the request was
    answered before, or a payment is open already, is looked up only when one of these says no.
    """
    provider = channels.get(asking.provider_name)
    _ensure_method(provider, asking)
    try:
        async with standing_alone(transactions) as db:
            order = await _get_payable(db, asking)
    except Conflict:
        await _find_pending(transactions, asking)  # a request answered before gets that answer, whatever came since
        raise
    if order.payable_fen <= 0:
        raise Conflict("There is nothing to pay for this order.", code="nothing-to-pay")
    code_url = await _create(provider, order, asking)
    opened = _opened(asking, provider, asking.payment_id, order.payable_fen, code_url, order.payment_due_at)
    others = await _record(transactions, order, asking, opened)
    if others is not None:
        await _close_others(transactions, channels, asking, others)
        return _created(opened)
    is_used = False
    try:
        pending = await _find_pending(transactions, asking)
        if pending is not None and provider.method_of(pending.code_url) != asking.method:
            await _close_and_settle(transactions, channels, pending.payment_id, asking)
        elif pending is not None and await _is_still_open(transactions, provider, asking, pending.payment_id):
            earlier = _opened(
                asking, provider, pending.payment_id, pending.amount_fen, pending.code_url, pending.expires_at
            )
            async with transactions.begin() as db:
                return await asking.once.answer(db, earlier, status=201)
        others = await _record(transactions, order, asking, opened)
        is_used = others is not None
    finally:
        if not is_used:
            await _close_at_provider(channels, asking.payment_id, asking.provider_name)
    if not is_used:
        raise Conflict(
            "Another payment of this order was opened at this very moment. Send the request again to get it.",
            code="payment-being-opened",
        )
    await _close_others(transactions, channels, asking, others or [])
    return _created(opened)


async def _close_others(
    transactions: Transactions, channels: Channels, asking: Asking, others: list[actions.OpenElsewhere]
) -> None:
    """Close the order's open payments through other providers before the payer gets this one.

    Conflict `order-not-payable`, and this one closed too, if one of them turns out to be paid. One whose provider does
    not answer stays open: the minute's job asks again, and money that comes through both ways goes back by itself.
    """
    for other in others:
        await _close_and_settle(transactions, channels, other.payment_id, asking, provider_name=other.provider)
    if others:
        try:
            async with transactions.read() as db:
                await _get_payable(db, asking)
        except Conflict:
            await _close_at_provider(channels, asking.payment_id, asking.provider_name)
            raise


async def _get_payable(db: AsyncSession | Direct, asking: Asking) -> PayableOrder:
    """What is asked for and until when. Conflict `order-not-payable`, `booking-not-payable`."""
    get = presale_queries.get_payable_deposit if asking.pays == "deposit" else order_queries.get_payable
    return await get(db, asking.order_id, asking.caller, asking.now)


async def _find_pending(transactions: Transactions, asking: Asking) -> queries.PendingPayment | None:
    async with transactions.read() as db:
        return await queries.find_pending(
            db, asking.once, order_id=asking.order_id, provider=asking.provider_name, pays=asking.pays
        )


async def _create(provider: Provider, order: PayableOrder, asking: Asking) -> str:
    wanted = rules.PaymentOrder(
        number=rules.number_of(asking.payment_id),
        description=order.description,
        amount_fen=order.payable_fen,
        expires_at=order.payment_due_at,
        return_key=str(asking.order_id),
        method=asking.method,
        payer_id=asking.payer_id,
        payer_address=asking.payer_address,
    )
    try:
        return await provider.create(wanted)
    except ProviderRefusedError as refusal:
        raise _not_taken(asking, refusal) from refusal


async def _close_and_settle(
    transactions: Transactions,
    channels: Channels,
    payment_id: UUID,
    asking: Asking,
    *,
    provider_name: str | None = None,
) -> None:
    name = provider_name or asking.provider_name
    is_closed = await _close_at_provider(channels, payment_id, name)
    await refresh(
        transactions, channels, payment_id=payment_id, provider_name=name, now=asking.now, is_closed=is_closed
    )


async def _record(
    transactions: Transactions, order: PayableOrder, asking: Asking, opened: PaymentOpened
) -> list[actions.OpenElsewhere] | None:
    async with standing_alone(transactions) as db:  # one statement needs no BEGIN and COMMIT around it
        return await actions.open_payment(
            db,
            asking.once,
            answer=opened.model_dump_json().encode(),
            payment_id=asking.payment_id,
            order_id=asking.order_id,
            buyer_id=order.buyer_id,
            provider=asking.provider_name,
            amount_fen=order.payable_fen,
            code_url=opened.code_url,
            expires_at=order.payment_due_at,
            now=asking.now,
            pays=asking.pays,
        )


def _created(opened: PaymentOpened) -> Response:
    return Response(opened.model_dump_json(), status_code=201, media_type="application/json")


async def refresh(
    transactions: Transactions,
    channels: Channels,
    *,
    payment_id: UUID,
    provider_name: str,
    now: datetime,
    is_closed: bool = False,
) -> bool:
    """Ask the provider how an open payment stands and apply what it says. False if it does not answer now.

    `is_closed`: it has just taken our word that nobody pays this any more, so what is not paid is closed; a provider
    that knows of a payment only once the payer has come says no more than that.
    """
    try:
        trade = await channels.get(provider_name).query(rules.number_of(payment_id))
    except (Unavailable, ProviderRefusedError, NotFound) as error:
        log.warning("payment not refreshed", payment_id=str(payment_id), error=str(error))
        return False
    if trade.state == "NOTPAY" and is_closed:
        trade = rules.Trade(trade.number, "CLOSED")
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
    is_over = now >= payment.expires_at
    is_closed = is_over and await _close_at_provider(channels, payment.payment_id, payment.provider)
    await refresh(
        transactions,
        channels,
        payment_id=payment.payment_id,
        provider_name=payment.provider,
        now=now,
        is_closed=is_closed,
    )


async def _close_at_provider(channels: Channels, payment_id: UUID, provider_name: str) -> bool:
    """Let nobody pay it any more. A refusal means that somebody just did: the query that follows tells."""
    try:
        await channels.get(provider_name).close(rules.number_of(payment_id))
    except (Unavailable, ProviderRefusedError, NotFound) as error:
        log.info("payment not closed", payment_id=str(payment_id), error=str(error))
        return False
    return True


async def _is_still_open(transactions: Transactions, provider: Provider, asking: Asking, payment_id: UUID) -> bool:
    """Whether the payer can still use the open payment; what the provider says otherwise is applied."""
    try:
        trade = await provider.query(rules.number_of(payment_id))
    except ProviderRefusedError as refusal:
        raise _not_taken(asking, refusal) from refusal
    if trade.state == "NOTPAY":
        return True
    async with transactions.begin() as db:
        await settling.take_trade(db, trade, provider=asking.provider_name, now=asking.now)
    if trade.state == "SUCCESS":
        raise Conflict("The order was paid a moment ago.", code="order-not-payable", order_status="PAID")
    return False


def _not_taken(asking: Asking, refusal: ProviderRefusedError) -> Unavailable:
    """What the payer hears when the provider refuses what should be right: it is for us to mend."""
    log.error("provider refused", provider=asking.provider_name, order_id=str(asking.order_id), error=str(refusal))
    return Unavailable(
        "The payment provider does not take this payment now. Try again or pay another way.",
        code="payment-provider-refused",
    )


def _ensure_method(provider: Provider, asking: Asking) -> None:
    if asking.method not in provider.methods:
        raise Invalid(
            "One cannot pay in this way through this provider.",
            code="payment-method-not-offered",
            field="method",
            offered=list(provider.methods),
        )
    if asking.method == "in-app" and not asking.payer_id:
        raise Invalid("The provider's app needs to know who pays.", code="payer-missing", field="payer_id")


def _opened(
    asking: Asking, provider: Provider, payment_id: UUID, amount_fen: int, code_url: str, expires_at: datetime
) -> PaymentOpened:
    return PaymentOpened(
        payment_id=payment_id,
        provider=asking.provider_name,
        method=asking.method,
        amount_fen=amount_fen,
        code_url=code_url,
        pay_url=pay_url_of(code_url),
        in_app_call=provider.in_app_call(code_url, now=asking.now),
        expires_at=expires_at,
    )
