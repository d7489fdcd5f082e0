"""Joint purchases and absorptions by the clock."""

from orders.absorption import actions as absorption_actions
from orders.absorption import queries as absorption_queries
from orders.joint_purchase import actions, queries
from orders.pool.rules import figures
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.jobs import Jobs
from shared.log import logger

log = logger(__name__)
_BATCH = 200


async def follow_pools(database: Database) -> None:
    """Every minute: joint purchases whose deadline or time to order is over, harvests of which enough was accepted;
    each in its own transaction."""
    now = utc_now()
    async with database.read() as db:
        due = await queries.list_due(db, now=now, limit=_BATCH)
        absorbed = await absorption_queries.list_absorbed(db, absorbed_bp=figures().absorbed_bp, limit=_BATCH)
    for joint_purchase_id in due:
        try:
            async with database.begin() as db:
                await actions.follow(db, joint_purchase_id=joint_purchase_id, now=now)
        except Refusal as refusal:  # one that cannot be closed must not keep the others waiting
            log.error("a joint purchase does not close", pool_id=str(joint_purchase_id), code=refusal.code)
    for absorption_id in absorbed:
        async with database.begin() as db:
            await absorption_actions.note_absorbed(db, absorption_id=absorption_id, now=now)


def register(jobs: Jobs) -> None:
    """All of them, with their times."""
    jobs.periodic("* * * * *")(follow_pools)
