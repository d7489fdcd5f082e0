"""WeChat Pay API v3: codes to scan (Native), a phone's browser (H5) and its own app (JSAPI); the protocol and nothing
else. The sandbox of `deploy` speaks it too."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import orjson
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from orders.payment.providers.connection import Connection
from orders.payment.providers.provider import Acknowledgement, ProviderRefusedError
from orders.payment.providers.signing import MerchantKeys
from orders.payment.rules import Method, Notice, PaymentOrder, RefundOrder, RefundResult, RefundState, Trade, TradeState
from shared.clock import SHANGHAI, utc_now
from shared.errors import BadRequest, Unauthenticated, Unavailable

_TRADES = "/v3/pay/transactions"
_REFUNDS = "/v3/refund/domestic/refunds"
_PREPAID = "prepay_id="
_STATEMENTS = "/v3/bill/tradebill"
_MOST_BYTES = 256 * 1024 * 1024
_DOWNLOAD_SECONDS = 120.0
_OK = 200
_DESCRIPTION_CHARACTERS = 127
_REASON_CHARACTERS = 80
_REFUSED = 400
_SERVER_ERROR = 500

# A trade that was refunded was paid first; one that failed or is being typed in may still be paid.
_TRADE_STATES: dict[str, TradeState] = {
    "SUCCESS": "SUCCESS",
    "REFUND": "SUCCESS",
    "NOTPAY": "NOTPAY",
    "USERPAYING": "NOTPAY",
    "PAYERROR": "NOTPAY",
    "CLOSED": "CLOSED",
    "REVOKED": "CLOSED",
}
_REFUND_STATES: dict[str, RefundState] = {
    "SUCCESS": "SUCCEEDED",
    "PROCESSING": "PROCESSING",
    "CLOSED": "CLOSED",
    "ABNORMAL": "ABNORMAL",
}


class _Native(BaseModel):
    code_url: str


class _H5(BaseModel):
    h5_url: str


class _Prepaid(BaseModel):
    prepay_id: str


class _Amount(BaseModel):
    total: int = 0
    currency: str = "CNY"


class _Trade(BaseModel):
    mchid: str
    out_trade_no: str
    trade_state: str
    transaction_id: str = ""
    success_time: AwareDatetime | None = None
    amount: _Amount = Field(default_factory=_Amount)


class _RefundAmount(BaseModel):
    refund: int


class _Refund(BaseModel):
    out_refund_no: str
    refund_id: str
    status: str
    success_time: AwareDatetime | None = None
    amount: _RefundAmount


class _RefundNotice(BaseModel):
    mchid: str
    out_refund_no: str
    refund_id: str
    refund_status: str
    success_time: AwareDatetime | Literal[""] | None = None
    amount: _RefundAmount


class _Bill(BaseModel):
    hash_type: Literal["SHA1"]
    hash_value: str
    download_url: str


class _Resource(BaseModel):
    algorithm: Literal["AEAD_AES_256_GCM"]
    ciphertext: str
    nonce: str
    associated_data: str = ""


class _Notice(BaseModel):
    id: str = Field(min_length=1, max_length=64)
    event_type: str = Field(max_length=64)
    resource: _Resource


Read = TypeVar("Read", bound=BaseModel)


class WechatPayV3:
    """A merchant's account at WeChat Pay, or at a peer that speaks as it does (see `Provider` for the verbs)."""

    acknowledgement = Acknowledgement(204, "")

    def __init__(
        self,
        connection: Connection,
        keys: MerchantKeys,
        *,
        notice_url: str,
        methods: tuple[Method, ...] = ("code", "mobile", "in-app"),
    ) -> None:
        self.methods = methods
        self._connection = connection
        self._keys = keys
        self._notice_url = notice_url

    def method_of(self, code_url: str) -> Method:
        """By the form of what `create` gave."""
        if code_url.startswith(_PREPAID):
            return "in-app"
        return "mobile" if code_url.startswith("https://wx.tenpay.com/") or code_url.endswith("channel=h5") else "code"

    def in_app_call(self, code_url: str, *, now: datetime) -> dict[str, str] | None:
        """The arguments of `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`."""
        return self._keys.in_app_call(code_url, now=now) if code_url.startswith(_PREPAID) else None

    async def create(self, order: PaymentOrder) -> str:
        """POST /v3/pay/transactions/native, h5 or jsapi: the code, the address, or `prepay_id=…`."""
        wanted: dict[str, Any] = {
            "appid": self._keys.appid,
            "mchid": self._keys.mchid,
            "description": order.description[:_DESCRIPTION_CHARACTERS],
            "out_trade_no": order.number,
            "time_expire": order.expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            "attach": order.return_key,
            "notify_url": self._notice_url,
            "amount": {"total": order.amount_fen, "currency": "CNY"},
        }
        match order.method:
            case "in-app":
                told = await self._ask("POST", f"{_TRADES}/jsapi", wanted | {"payer": {"openid": order.payer_id}})
                return f"{_PREPAID}{_read(_Prepaid, told).prepay_id}"
            case "mobile":
                scene = {"payer_client_ip": order.payer_address, "h5_info": {"type": "Wap"}}
                return _read(_H5, await self._ask("POST", f"{_TRADES}/h5", wanted | {"scene_info": scene})).h5_url
            case _:
                return _read(_Native, await self._ask("POST", f"{_TRADES}/native", wanted)).code_url

    async def query(self, number: str) -> Trade:
        """GET /v3/pay/transactions/out-trade-no/{number}."""
        try:
            told = await self._ask("GET", f"{_TRADES}/out-trade-no/{number}?mchid={self._keys.mchid}")
        except ProviderRefusedError as refusal:
            if refusal.code in {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}:
                return Trade(number=number, state="CLOSED")
            raise
        return _trade(_read(_Trade, told))

    async def close(self, number: str) -> None:
        """POST /v3/pay/transactions/out-trade-no/{number}/close."""
        await self._ask("POST", f"{_TRADES}/out-trade-no/{number}/close", {"mchid": self._keys.mchid})

    async def refund(self, refund: RefundOrder) -> RefundResult:
        """POST /v3/refund/domestic/refunds."""
        told = await self._ask(
            "POST",
            _REFUNDS,
            {
                "out_trade_no": refund.number,
                "out_refund_no": refund.refund_number,
                "reason": refund.reason[:_REASON_CHARACTERS],
                "notify_url": self._notice_url,
                "amount": {"refund": refund.amount_fen, "total": refund.total_fen, "currency": "CNY"},
            },
        )
        return _refund(_read(_Refund, told))

    async def query_refund(self, refund: RefundOrder) -> RefundResult:
        """GET /v3/refund/domestic/refunds/{out_refund_no}."""
        return _refund(_read(_Refund, await self._ask("GET", f"{_REFUNDS}/{refund.refund_number}")))

    async def fetch_statement(self, day: date, path: Path) -> None:
        """GET /v3/bill/tradebill, then the file behind the address in its answer, checked by the digest beside it."""
        target = f"{_STATEMENTS}?bill_date={day}&bill_type=ALL"
        try:
            told = _read(_Bill, await self._ask("GET", target))
        except ProviderRefusedError as refusal:
            if refusal.code == "NO_STATEMENT_EXIST":
                await asyncio.to_thread(path.write_bytes, b"")
                return
            raise
        place = urlsplit(told.download_url)
        where = f"{place.path}?{place.query}" if place.query else place.path
        headers = {
            "Authorization": self._keys.authorization("GET", where, b"", now=utc_now()),
            "Accept": "application/json",
        }
        status = await self._connection.fetch(
            where, path, headers=headers, most_bytes=_MOST_BYTES, deadline_seconds=_DOWNLOAD_SECONDS
        )
        if status != _OK:
            raise _unavailable(f"The payment provider answered {status} when asked for its statement.")
        # The file itself is not signed; the digest came under the platform's signature.
        if await asyncio.to_thread(_sha1_of, path) != told.hash_value.lower():
            raise _unavailable("The payment provider's statement does not fit its digest.")

    def verify_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Check the signature over the raw bytes first; only then read and open them.

        400 `notice-unreadable` for signed bytes that are no notice for us: the provider may then try again.
        """
        self._keys.verify(headers, body, now=now)
        try:
            notice = _Notice.model_validate_json(body)
            sealed = notice.resource
            plain = self._keys.unseal(
                ciphertext=sealed.ciphertext, nonce=sealed.nonce, associated_data=sealed.associated_data
            )
            return Notice(notice.id, notice.event_type, self._told(notice.event_type, plain))
        except ValueError as error:  # pydantic's ValidationError is one
            raise BadRequest("The notice is signed but cannot be read.", code="notice-unreadable") from error

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._connection.aclose()

    def _told(self, event_type: str, plain: bytes) -> Trade | RefundResult | None:
        if event_type == "TRANSACTION.SUCCESS":
            seen = _Trade.model_validate_json(plain)
            self._ensure_ours(seen.mchid)
            return _trade(seen)
        if event_type.startswith("REFUND."):
            refund = _RefundNotice.model_validate_json(plain)
            self._ensure_ours(refund.mchid)
            return RefundResult(
                refund_number=refund.out_refund_no,
                state=_REFUND_STATES.get(refund.refund_status, "PROCESSING"),
                provider_refund_id=refund.refund_id,
                amount_fen=refund.amount.refund,
                succeeded_at=refund.success_time or None,
            )
        return None

    def _ensure_ours(self, mchid: str) -> None:
        if mchid != self._keys.mchid:
            raise ValueError("the notice is for another merchant")

    async def _ask(self, method: str, target: str, content: dict[str, Any] | None = None) -> bytes:
        """Send one signed request; the body of a signed 2xx answer. Refusals count only when they are signed too."""
        body = b"" if content is None else orjson.dumps(content)
        headers = {
            "Authorization": self._keys.authorization(method, target, body, now=utc_now()),
            "Accept": "application/json",
            "Content-Type": "application/json",
            **self._keys.wanted_serial,
        }
        answer = await self._connection.send(method, target, body=body, headers=headers)
        if answer.status >= _SERVER_ERROR:
            raise _unavailable(f"The payment provider answered {answer.status}.")
        try:
            self._keys.verify(answer.headers, answer.content, now=utc_now())
        except Unauthenticated as error:
            raise _unavailable("The payment provider's answer is not signed by it.") from error
        if answer.status < _REFUSED:
            return answer.content
        try:
            refusal = orjson.loads(answer.content)
            raise ProviderRefusedError(str(refusal["code"]), str(refusal.get("message", "")))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise _unavailable(f"The payment provider answered {answer.status} and nothing to read.") from error


def _read(model: type[Read], told: bytes) -> Read:
    try:
        return model.model_validate_json(told)
    except ValidationError as error:
        raise _unavailable("The payment provider's answer cannot be read.") from error


def _trade(seen: _Trade) -> Trade:
    return Trade(
        number=seen.out_trade_no,
        state=_TRADE_STATES.get(seen.trade_state, "NOTPAY"),
        transaction_id=seen.transaction_id,
        total_fen=seen.amount.total,
        currency=seen.amount.currency,
        succeeded_at=seen.success_time,
    )


def _refund(seen: _Refund) -> RefundResult:
    return RefundResult(
        refund_number=seen.out_refund_no,
        state=_REFUND_STATES.get(seen.status, "PROCESSING"),
        provider_refund_id=seen.refund_id,
        amount_fen=seen.amount.refund,
        succeeded_at=seen.success_time,
    )


def _sha1_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def _unavailable(message: str) -> Unavailable:
    return Unavailable(f"{message} Try again in a moment.", code="payment-provider-unavailable")
