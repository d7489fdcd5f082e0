"""What a test or a demonstration may do as the payer, the bank and fate. Not part of the provider's protocol."""

import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.payment_sandbox.api import Sandbox
from deploy.payment_sandbox.book import RefusedError, Trade, timestamp
from deploy.payment_sandbox.courier import Delivery


class PayOptions(BaseModel):
    """How the payer pays and how the notice travels."""

    model_config = ConfigDict(extra="forbid")

    repeat: Annotated[int, Field(ge=1, le=100, description="Copies of the notice, sent even when taken.")] = 1
    wrong_amount_fen: Annotated[int | None, Field(gt=0, description="Take this much instead of the order's.")] = None
    delay_seconds: Annotated[float, Field(ge=0, le=3600, description="The notice waits; the query knows at once.")] = 0
    after_close: Annotated[bool, Field(description="Pay even when the order is closed or its time is over.")] = False
    shuffle: Annotated[bool, Field(description="Copies travel side by side and overtake each other.")] = False
    is_silent: Annotated[bool, Field(description="No notice at all: only the query knows.")] = False


class Fault(BaseModel):
    """Answer the next `count` requests of a verb with 500 SYSTEM_ERROR."""

    model_config = ConfigDict(extra="forbid")

    verb: Literal["create", "query", "close", "refund", "statement"]
    count: Annotated[int, Field(ge=0, le=1000)] = 1


class PaidTrade(BaseModel):
    """A trade that was paid before these books began."""

    model_config = ConfigDict(extra="forbid")

    out_trade_no: Annotated[str, Field(min_length=1, max_length=64)]
    transaction_id: Annotated[str, Field(min_length=1, max_length=64)]
    total: Annotated[int, Field(gt=0)]
    paid_at: AwareDatetime
    attach: str = ""


_PAID_TRADES = TypeAdapter(Annotated[list[PaidTrade], Field(max_length=1000)])


def control_routes() -> list[Route]:
    """The routes under /control, and the health of the process."""
    return [
        Route("/control/pay/{out_trade_no}", _pay, methods=["POST"]),
        Route("/control/trades/{out_trade_no}", _show, methods=["GET"]),
        Route("/control/trades", _remember, methods=["POST"]),
        Route("/control/faults", _break, methods=["POST"]),
        Route("/control/serial", _change_key, methods=["POST"]),
        Route("/health/live", _live, methods=["GET"]),
    ]


async def _pay(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    try:
        options = PayOptions.model_validate_json(await request.body() or b"{}")
        trade = sandbox.book.get_trade(request.path_params["out_trade_no"])
        now = datetime.now(UTC)
        sandbox.book.pay(trade, now, captured=options.wrong_amount_fen, is_forced=options.after_close)
    except ValidationError as error:
        return _invalid(error)
    except RefusedError as refusal:
        return JSONResponse({"code": refusal.code, "message": refusal.message}, refusal.status)
    if not options.is_silent:
        sandbox.courier.tell_payment(trade, Delivery(options.delay_seconds, options.repeat, options.shuffle))
    return JSONResponse(asdict(trade))


async def _remember(request: Request) -> Response:
    """Enter trades of the past, so that they can be given back; known ones stay as they are."""
    book = request.app.state.sandbox.book
    try:
        given = _PAID_TRADES.validate_json(await request.body())
    except ValidationError as error:
        return _invalid(error)
    new = [each for each in given if each.out_trade_no not in book.trades]
    for each in new:
        paid_at = timestamp(each.paid_at)
        book.save(
            Trade(
                out_trade_no=each.out_trade_no,
                code=secrets.token_urlsafe(9),
                description="",
                total=each.total,
                notify_url="",
                attach=each.attach,
                time_expire=paid_at,
                trade_state="SUCCESS",
                transaction_id=each.transaction_id,
                success_time=paid_at,
                captured=each.total,
            )
        )
    return JSONResponse({"entered": len(new)})


async def _show(request: Request) -> Response:
    """A trade with its refunds and every notice's answers so far."""
    book = request.app.state.sandbox.book
    trade = book.trades.get(request.path_params["out_trade_no"])
    if trade is None:
        return JSONResponse({"code": "ORDER_NOT_EXIST", "message": "订单不存在"}, 404)
    return JSONResponse(
        {
            **asdict(trade),
            "trade_state": book.state_of(trade, datetime.now(UTC)),
            "refunds": [asdict(refund) for refund in book.refunds_of(trade)],
            "notices": [
                {"id": notice.id, "answers": notice.answers, "is_over": notice.is_over}
                for notice in book.notices.values()
                if notice.out_trade_no == trade.out_trade_no
            ],
        }
    )


async def _break(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    try:
        fault = Fault.model_validate_json(await request.body())
    except ValidationError as error:
        return _invalid(error)
    sandbox.faults[fault.verb] = fault.count
    return JSONResponse({"verb": fault.verb, "count": fault.count})


async def _change_key(request: Request) -> Response:
    """Sign with the platform's next key from now on, as when the provider changes its certificate."""
    platform = request.app.state.sandbox.platform
    serials = platform.serial_numbers
    platform.use(serials[(serials.index(platform.serial_no) + 1) % len(serials)])
    return JSONResponse({"serial_no": platform.serial_no})


async def _live(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _invalid(error: ValidationError) -> Response:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return JSONResponse({"code": "PARAM_ERROR", "message": faults[0]["msg"], "errors": faults}, 422)
