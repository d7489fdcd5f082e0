"""Real PostgreSQL for every test of the catalog; photos go to a folder of their own."""

import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

from catalog.app import service
from shared.testing import ServiceFixtures

sys.path.append(str(Path(__file__).parent))  # for linkage_cases; at the end, for others have a factories.py too
fixtures = ServiceFixtures(
    service,
    files_url=Path(tempfile.mkdtemp(prefix="catalog-photos-")).as_uri(),
    worker_secret="secret-of-the-tests-for-worker-keys",
    household_secret="guards-nothing-but-a-test",
)
template, database_url, app, db, client, fresh_database, live_client = fixtures.all()


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """`factories.py`, loaded under a name of its own: other services have a file of that name too."""
    return _load("factories")


@pytest.fixture(scope="session")
def way() -> ModuleType:
    """`way.py`: suppliers on their way to admission, and the people who decide."""
    return _load("way")


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"catalog_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
