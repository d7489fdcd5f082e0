"""A running payment sandbox, and channels that speak with it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from deploy.payment_sandbox.process import RunningSandbox, run_sandbox
from deploy.payment_sandbox.signing import Platform
from orders.payment.channels import Channels
from orders.payment.settings import PaymentSettings
from services.orders.tests.conftest import fixtures
from services.orders.tests.payment.payment_factories import NoticeWriter
from services.orders.tests.payment.shop import Headers, Shop, merchant_settings, served, settings_for
from shared.db import Database


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """The sandbox as a process of its own; its retries come within milliseconds."""
    folder = tmp_path_factory.mktemp("payment_sandbox")
    alipay = {"alipay_keys_folder": str(folder / "alipay")}
    with run_sandbox(folder / "state", notice_pace="0.004", refund_seconds="0.05", **alipay) as running:
        yield running


@pytest.fixture(scope="session")
def payment_settings(sandbox: RunningSandbox) -> PaymentSettings:
    """Settings that reach the sandbox; its notices go nowhere unless a test serves them."""
    return settings_for(sandbox.url, sandbox.keys.merchant, "http://127.0.0.1:9/nobody")


@pytest_asyncio.fixture(scope="session")
async def channels(payment_settings: PaymentSettings) -> AsyncIterator[Channels]:
    """Channels to the running sandbox."""
    opened = Channels.of(payment_settings)
    yield opened
    await opened.aclose()


@pytest.fixture
def paying_app(app: FastAPI, channels: Channels) -> Iterator[FastAPI]:
    """The application of `client`, connected to the running sandbox."""
    with connected(app, channels):
        yield app


@contextmanager
def _connected(app: FastAPI, channels: Channels) -> Iterator[None]:
    before: Any = getattr(app.state, "payment_channels", None)
    app.state.payment_channels = channels
    try:
        yield
    finally:
        app.state.payment_channels = before


def connected(app: FastAPI, channels: Channels) -> AbstractContextManager[None]:
    """The application with these channels for the length of a block."""
    return _connected(app, channels)


@pytest.fixture(scope="session")
def writer(sandbox: RunningSandbox) -> NoticeWriter:
    """Writes notices with the sandbox's own keys."""
    return NoticeWriter(Platform(sandbox.keys.provider))


@pytest_asyncio.fixture
async def both(fresh_database: Database, sandbox: RunningSandbox, as_caller: Headers) -> AsyncIterator[Shop]:
    """A shop with a merchant's accounts at WeChat Pay and Alipay, as real settings have them."""
    app = fixtures.create(fresh_database.url)
    with served(app) as url:
        settings = merchant_settings(sandbox, f"{url}/v1/payments/notices")
        app.state.payment_channels = Channels.of(settings)
        channels = Channels.of(settings)
        async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
            yield Shop(http, fresh_database, channels, sandbox, as_caller)
        await channels.aclose()


@pytest_asyncio.fixture
async def shop(fresh_database: Database, sandbox: RunningSandbox, as_caller: Headers) -> AsyncIterator[Shop]:
    """A shop with its own database, reachable for the sandbox's notices."""
    app = fixtures.create(fresh_database.url)
    with served(app) as url:
        settings = settings_for(sandbox.url, sandbox.keys.merchant, f"{url}/v1/payments/notices")
        app.state.payment_channels = Channels.of(settings)
        channels = Channels.of(settings)
        async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
            yield Shop(http, fresh_database, channels, sandbox, as_caller)
        await channels.aclose()
