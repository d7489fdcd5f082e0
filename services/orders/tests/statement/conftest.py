"""A provider's keys and books for tests of statements, and the running sandbox of the tests of payments."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.payment_sandbox.keys import create_key_set
from deploy.payment_sandbox.signing import Platform
from services.orders.tests.payment import conftest as payment
from services.orders.tests.statement.provider_books import Provider

sandbox, payment_settings, shop = payment.sandbox, payment.payment_settings, payment.shop


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform's keys, made once: they cost more than a test."""
    return Platform(create_key_set(tmp_path_factory.mktemp("keys") / "set").provider)


@pytest.fixture
def provider(tmp_path: Path, platform: Platform) -> Iterator[Provider]:
    """A provider with empty books."""
    opened = Provider(tmp_path / "books", platform)
    yield opened
    opened.book.close()
