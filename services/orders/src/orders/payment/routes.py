"""Paying: open a payment, watch it, and the door through which providers tell us."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter
from sqlalchemy import Row

from orders.payment import exchange, queries, settling
from orders.payment.channels import SANDBOX, Channels, ChannelsDep
from orders.payment.rules import Pays
from orders.payment.schemas import (
    AlarmView,
    PaymentOpened,
    PaymentView,
    PaymentWanted,
    ProviderList,
    ProviderView,
    RefundView,
    pay_url_of,
)
from shared.auth import Caller, CallerDep, require_kind
from shared.bodies import read_body
from shared.clock import parse_instant, utc_now
from shared.db import Read, Transactions
from shared.errors import BadRequest, Conflict, NotFound, TooLarge
from shared.idempotency import OnceKey, OnceUnchecked
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

LARGEST_NOTICE_BYTES = 65_536
_HEADERS_KEPT = (
    "wechatpay-timestamp",
    "wechatpay-nonce",
    "wechatpay-signature",
    "wechatpay-serial",
    "content-type",
    "request-id",
)
_REFUNDS = TypeAdapter(list[RefundView])

router = APIRouter(tags=["payments"])


@router.post("/v1/orders/{order_id}/payments", status_code=201, response_model=PaymentOpened)
async def open_payment(
    request: Request,
    order_id: UUID,
    wanted: PaymentWanted,
    caller: CallerDep,
    once: OnceUnchecked,
    channels: ChannelsDep,
) -> Response:
    """Open a payment of the whole order, in fen, until the order's payment is due.

    An order has at most one open payment through a provider: asking again gives the same one. 404
    `provider-unknown`, 409 `order-not-payable`, 422 `payment-method-not-offered`, `payer-missing`, 503 if the
    provider does not answer: then nothing was recorded. An open payment in another way, or through another
    provider, is closed there first.
    """
    return await _ask(request, channels, once, caller, order_id, wanted)


@router.post("/v1/presale-bookings/{booking_id}/deposit-payments", status_code=201, response_model=PaymentOpened)
async def open_deposit_payment(
    request: Request,
    booking_id: UUID,
    wanted: PaymentWanted,
    caller: CallerDep,
    once: OnceUnchecked,
    channels: ChannelsDep,
) -> Response:
    """Open a payment of a booking's deposit, until it is due; all else as for an order. 404 `booking-not-found`, 409
    `booking-not-payable`."""
    return await _ask(request, channels, once, caller, booking_id, wanted, pays="deposit")


async def _ask(
    request: Request,
    channels: Channels,
    once: OnceKey,
    caller: Caller,
    subject_id: UUID,
    wanted: PaymentWanted,
    *,
    pays: Pays = "order",
) -> Response:
    asking = exchange.Asking(
        once=once,
        caller=caller,
        order_id=subject_id,
        provider_name=wanted.provider,
        payment_id=new_id(),
        now=utc_now(),
        method=wanted.method,
        payer_id=wanted.payer_id,
        payer_address=request.client.host if request.client else "",
        pays=pays,
    )
    return await exchange.ask_for_payment(request.app.state.database, channels, asking)


@router.get("/v1/payment-providers")
async def list_providers(channels: ChannelsDep) -> ProviderList:
    """The ways to pay that are offered now; public, for the checkout."""
    return ProviderList(
        items=[
            ProviderView(provider=name, methods=list(channels.methods(name)), is_practice=name == SANDBOX)
            for name in channels.names
        ]
    )


@router.get("/v1/payments/{payment_id}")
async def show_payment(
    request: Request,
    payment_id: UUID,
    caller: CallerDep,
    channels: ChannelsDep,
    refresh: Annotated[bool, Query(description="Ask the provider first, if the payment is still open.")] = False,
) -> PaymentView:
    """A payment with its refunds, for its buyer or an operator.

    With `refresh` the answer holds what the provider knows now, also when its notice is late; if the provider does not
    answer, what we know, and `is_refreshed` is false.
    """
    database: Transactions = request.app.state.database
    payment, is_refreshed = await _read_payment(database, payment_id, caller), False
    if refresh and payment.status == "PENDING":
        is_refreshed = await exchange.refresh(
            database, channels, payment_id=payment_id, provider_name=payment.provider, now=utc_now()
        )
        payment = await _read_payment(database, payment_id, caller)
    return _view(payment, is_refreshed=is_refreshed)


@router.get("/v1/payment-alarms", dependencies=[Depends(require_kind("operator"))])
async def list_alarms(db: Read, limit: Limit = 20, cursor: CursorText = None) -> Page[AlarmView]:
    """Payments that need a person (operators), the latest alarm first."""
    before_at = before_id = None
    if cursor is not None:
        try:
            at, payment_id = decode_cursor(cursor, size=2)
            before_at, before_id = parse_instant(str(at)), UUID(str(payment_id))
        except (ValueError, OverflowError) as error:
            raise BadRequest("The cursor is not one of ours.", code="cursor-invalid", field="cursor") from error
    rows = await queries.list_alarms(db, before_at=before_at, before_id=before_id, limit=limit + 1)
    shown = rows[:limit]
    next_cursor = encode_cursor(shown[-1].alarm_at, shown[-1].payment_id) if len(rows) > limit else None
    return Page(items=[AlarmView(**row._mapping) for row in shown], next_cursor=next_cursor)  # noqa: SLF001 - public in SQLAlchemy


@router.post("/v1/payments/notices/{provider_name}", status_code=204, response_class=Response)
async def take_notice(request: Request, provider_name: str, channels: ChannelsDep) -> Response:
    """A provider's signed notice; no token, the signature is the proof.

    204 (or 200 and the word that the provider wants) once it is stored and applied, also when it comes again. 401 for a
    bad signature (nothing is stored). 409 `amount-mismatch` for another amount than ours and 404 for a payment or
    refund that is not ours: stored, alarmed, not applied; the provider will try again.
    """
    provider = channels.get(provider_name)
    body = await read_body(request, max_bytes=LARGEST_NOTICE_BYTES, refusal=_too_large())
    notice = provider.verify_notice(request.headers, body, now=utc_now())
    headers = {name: value for name in _HEADERS_KEPT if (value := request.headers.get(name)) is not None}
    arrived = settling.ArrivedNotice(provider_name, notice, headers, body)
    outcome = await settling.receive_notice(request.app.state.database, arrived, now=utc_now())
    _ensure_taken(outcome)
    wanted = provider.acknowledgement
    return Response(wanted.text, wanted.status, media_type="text/plain" if wanted.text else None)


async def _read_payment(database: Transactions, payment_id: UUID, caller: Caller) -> Row[Any]:
    """Its own short session: none is kept while a provider is asked."""
    async with database.read() as db:
        return await queries.get_payment(db, payment_id, caller)


def _too_large() -> TooLarge:
    return TooLarge(f"A notice has at most {LARGEST_NOTICE_BYTES} bytes.", code="notice-too-large")


def _ensure_taken(outcome: settling.Outcome) -> None:
    """Tell the provider what we did not take; by now it is stored."""
    match outcome.verdict:
        case "unknown-payment" | "unknown-refund":
            raise NotFound("We know of no such payment or refund.", code=outcome.verdict)
        case "amount-mismatch" | "second-transaction" | "refund-amount-mismatch":
            raise Conflict(
                "This is not what we asked for. A person will look into it.",
                code=outcome.verdict,
                expected_fen=outcome.expected_fen,
            )


def _view(payment: Row[Any], *, is_refreshed: bool) -> PaymentView:
    return PaymentView(
        payment_id=payment.payment_id,
        order_id=payment.order_id,
        pays=payment.pays,
        provider=payment.provider,
        status=payment.status,
        amount_fen=payment.amount_fen,
        captured_fen=payment.captured_fen,
        refunded_fen=payment.refunded_fen,
        effect=payment.effect,
        code_url=payment.code_url,
        pay_url=pay_url_of(payment.code_url),
        created_at=payment.created_at,
        expires_at=payment.expires_at,
        paid_at=payment.paid_at,
        closed_at=payment.closed_at,
        refunds=_REFUNDS.validate_python(payment.refunds),
        is_refreshed=is_refreshed,
    )
