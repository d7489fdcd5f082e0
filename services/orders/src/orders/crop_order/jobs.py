"""Crop orders by the clock."""

from orders.crop_order import growing, queries, sharing
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.jobs import Jobs
from shared.log import logger

log = logger(__name__)
_BATCH = 200


async def tell_missed_milestones(database: Database) -> None:
    """Each morning in Shanghai: units learn of milestones whose day is over, each in its own transaction."""
    now = utc_now()
    while True:
        async with database.read() as db:
            missed = await queries.list_missed(db, on=business_day(now), limit=_BATCH)
        for crop_order_id, number in missed:
            async with database.begin() as db:
                await growing.tell_missed(db, crop_order_id=crop_order_id, number=number, now=now)
        if len(missed) < _BATCH:
            return


async def take_undecided_shares(database: Database) -> None:
    """Every hour: small shares that their units did not leave in time are taken, each in its own transaction."""
    now = utc_now()
    async with database.read() as db:
        undecided = await queries.list_undecided(db, now=now, limit=_BATCH)
    for crop_order_id in undecided:
        try:
            async with database.begin() as db:
                await sharing.take_silently(db, crop_order_id=crop_order_id, now=now)
        except Refusal as refusal:  # one whose unit was closed must not keep the others waiting
            log.error("a share cannot be taken", crop_order_id=str(crop_order_id), code=refusal.code)


def register(jobs: Jobs) -> None:
    """Add the tasks to the service's."""
    jobs.periodic("22 0 * * *")(tell_missed_milestones)
    jobs.periodic("25 * * * *")(take_undecided_shares)
