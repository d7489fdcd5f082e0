"""The migrations and the models say the same."""

from catalog.base import Base
from shared.migrations import differences


async def test_a_migrated_database_is_what_the_models_say(database_url):
    assert await differences(database_url, Base.metadata) == []
