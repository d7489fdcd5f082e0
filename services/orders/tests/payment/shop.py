"""Our side, served over HTTP, beside a running sandbox: what tests of the whole way hold in their hands."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from deploy.payment_sandbox.process import RunningSandbox
from orders.payment import exchange
from orders.payment.channels import Channels
from orders.payment.settings import PaymentSettings, read_settings
from services.orders.tests.factories import placed_order
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.idempotency import OnceKey

Headers = Callable[..., dict[str, str]]


def settings_for(url: str, keys: Path, notice_url: str) -> PaymentSettings:
    """The slice's settings with these values."""
    settings = read_settings()
    settings.payment_sandbox_url = url
    settings.payment_sandbox_keys = keys
    settings.payment_notice_url = notice_url
    settings.payment_deadline_seconds = 5.0
    return settings


def merchant_settings(sandbox: RunningSandbox, notice_url: str) -> PaymentSettings:
    """Settings of a merchant at WeChat Pay and at Alipay, both of which the sandbox plays."""
    settings = settings_for(sandbox.url, Path("/nowhere"), notice_url)
    wechat = sandbox.keys.merchant
    identity = json.loads((wechat / "merchant.json").read_text())
    settings.payment_wechat_url = sandbox.url
    settings.payment_wechat_mchid, settings.payment_wechat_appid = identity["mchid"], identity["appid"]
    settings.payment_wechat_serial_no = identity["serial_no"]
    settings.payment_wechat_private_key = SecretStr(str(wechat / "private_key.pem"))
    settings.payment_wechat_apiv3_key = SecretStr((wechat / "apiv3_key").read_text())
    settings.payment_wechat_platform_keys = {
        path.stem.removeprefix("platform-"): path.read_text() for path in wechat.glob("platform-*.pem")
    }
    settings.payment_wechat_methods = ("code", "mobile", "in-app")
    alipay = alipay_keys(sandbox)
    identity = json.loads((alipay / "identity.json").read_text())
    settings.payment_alipay_url = f"{sandbox.url}/gateway.do"
    settings.payment_alipay_app_id, settings.payment_alipay_seller_id = identity["app_id"], identity["seller_id"]
    bare = "".join((alipay / "private_key.pem").read_text().splitlines()[1:-1])  # as Alipay's tool hands it out
    settings.payment_alipay_private_key = SecretStr(bare)
    settings.payment_alipay_public_key = str(alipay / "their_public_key.pem")
    settings.payment_return_url = "https://shop.example/orders/{order_id}"
    return settings


def alipay_keys(sandbox: RunningSandbox) -> Path:
    """The merchant's half of the sandbox's Alipay keys."""
    return sandbox.keys.merchant.parents[2] / "alipay" / "merchant"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a free port of this machine, in a thread of its own."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # without it asyncio lets small answers wait for 40 ms
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@dataclass
class Shop:
    """Our side, served; the sandbox's controls; and a look into the database."""

    http: httpx2.AsyncClient
    database: Database
    channels: Channels
    sandbox: RunningSandbox
    headers: Headers

    async def order(self) -> tuple[UUID, dict[str, str]]:
        """An order of 7960 fen and its buyer's headers."""
        buyer_id = uuid4()
        async with self.database.begin() as db:
            draft = await placed_order(db, buyer_id=buyer_id, now=utc_now())
        return draft.order_id, self.headers(person_id=buyer_id)

    async def payment(self, **wanted: str) -> tuple[UUID, UUID, dict[str, str]]:
        """An order with an open payment: order_id, payment_id, the buyer's headers."""
        order_id, headers = await self.order()
        answer = await self.ask(order_id, headers, **wanted)
        assert answer.status_code == 201, answer.text
        return order_id, UUID(answer.json()["payment_id"]), headers

    async def ask(self, order_id: UUID, headers: dict[str, str], **wanted: str) -> httpx2.Response:
        """Ask to pay the order, through the sandbox unless another provider is wanted."""
        return await self.http.post(
            f"/v1/orders/{order_id}/payments",
            json={"provider": "sandbox", **wanted},
            headers=headers | {"idempotency-key": str(uuid4())},
        )

    async def control(self, path: str, **options: Any) -> dict[str, Any]:
        """Tell the sandbox what to do."""
        answer = await self.http.post(f"{self.sandbox.url}/control/{path}", json=options)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def pay(self, payment_id: UUID, **options: Any) -> dict[str, Any]:
        """Be the payer."""
        return await self.control(f"pay/{payment_id.hex}", **options)

    async def trade(self, payment_id: UUID) -> dict[str, Any]:
        """The sandbox's books about a payment."""
        told: dict[str, Any] = (await self.http.get(f"{self.sandbox.url}/control/trades/{payment_id.hex}")).json()
        return told

    async def value(self, statement: str, subject_id: UUID) -> Any:
        """One value of our database."""
        async with self.database.read() as db:
            return await db.scalar(text(statement), {"id": subject_id})

    async def status(self, order_id: UUID) -> Any:
        """The order's status."""
        return await self.value("SELECT status FROM orders WHERE order_id = :id", order_id)

    async def refund_of(self, payment_id: UUID) -> Any:
        """The id of the payment's only refund."""
        return await self.value("SELECT refund_id FROM refunds WHERE payment_id = :id", payment_id)


async def until(question: Callable[[], Awaitable[Any]], answer: Any) -> None:
    """Ask until the answer comes; after ten seconds show what came instead."""
    for _ in range(400):
        if await question() == answer:
            return
        await asyncio.sleep(0.025)
    assert await question() == answer


async def count_answers(shop: Shop, payment_id: UUID) -> int:
    return len((await shop.trade(payment_id))["notices"][0]["answers"])


async def first_answer(shop: Shop, payment_id: UUID) -> int | None:
    answers = (await shop.trade(payment_id))["notices"][0]["answers"]
    return answers[0] if answers else None


async def ask_directly(
    shop: Shop, channels: Channels, order_id: UUID, caller: Caller, provider_name: str = "sandbox"
) -> None:
    asking = exchange.Asking(
        once=OnceKey(str(caller.person_id), provider_name, b"hash"),
        caller=caller,
        order_id=order_id,
        provider_name=provider_name,
        payment_id=uuid4(),
        now=utc_now(),
    )
    await exchange.ask_for_payment(shop.database, channels, asking)
