"""Real PostgreSQL for every test of orders."""

from orders.app import service
from shared.testing import ServiceFixtures

SEALING_KEY = "a key that seals nothing but a test's bids"
CLAIM_CODE_KEY = "a key that hashes nothing but a test's codes"

fixtures = ServiceFixtures(service, sealing_key=SEALING_KEY, claim_code_key=CLAIM_CODE_KEY)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()
