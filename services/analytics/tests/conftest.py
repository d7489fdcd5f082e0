"""Real PostgreSQL and real ClickHouse for every test: one embedded engine a process, one database in it a test."""

import sys
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from analytics.app import service
from analytics.handlers import Feeds
from analytics.name.queries import NameBook
from analytics.query.queries import AnswerCache, Figures
from analytics.warehouse import Warehouse
from shared.testing import ServiceFixtures

sys.path.insert(0, str(Path(__file__).parent))

fixtures = ServiceFixtures(service, clickhouse_readers=2)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()


@pytest.fixture(scope="session", autouse=True)
def engine(chdb_url):
    """The one folder that this process may open, for the application too."""
    fixtures._settings["clickhouse_url"] = chdb_url


@pytest_asyncio.fixture
async def figures(app, db, chdb_url):  # noqa: ARG001 - `db` comes first: it swaps the database
    """Tables of its own for this test, in the application too."""
    whole = app.state.figures, app.state.feeds
    warehouse = Warehouse(chdb_url, database=f"facts_{uuid4().hex}", readers=2)
    await warehouse.open()
    app.state.figures = Figures(warehouse, NameBook(warehouse), AnswerCache(100))
    app.state.feeds = Feeds(warehouse, app.state.database, whole[1].hash_key)
    yield app.state.figures
    app.state.figures, app.state.feeds = whole
    await warehouse.execute(f"DROP DATABASE {warehouse.database}")
    await warehouse.close()


@pytest_asyncio.fixture
async def warehouse(figures):
    return figures.warehouse


@pytest_asyncio.fixture
async def feeds(app, figures):  # noqa: ARG001 - it swaps the feeds
    return app.state.feeds
