"""Claims by the clock."""

from orders.claim_code import actions as code_actions
from orders.gift_claim import actions, queries, rules
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs

_BATCH = 50


async def follow_gift_claims(database: Database) -> None:
    """Every minute: campaigns whose time to choose has come, and those whose time ends soon, each in its own short
    transaction; counts of wrong codes whose window has ended go."""
    now = utc_now()
    async with database.read() as db:
        due = await queries.list_to_open(db, now=now, limit=_BATCH)
        ending = await queries.list_to_remind(db, now=now, until=rules.remind_by(now), limit=_BATCH)
    for campaign_id in due:
        async with database.begin() as db:
            await actions.open_claims(db, campaign_id=campaign_id, now=now)
    for campaign_id in ending:
        async with database.begin() as db:
            await actions.remind_union(db, campaign_id=campaign_id, now=now)
    async with database.begin() as db:
        await code_actions.forget_attempts(db, now=now)


def register(jobs: Jobs) -> None:
    """Add them to a service's jobs."""
    jobs.periodic("* * * * *")(follow_gift_claims)
