"""Real PostgreSQL for every test of orders."""

from orders.app import service
from shared.testing import ServiceFixtures

SEALING_KEY = "a key that seals nothing but a test's bids"

fixtures = ServiceFixtures(service, sealing_key=SEALING_KEY)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()
