"""Points by the clock."""

from uuid import UUID

from orders.point import actions, queries
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs
from shared.log import logger

log = logger(__name__)
_BATCH = 500


async def expire_points(database: Database) -> None:
    """Each night just after midnight in Shanghai: write off what expired, in batches of a transaction each."""
    now = utc_now()
    while True:
        async with database.begin() as db:
            if not await actions.expire_points(db, now=now):
                return


async def announce_expiring(database: Database) -> None:
    """Each morning at nine in Shanghai: tell whose points expire soon, in batches."""
    now = utc_now()
    while True:
        async with database.begin() as db:
            if not await actions.announce_expiring(db, now=now):
                return


async def check_points(database: Database) -> None:
    """Each night: whether counters, lots and orders are what the ledger says."""
    after: UUID | None = None
    while True:
        async with database.read() as db:
            persons = await queries.list_accounts(db, after, limit=_BATCH)
            for apart in await queries.list_apart(db, persons):
                log.error("points do not agree with their ledger", person_id=str(apart.person_id))
        if len(persons) < _BATCH:
            return
        after = persons[-1]


def register(jobs: Jobs) -> None:
    """Add the tasks to the service's."""
    jobs.periodic("5 16 * * *")(expire_points)
    jobs.periodic("0 1 * * *")(announce_expiring)
    jobs.periodic("45 18 * * *")(check_points)
