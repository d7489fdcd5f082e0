"""A migrated database is what the models say."""

from gateway.app import service
from shared.migrations import differences


async def test_autogenerate_finds_nothing_to_change(database_url: str):
    assert await differences(database_url, service.metadata) == []
