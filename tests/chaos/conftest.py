"""A town of real processes, once for each file of tests; what they keep stays for the next."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.chaos.town import Town, opened_town
from tests.e2e.market import Market


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """The folder of all data; its path is short, for it holds sockets."""
    folder = Path(tempfile.mkdtemp(prefix="zn-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town_and_market(state: Path) -> AsyncIterator[tuple[Town, Market]]:
    """The running suite and people who trade in it."""
    async with opened_town(state) as opened:
        yield opened


@pytest.fixture
def town(town_and_market: tuple[Town, Market]) -> Town:
    """The processes."""
    return town_and_market[0]


@pytest.fixture
def market(town_and_market: tuple[Town, Market]) -> Market:
    """The people."""
    return town_and_market[1]
