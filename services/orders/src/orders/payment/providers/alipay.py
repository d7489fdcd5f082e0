"""Alipay's gateway (form-encoded, RSA2): codes to scan, pages for computer and phone; the protocol and nothing else.

A trade is there at Alipay only once the payer has scanned the code or opened the page: one that it does not know may
still be paid, until the time that was signed into it is over.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import orjson
from pydantic import BaseModel, ValidationError

from orders.payment.providers.alipay_signing import AlipayKeys
from orders.payment.providers.connection import Connection
from orders.payment.providers.provider import Acknowledgement, ProviderRefusedError
from orders.payment.rules import Method, Notice, PaymentOrder, RefundOrder, RefundResult, Trade
from shared.clock import SHANGHAI, parse_instant, utc_now
from shared.errors import BadRequest, Unauthenticated, Unavailable
from shared.money import yuan

_PAGES: dict[str, tuple[str, str]] = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "mobile": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}
_SUCCESS = "10000"
_OUT_OF_ORDER = re.compile(r"20000|.*SYSTEM_ERROR|.*unknow-error")
_PAID = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
_UNKNOWN = "ACQ.TRADE_NOT_EXIST"
_NO_STATEMENT = frozenset({"isp.bill_not_exist", "BILL_NOT_EXIST"})
_SUBJECT_CHARACTERS = 127
_MOST_BYTES = 256 * 1024 * 1024
_DOWNLOAD_SECONDS = 120.0
_OK = 200
_SERVER_ERROR = 500


class _Precreated(BaseModel):
    out_trade_no: str
    qr_code: str


class _Trade(BaseModel):
    out_trade_no: str
    trade_no: str
    trade_status: str
    total_amount: str
    send_pay_date: str = ""
    gmt_payment: str = ""


class _Refund(BaseModel):
    out_request_no: str = ""
    trade_no: str = ""
    refund_amount: str = "0.00"
    refund_status: str = ""
    gmt_refund_pay: str = ""


class _Bill(BaseModel):
    bill_download_url: str


Read = TypeVar("Read", bound=BaseModel)


class Alipay:
    """A merchant's application at Alipay, or at a peer that speaks as it does (see `Provider` for the verbs)."""

    acknowledgement = Acknowledgement(200, "success")

    def __init__(
        self,
        connection: Connection,
        keys: AlipayKeys,
        *,
        notice_url: str,
        return_url: str,
        methods: tuple[Method, ...] = ("code", "page", "mobile"),
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._notice_url = notice_url
        self._return_url = return_url
        self.methods = methods

    def method_of(self, code_url: str) -> Method:
        """By what the address asks for."""
        if "method=alipay.trade.page.pay" in code_url:
            return "page"
        return "mobile" if "method=alipay.trade.wap.pay" in code_url else "code"

    def in_app_call(self, code_url: str, *, now: datetime) -> None:
        """None: Alipay's own app opens the address."""

    async def create(self, order: PaymentOrder) -> str:
        """alipay.trade.precreate for a code; for a page its signed address, which only the payer's browser asks for."""
        wanted: dict[str, Any] = {
            "out_trade_no": order.number,
            "total_amount": yuan(order.amount_fen),
            "subject": order.description[:_SUBJECT_CHARACTERS],
            "time_expire": _beijing(order.expires_at),
        }
        if order.method not in _PAGES:
            told = await self._ask("alipay.trade.precreate", wanted, notify_url=self._notice_url)
            return _read(_Precreated, told).qr_code
        method, product = _PAGES[order.method]
        values = self._values(
            method,
            wanted | {"product_code": product},
            notify_url=self._notice_url,
            return_url=self._return_url.replace("{order_id}", order.return_key),
        )
        return f"{self._connection.base_url}?{urlencode(values)}"

    async def query(self, number: str) -> Trade:
        """alipay.trade.query."""
        try:
            told = await self._ask("alipay.trade.query", {"out_trade_no": number})
        except ProviderRefusedError as refusal:
            if refusal.code == _UNKNOWN:
                return Trade(number=number, state="NOTPAY")
            raise
        return _trade(_read(_Trade, told))

    async def close(self, number: str) -> None:
        """alipay.trade.close. What nobody has opened yet is as good as closed: its time is signed into it."""
        try:
            await self._ask("alipay.trade.close", {"out_trade_no": number})
        except ProviderRefusedError as refusal:
            if refusal.code != _UNKNOWN:
                raise

    async def refund(self, refund: RefundOrder) -> RefundResult:
        """alipay.trade.refund, whose answer tells the sum of all refunds; then the query, which tells of this one."""
        await self._ask(
            "alipay.trade.refund",
            {
                "out_trade_no": refund.number,
                "refund_amount": yuan(refund.amount_fen),
                "out_request_no": refund.refund_number,
                "refund_reason": refund.reason[:_SUBJECT_CHARACTERS],
            },
        )
        return await self.query_refund(refund)

    async def query_refund(self, refund: RefundOrder) -> RefundResult:
        """alipay.trade.fastpay.refund.query; without a word of the refund it is in process."""
        wanted = {
            "out_trade_no": refund.number,
            "out_request_no": refund.refund_number,
            "query_options": ["gmt_refund_pay"],
        }
        seen = _read(_Refund, await self._ask("alipay.trade.fastpay.refund.query", wanted))
        is_done = seen.refund_status == "REFUND_SUCCESS"
        return RefundResult(
            refund_number=refund.refund_number,
            state="SUCCEEDED" if is_done else "PROCESSING",
            provider_refund_id=seen.trade_no,
            amount_fen=_fen(seen.refund_amount) if is_done else refund.amount_fen,
            succeeded_at=parse_instant(seen.gmt_refund_pay) if is_done and seen.gmt_refund_pay else None,
        )

    async def fetch_statement(self, day: date, path: Path) -> None:
        """alipay.data.dataservice.bill.downloadurl.query, then the zip behind an address that lives half a minute."""
        method = "alipay.data.dataservice.bill.downloadurl.query"
        try:
            told = _read(_Bill, await self._ask(method, {"bill_type": "trade", "bill_date": str(day)}))
        except ProviderRefusedError as refusal:
            if refusal.code in _NO_STATEMENT:
                await asyncio.to_thread(path.write_bytes, b"")
                return
            raise
        status = await self._connection.fetch(
            told.bill_download_url, path, headers={}, most_bytes=_MOST_BYTES, deadline_seconds=_DOWNLOAD_SECONDS
        )
        if status != _OK:
            raise _unavailable(f"Alipay answered {status} when asked for its statement.")

    def verify_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Check the signature over the decoded parameters. A notice of a refund tells of its trade as well.

        400 `notice-unreadable` for signed parameters that are no notice for us. There is no time in the protocol within
        which a notice counts: one that is sent again is known by what it says.
        """
        del headers, now
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=200)
        except ValueError as error:
            raise Unauthenticated("These are no parameters of a notice.", code="signature-invalid") from error
        values = dict(pairs)
        if len(values) != len(pairs):
            raise Unauthenticated("A parameter comes twice.", code="signature-invalid")
        self._keys.verify_notice(values)
        try:
            self._ensure_ours(values["app_id"], values.get("seller_id", ""))
            trade = _trade(_Trade.model_validate(values))
            return Notice(values["notify_id"][:128], values["trade_status"], trade)
        except (ValueError, KeyError, Unavailable) as error:
            raise BadRequest("The notice is signed but cannot be read.", code="notice-unreadable") from error

    def _ensure_ours(self, app_id: str, seller_id: str) -> None:
        if (app_id, seller_id) != (self._keys.app_id, self._keys.seller_id):
            raise ValueError("the notice is for another merchant")

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._connection.aclose()

    def _values(self, method: str, content: dict[str, Any], **more: str) -> dict[str, str]:
        values = {
            "app_id": self._keys.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": _beijing(utc_now()),
            "version": "1.0",
            "biz_content": orjson.dumps(content).decode(),
            **more,
        }
        return values | {"sign": self._keys.sign(values)}

    async def _ask(self, method: str, content: dict[str, Any], **more: str) -> str:
        """Send one signed request; the signed text of a good answer. Refusals count only when they are signed too."""
        body = urlencode(self._values(method, content, **more)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        answer = await self._connection.send("POST", "", body=body, headers=headers)
        if answer.status >= _SERVER_ERROR:
            raise _unavailable(f"Alipay answered {answer.status}.")
        try:
            told = self._keys.read_answer(answer.content.decode(), f"{method.replace('.', '_')}_response")
            found = orjson.loads(told)
            code = str(found["code"])
        except (Unauthenticated, ValueError, KeyError, TypeError) as error:
            raise _unavailable("Alipay's answer is not signed by it.") from error
        if code == _SUCCESS:
            return told
        reason = str(found.get("sub_code") or code)
        if _OUT_OF_ORDER.fullmatch(code) or _OUT_OF_ORDER.fullmatch(reason):
            raise _unavailable(f"Alipay is out of order ({reason}).")
        raise ProviderRefusedError(reason, str(found.get("sub_msg") or found.get("msg") or ""))


def _read(model: type[Read], told: str) -> Read:
    try:
        return model.model_validate_json(told)
    except ValidationError as error:
        raise _unavailable("Alipay's answer cannot be read.") from error


def _trade(seen: _Trade) -> Trade:
    """A trade that was given back whole is closed there too: what was paid once is told as paid."""
    paid_at = seen.send_pay_date or seen.gmt_payment
    if seen.trade_status in _PAID or (seen.trade_status == "TRADE_CLOSED" and paid_at):
        return Trade(
            number=seen.out_trade_no,
            state="SUCCESS",
            transaction_id=seen.trade_no,
            total_fen=_fen(seen.total_amount),
            succeeded_at=parse_instant(paid_at) if paid_at else None,
        )
    return Trade(number=seen.out_trade_no, state="CLOSED" if seen.trade_status == "TRADE_CLOSED" else "NOTPAY")


def _fen(text: str) -> int:
    """Yuan as fen, exactly."""
    try:
        fen = Decimal(text) * 100
        if fen == int(fen):
            return int(fen)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise _unavailable(f"Alipay told {text[:40]} as an amount.") from error
    raise _unavailable(f"Alipay told {text[:40]} as an amount.")


def _beijing(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _unavailable(message: str) -> Unavailable:
    return Unavailable(f"{message} Try again in a moment.", code="payment-provider-unavailable")
