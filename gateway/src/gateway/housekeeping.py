"""What the gateway clears away by the clock."""

from gateway.credential import actions as credential_actions
from gateway.known import actions as known_actions
from gateway.message import actions as message_actions
from gateway.rate_limit import actions as rate_limit_actions
from gateway.session import actions as session_actions
from gateway.webhook import actions as webhook_actions
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs

jobs = Jobs("gateway")


@jobs.periodic("17 * * * *")
async def purge_expired(database: Database) -> None:
    """Every hour: sessions, access tokens and counts of tries that are past their end. Running twice does no harm."""
    now = utc_now()
    async with database.begin() as db:
        await session_actions.purge(db, now=now)
    async with database.begin() as db:
        await credential_actions.purge(db, now=now)
    async with database.begin() as db:
        await rate_limit_actions.purge(db, now=now)


@jobs.periodic("41 19 * * *")
async def purge_messages(database: Database) -> None:
    """Every night: messages, what is known of orders, and deliveries that are old enough to be forgotten."""
    now = utc_now()
    async with database.begin() as db:
        await message_actions.purge(db, now=now)
    async with database.begin() as db:
        await known_actions.purge(db, now=now)
    async with database.begin() as db:
        await webhook_actions.purge(db, now=now)
