"""Real PostgreSQL for every test of orders."""

from orders.app import service
from shared.testing import ServiceFixtures

fixtures = ServiceFixtures(service)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()
