"""Real PostgreSQL for every test of logistics."""

from logistics.app import service
from shared.testing import ServiceFixtures

SECRETS_KEY = "a key that seals nothing but a test's secrets"

fixtures = ServiceFixtures(service, secrets_key=SECRETS_KEY)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()
