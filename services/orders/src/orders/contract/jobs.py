"""Contracts by the clock."""

from uuid import UUID

from orders.contract import actions, calling, queries
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.jobs import Jobs
from shared.log import logger

log = logger(__name__)
_BATCH = 200


async def expire_contracts(database: Database) -> None:
    """Each night just after midnight in Shanghai: contracts whose last day is over, each in its own transaction."""
    now = utc_now()
    while True:
        async with database.read() as db:
            over = await queries.list_over_contracts(db, on=business_day(now), limit=_BATCH)
        for contract_id in over:
            async with database.begin() as db:
                await actions.expire_contract(db, contract_id=contract_id, now=now)
        if len(over) < _BATCH:
            return


async def plan_deliveries(database: Database) -> None:
    """Each night: the days that the calendars bring into sight."""
    now = utc_now()
    after: UUID | None = None
    while True:
        async with database.read() as db:
            found = await queries.list_calendars(db, after=after, limit=_BATCH)
        for contract_id in found:
            async with database.begin() as db:
                await calling.plan_call_offs(db, contract_id=contract_id, now=now)
        if len(found) < _BATCH:
            return
        after = found[-1]


async def place_deliveries(database: Database) -> None:
    """Every hour of a working day: order what its supplier should have by tomorrow. What cannot be ordered stays
    planned and says why; the others go on."""
    now = utc_now()
    after: UUID | None = None
    while True:
        async with database.read() as db:
            due = await queries.list_due_call_offs(db, on=business_day(now), after=after, limit=_BATCH)
        for call_off_id in due:
            try:
                async with database.begin() as db:
                    await calling.place_call_off(
                        db, call_off_id=call_off_id, caller=None, expected_revision=None, now=now
                    )
            except Refusal as refusal:
                log.warning("a delivery could not be ordered", call_off_id=str(call_off_id), code=refusal.code)
                async with database.begin() as db:
                    await calling.note_problem(db, call_off_id=call_off_id, code=refusal.code, now=now)
        if len(due) < _BATCH:
            return
        after = due[-1]


async def follow_orders(database: Database) -> None:
    """Every hour: deliveries of whose orders nothing came give their pieces back, each in its own transaction."""
    now = utc_now()
    while True:
        async with database.read() as db:
            fallen = await queries.list_fallen_through(db, limit=_BATCH)
        for call_off_id in fallen:
            async with database.begin() as db:
                await calling.fall_through(db, call_off_id=call_off_id, now=now)
        if len(fallen) < _BATCH:
            return


def register(jobs: Jobs) -> None:
    """Add the tasks to the service's."""
    jobs.periodic("7 16 * * *")(expire_contracts)
    jobs.periodic("12 16 * * *")(plan_deliveries)
    jobs.periodic("20 0-10 * * *")(place_deliveries)
    jobs.periodic("40 * * * *")(follow_orders)
