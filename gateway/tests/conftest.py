"""Real PostgreSQL for every test of the gateway."""

import base64

import pytest

from gateway.app import service
from shared.testing import ServiceFixtures

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()

# All sessions of a test share one connection: a key that is read by the clock would stand in the way of a request.
fixtures = ServiceFixtures(service, master_key=MASTER_KEY, keys_read_every_seconds=86_400)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()


@pytest.fixture(scope="session")
def master_key() -> str:
    """The key that seals the signing keys of the tests."""
    return MASTER_KEY
