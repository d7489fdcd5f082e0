"""The house, once for all tests of a worker, and what it takes to trade in it."""

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import analytics.app
import catalog.app
import gateway.app
import logistics.app
import orders.app
from deploy.payment_sandbox.process import RunningSandbox, run_sandbox
from shared.testing import ServiceFixtures, clone, create_template, drop
from tests.e2e.house import House, listeners, opened_house, url_of
from tests.e2e.market import Market

SERVICES = {
    "catalog": catalog.app.service,
    "orders": orders.app.service,
    "logistics": logistics.app.service,
    "analytics": analytics.app.service,
    "gateway": gateway.app.service,
}


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """The payment provider as a process of its own; what takes it minutes outside takes milliseconds here."""
    folder = tmp_path_factory.mktemp("payment_sandbox")
    with run_sandbox(folder / "state", notice_pace="0.004", refund_seconds="0.02") as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def house(
    postgres_url: str, chdb_url: str, sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """All services with databases of their own."""
    folder = tmp_path_factory.mktemp("house")
    sockets = listeners(list(SERVICES))
    settings = _settings(folder, sandbox, {name: url_of(each) for name, each in sockets.items()})
    settings["analytics"] = {"clickhouse_url": chdb_url, "clickhouse_database": "house"}
    databases = {}
    for name, service in SERVICES.items():
        databases[name] = await clone(postgres_url, await create_template(postgres_url, service))
    apps = {
        name: ServiceFixtures(service, **settings[name]).create(databases[name]) for name, service in SERVICES.items()
    }
    async with opened_house(apps, sockets) as opened:
        # a job reads its settings from the environment
        opened.job_environment = {f"ORDERS_{name.upper()}": str(value) for name, value in settings["orders"].items()}
        yield opened
    for url in databases.values():
        await drop(postgres_url, url)


def _settings(folder: Path, sandbox: RunningSandbox, urls: dict[str, str]) -> dict[str, dict[str, object]]:
    return {
        "catalog": {
            "files_url": (folder / "files").as_uri(),
            "household_secret": "a key that hides nobody but a test's households",
            "worker_secret": "a key that hides nobody but a test's workers",
        },
        "orders": {
            "payment_sandbox_url": sandbox.url,
            "payment_sandbox_keys": sandbox.keys.merchant,
            "payment_notice_url": f"{urls['orders']}/v1/payments/notices",
            "sealing_key": "a key that seals nothing but a test's bids",
            "claim_code_key": "a key that hashes nothing but a test's codes",
        },
        "logistics": {"secrets_key": "a key that seals nothing but a test's secrets"},
        "gateway": {
            "master_key": base64.b64encode(bytes(range(32))).decode(),
            "upstreams": {name: url for name, url in urls.items() if name != "gateway"},
            "caller_rate": 100_000,  # these tests are one caller with many questions
            "caller_burst": 100_000,
            "sign_up_address_count": 100_000,
            "sign_in_address_count": 100_000,
            "sign_in_pair_count": 100_000,
        },
    }


@pytest.fixture
def market(house: House, sandbox: RunningSandbox, as_caller: Callable[..., dict[str, str]]) -> Market:
    """What people do in the house, said in one word each."""
    return Market(house, sandbox.url, as_caller)
