"""The merchant API, as WeChat Pay API v3 has it: native orders, query, close, refunds, a day's statement.

Every request must be signed by the merchant and every answer is signed by the platform; refusals are
``{"code", "message"}`` in the provider's words.
"""

import asyncio
import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.payment_sandbox.alipay_signing import AlipayPlatform
from deploy.payment_sandbox.book import DEFAULT_LIFETIME, Book, Refund, RefusedError, Trade, timestamp
from deploy.payment_sandbox.courier import Courier, Delivery, transaction
from deploy.payment_sandbox.day_statement import day_statement
from deploy.payment_sandbox.settings import SandboxSettings
from deploy.payment_sandbox.signing import Platform, SignatureRefusedError


@dataclass(slots=True)
class Sandbox:
    """What the routes share: the books, the keys, the courier, and the faults that a test asked for."""

    settings: SandboxSettings
    book: Book
    platform: Platform
    courier: Courier
    faults: Counter[str] = field(default_factory=Counter)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    alipay: AlipayPlatform | None = None

    def fail_if_asked(self, verb: str) -> None:
        """Be out of order once more for this verb, if a test wants that."""
        if self.faults[verb] > 0:
            self.faults[verb] -= 1
            raise RefusedError(500, "SYSTEM_ERROR", "系统错误")

    def finish_later(self, refund: Refund) -> None:
        """Let a refund succeed after a moment and tell the merchant."""
        task = asyncio.create_task(self._finish(refund))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _finish(self, refund: Refund) -> None:
        await asyncio.sleep(self.settings.refund_seconds)
        refund.status = "SUCCESS"
        refund.success_time = timestamp(datetime.now(UTC))
        self.book.save(refund, is_money=True)
        if refund.notify_url:
            self.courier.tell_refund(refund, self.book.get_trade(refund.out_trade_no), Delivery())


def _has_zone(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("needs a time zone")
    return text


Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_\-|*]{6,32}$")]
RefundNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^?#\s]+$", max_length=255)]
Rfc3339 = Annotated[str, AfterValidator(_has_zone)]


class _OrderAmount(BaseModel):
    total: Annotated[int, Field(gt=0)]
    currency: Annotated[str, Field(pattern="^CNY$")] = "CNY"


class _Order(BaseModel):
    appid: str
    mchid: str
    description: Annotated[str, Field(min_length=1, max_length=127)]
    out_trade_no: Number
    notify_url: Url
    amount: _OrderAmount
    attach: Annotated[str, Field(max_length=128)] = ""
    time_expire: Rfc3339 | None = None


class _Scene(BaseModel):
    payer_client_ip: Annotated[str, Field(min_length=1, max_length=45)]
    h5_info: dict[str, str]


class _H5Order(_Order):
    scene_info: _Scene


class _Payer(BaseModel):
    openid: Annotated[str, Field(min_length=1, max_length=128)]


class _JsapiOrder(_Order):
    payer: _Payer


class _Closing(BaseModel):
    mchid: str


class _RefundAmount(BaseModel):
    refund: Annotated[int, Field(gt=0)]
    total: Annotated[int, Field(gt=0)]
    currency: Annotated[str, Field(pattern="^CNY$")]


class _RefundOrder(BaseModel):
    out_trade_no: Number
    out_refund_no: RefundNumber
    reason: Annotated[str, Field(max_length=80)] = ""
    notify_url: Url | None = None
    amount: _RefundAmount


Verb = Callable[[Sandbox, Request, bytes], Awaitable[dict[str, Any] | None]]


def api_routes() -> list[Route]:
    """The routes under /v3."""
    return [
        Route("/v3/pay/transactions/native", _spoken("create", _create), methods=["POST"]),
        Route("/v3/pay/transactions/h5", _spoken("create", _create_h5), methods=["POST"]),
        Route("/v3/pay/transactions/jsapi", _spoken("create", _create_jsapi), methods=["POST"]),
        Route("/v3/pay/transactions/out-trade-no/{out_trade_no}", _spoken("query", _query), methods=["GET"]),
        Route("/v3/pay/transactions/out-trade-no/{out_trade_no}/close", _spoken("close", _close), methods=["POST"]),
        Route("/v3/refund/domestic/refunds", _spoken("refund", _refund), methods=["POST"]),
        Route("/v3/refund/domestic/refunds/{out_refund_no}", _spoken("query", _query_refund), methods=["GET"]),
        Route("/v3/bill/tradebill", _spoken("statement", _statement), methods=["GET"]),
        Route("/v3/billdownload/file", _statement_file, methods=["GET"]),
    ]


def _spoken(name: str, verb: Verb) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a verb in the protocol: signature in, refusals in the provider's words, signature out."""

    async def answer(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        body = await request.body()
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        try:
            authorization = request.headers.get("authorization", "")
            sandbox.platform.verify(request.method, target, authorization, body, now=time.time())
            sandbox.fail_if_asked(name)
            told = await verb(sandbox, request, body)
            status = 200 if told is not None else 204
        except SignatureRefusedError as refusal:
            status, told = 401, {"code": "SIGN_ERROR", "message": str(refusal)}
        except ValidationError as error:
            fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = "/".join(str(part) for part in fault["loc"])
            status, told = 400, {"code": "PARAM_ERROR", "message": f"{where}: {fault['msg']}"}
        except RefusedError as refusal:
            status, told = refusal.status, {"code": refusal.code, "message": refusal.message}
        content = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
        kind = {} if told is None else {"Content-Type": "application/json; charset=utf-8"}
        return Response(content, status, headers={**kind, **sandbox.platform.sign(content)})

    return answer


async def _create(sandbox: Sandbox, _: Request, body: bytes) -> dict[str, Any]:
    return {"code_url": f"{sandbox.settings.base_url}/pay/{_opened(sandbox, _Order.model_validate_json(body)).code}"}


async def _create_h5(sandbox: Sandbox, _: Request, body: bytes) -> dict[str, Any]:
    trade = _opened(sandbox, _H5Order.model_validate_json(body))
    return {"h5_url": f"{sandbox.settings.base_url}/pay/{trade.code}?channel=h5"}


async def _create_jsapi(sandbox: Sandbox, _: Request, body: bytes) -> dict[str, Any]:
    return {"prepay_id": f"wx{_opened(sandbox, _JsapiOrder.model_validate_json(body)).code}"}


def _opened(sandbox: Sandbox, order: "_Order") -> Trade:
    if (order.appid, order.mchid) != (sandbox.platform.appid, sandbox.platform.mchid):
        raise RefusedError(400, "APPID_MCHID_NOT_MATCH", "商户号和appid不匹配")
    now = datetime.now(UTC)
    return sandbox.book.open_trade(
        Trade(
            out_trade_no=order.out_trade_no,
            code=secrets.token_urlsafe(9),
            description=order.description,
            total=order.amount.total,
            notify_url=order.notify_url,
            attach=order.attach,
            time_expire=order.time_expire or timestamp(now + DEFAULT_LIFETIME),
        ),
        now,
    )


async def _query(sandbox: Sandbox, request: Request, _: bytes) -> dict[str, Any]:
    _ensure_merchant(sandbox, request.query_params.get("mchid", ""))
    trade = sandbox.book.get_trade(request.path_params["out_trade_no"])
    return transaction(sandbox.platform, trade, sandbox.book.state_of(trade, datetime.now(UTC)))


async def _close(sandbox: Sandbox, request: Request, body: bytes) -> None:
    _ensure_merchant(sandbox, _Closing.model_validate_json(body).mchid)
    sandbox.book.close_trade(sandbox.book.get_trade(request.path_params["out_trade_no"]), datetime.now(UTC))


async def _refund(sandbox: Sandbox, _: Request, body: bytes) -> dict[str, Any]:
    order = _RefundOrder.model_validate_json(body)
    wanted = Refund(
        refund_id="503" + str(secrets.randbelow(10**25)).zfill(25),
        out_refund_no=order.out_refund_no,
        out_trade_no=order.out_trade_no,
        amount=order.amount.refund,
        notify_url=order.notify_url or "",
        reason=order.reason,
        create_time=timestamp(datetime.now(UTC)),
    )
    refund = sandbox.book.refund(wanted, order.amount.total)
    if refund is wanted:
        sandbox.finish_later(refund)
    return _told_of(sandbox, refund)


async def _query_refund(sandbox: Sandbox, request: Request, _: bytes) -> dict[str, Any]:
    refund = sandbox.book.refunds.get(request.path_params["out_refund_no"])
    if refund is None:
        raise RefusedError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return _told_of(sandbox, refund)


def _told_of(sandbox: Sandbox, refund: Refund) -> dict[str, Any]:
    trade = sandbox.book.get_trade(refund.out_trade_no)
    return {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": trade.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": refund.create_time,
        "status": refund.status,
        "amount": {
            "total": trade.captured,
            "refund": refund.amount,
            "payer_total": trade.captured,
            "payer_refund": refund.amount,
            "settlement_refund": refund.amount,
            "settlement_total": trade.captured,
            "discount_refund": 0,
            "currency": "CNY",
        },
    } | ({"success_time": refund.success_time} if refund.success_time else {})


async def _statement(sandbox: Sandbox, request: Request, _: bytes) -> dict[str, Any]:
    """Where a day's file lies, and its digest. The real provider has files of past days only; here today's grows."""
    content = _file_of(sandbox, request.query_params.get("bill_date", ""))
    day = request.query_params["bill_date"]
    return {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        "download_url": f"{sandbox.settings.base_url}/v3/billdownload/file?token={day}",
    }


async def _statement_file(request: Request) -> Response:
    """The file itself: asked for under the merchant's signature, answered without ours, as the provider does."""
    sandbox: Sandbox = request.app.state.sandbox
    target = f"{request.url.path}?{request.url.query}"
    try:
        sandbox.platform.verify("GET", target, request.headers.get("authorization", ""), b"", now=time.time())
        return Response(_file_of(sandbox, request.query_params.get("token", "")), media_type="text/plain")
    except SignatureRefusedError as refusal:
        return Response(json.dumps({"code": "SIGN_ERROR", "message": str(refusal)}), 401)
    except RefusedError as refusal:
        return Response(json.dumps({"code": refusal.code, "message": refusal.message}), refusal.status)


def _file_of(sandbox: Sandbox, day: str) -> bytes:
    try:
        content = day_statement(sandbox.book, sandbox.platform, date.fromisoformat(day))
    except ValueError as error:
        raise RefusedError(400, "PARAM_ERROR", "bill_date: yyyy-MM-DD") from error
    if content is None:
        raise RefusedError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    return content


def _ensure_merchant(sandbox: Sandbox, mchid: str) -> None:
    if mchid != sandbox.platform.mchid:
        raise RefusedError(400, "PARAM_ERROR", "mchid is not the merchant that signed")
