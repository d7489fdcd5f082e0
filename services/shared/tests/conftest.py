"""The shared library is tested through a sample service on real PostgreSQL."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sample.app import service

from shared.testing import ServiceFixtures

fixtures = ServiceFixtures(service)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()
