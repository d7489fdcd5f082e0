"""Appointments by the clock."""

from uuid import UUID

from orders.appointment import actions, queries, weighing
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.jobs import Jobs
from shared.log import logger

log = logger(__name__)
_BATCH = 200


async def follow_appointments(database: Database) -> None:
    """Every hour: who did not come on their day, and tickets whose order was confirmed or ended where orders are kept,
    each in its own transaction."""
    now, after = utc_now(), UUID(int=0)
    while True:
        async with database.read() as db:
            found = await queries.list_to_follow(db, today=business_day(now), after=after, limit=_BATCH)
        for appointment_id in found:
            try:
                async with database.begin() as db:
                    await actions.miss_appointment(db, appointment_id=appointment_id, now=now)
                    await weighing.follow_order(db, appointment_id=appointment_id, now=now)
            except Refusal as refusal:
                log.warning("an appointment waits", appointment_id=str(appointment_id), code=refusal.code)
        if len(found) < _BATCH:
            return
        after = found[-1]


def register(jobs: Jobs) -> None:
    """Add the task to the service's."""
    jobs.periodic("25 * * * *")(follow_appointments)
