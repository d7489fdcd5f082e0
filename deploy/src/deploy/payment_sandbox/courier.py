"""Delivers notices: signed anew at each try, until the merchant answers 200 or 204 or the schedule is over."""

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2

from deploy.payment_sandbox.alipay_signing import AlipayPlatform
from deploy.payment_sandbox.book import Book, Notice, Refund, Trade, timestamp
from deploy.payment_sandbox.signing import Platform

# What WeChat Pay documents: 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h.
SCHEDULE_SECONDS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
ANSWER_SECONDS = 5.0
SHUFFLE_SECONDS = 0.4
_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a notice travels: how long it waits, how many copies at least, and whether copies overtake each other."""

    delay_seconds: float = 0.0
    copies: int = 1
    is_shuffled: bool = False


class Courier:
    """Runs the deliveries as tasks of the present event loop."""

    def __init__(self, book: Book, platform: Platform, *, pace: float, alipay: AlipayPlatform | None = None) -> None:
        self._alipay = alipay
        self._book = book
        self._platform = platform
        self._delays = (0.0, *(seconds * pace for seconds in SCHEDULE_SECONDS))
        self._client = httpx2.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Go on with the notices that nobody had taken when the sandbox stopped."""
        for notice in list(self._book.notices.values()):
            if not notice.is_over:
                self._start(notice, Delivery())

    async def close(self) -> None:
        """Stop all deliveries; what is not delivered stays in the book."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def tell_payment(self, trade: Trade, delivery: Delivery) -> Notice:
        """Send TRANSACTION.SUCCESS for a paid trade."""
        if trade.channel == "alipay" and self._alipay is not None:
            number, form = self._alipay.notice(trade)
            notice = Notice(number, trade.out_trade_no, trade.notify_url, form, [], channel="alipay")
            self._book.save(notice)
            self._start(notice, delivery)
            return notice
        resource = transaction(self._platform, trade, "SUCCESS")
        body = self._body("TRANSACTION.SUCCESS", "支付成功", resource)
        return self._send(trade, trade.notify_url, body, delivery)

    def tell_refund(self, refund: Refund, trade: Trade, delivery: Delivery) -> Notice:
        """Send REFUND.SUCCESS for a refund."""
        resource = {
            "mchid": self._platform.mchid,
            "out_trade_no": refund.out_trade_no,
            "transaction_id": trade.transaction_id,
            "out_refund_no": refund.out_refund_no,
            "refund_id": refund.refund_id,
            "refund_status": refund.status,
            "success_time": refund.success_time,
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": trade.captured,
                "refund": refund.amount,
                "payer_total": trade.captured,
                "payer_refund": refund.amount,
            },
        }
        return self._send(trade, refund.notify_url, self._body("REFUND.SUCCESS", "退款成功", resource), delivery)

    def _body(self, event_type: str, summary: str, resource: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "create_time": timestamp(datetime.now(UTC)),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": summary,
            "resource": self._platform.seal(event_type.partition(".")[0].lower(), resource),
        }

    def _send(self, trade: Trade, url: str, body: dict[str, Any], delivery: Delivery) -> Notice:
        notice = Notice(body["id"], trade.out_trade_no, url, json.dumps(body, ensure_ascii=False), [])
        self._book.save(notice)
        self._start(notice, delivery)
        return notice

    def _start(self, notice: Notice, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(notice, delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, notice: Notice, delivery: Delivery) -> None:
        await asyncio.sleep(delivery.delay_seconds)
        if delivery.is_shuffled:
            await asyncio.gather(*(self._try_later(notice) for _ in range(delivery.copies)))
        else:
            for _ in range(delivery.copies):
                await self._try(notice)
        for delay in self._delays[1:]:
            if notice.is_over:
                return
            await asyncio.sleep(delay)
            await self._try(notice)
        notice.is_over = True
        self._book.save(notice)

    async def _try_later(self, notice: Notice) -> None:
        await asyncio.sleep(random.uniform(0, SHUFFLE_SECONDS))  # noqa: S311 - disorder, not secrecy
        await self._try(notice)

    async def _try(self, notice: Notice) -> None:
        body = notice.body.encode()
        is_alipay = notice.channel == "alipay"
        headers = _FORM if is_alipay else {"Content-Type": "application/json", **self._platform.sign(body)}
        try:
            answer = await self._client.post(notice.url, content=body, headers=headers)
        except httpx2.HTTPError:
            notice.answers.append(0)
        else:
            notice.answers.append(answer.status_code)
            is_taken = answer.text == "success" if is_alipay else answer.status_code in {200, 204}
            notice.is_over = notice.is_over or is_taken
        self._book.save(notice)


def transaction(platform: Platform, trade: Trade, state: str) -> dict[str, Any]:
    """A trade as the query and the notice show it."""
    shown: dict[str, Any] = {
        "appid": platform.appid,
        "mchid": platform.mchid,
        "out_trade_no": trade.out_trade_no,
        "trade_state": state,
        "trade_state_desc": _STATE_WORDS[state],
        "attach": trade.attach,
        "amount": {"total": trade.total, "currency": "CNY"},
    }
    if trade.transaction_id:
        shown |= {
            "transaction_id": trade.transaction_id,
            "trade_type": "NATIVE",
            "bank_type": "OTHERS",
            "success_time": trade.success_time,
            "payer": {"openid": "sandbox-payer"},
            "amount": {
                "total": trade.captured,
                "payer_total": trade.captured,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }
    return shown


_STATE_WORDS = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}
