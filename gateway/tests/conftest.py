"""Real PostgreSQL for every test of the gateway."""

import base64

import pytest

from gateway.app import service
from shared.testing import ServiceFixtures

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()

fixtures = ServiceFixtures(service, master_key=MASTER_KEY)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()


@pytest.fixture(scope="session")
def master_key() -> str:
    """The key that seals the signing keys of the tests."""
    return MASTER_KEY
