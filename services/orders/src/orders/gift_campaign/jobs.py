"""Campaigns by the clock."""

from orders.gift_campaign import following, queries
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs

_BATCH = 200


async def follow_gift_campaigns(database: Database) -> None:
    """Every minute: campaigns whose orders have come further, each in its own short transaction."""
    async with database.read() as db:
        due = await queries.list_to_follow(db, limit=_BATCH)
    for campaign_id in due:
        async with database.begin() as db:
            await following.follow_orders(db, campaign_id=campaign_id, now=utc_now())


def register(jobs: Jobs) -> None:
    """Add it to a service's jobs."""
    jobs.periodic("* * * * *")(follow_gift_campaigns)
