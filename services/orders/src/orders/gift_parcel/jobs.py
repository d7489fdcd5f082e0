"""Gift parcels by the clock."""

from orders.gift_parcel import actions, queries
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs

_BATCH = 50


async def tell_of_gift_parcels(database: Database) -> None:
    """Every minute: parcels of parts that their suppliers confirmed, in chunks of a transaction each; parcels of parts
    that came to nothing."""
    async with database.read() as db:
        due = await queries.list_due_parts(db, limit=_BATCH)
        void = await queries.list_void_parts(db, limit=_BATCH)
    for supplier_order_id in due:
        is_more = True
        while is_more:
            async with database.begin() as db:
                told = await actions.tell_due(db, supplier_order_id=supplier_order_id, now=utc_now())
            is_more = told > 0
    for supplier_order_id in void:
        async with database.begin() as db:
            await actions.cancel_open(db, supplier_order_id=supplier_order_id)


def register(jobs: Jobs) -> None:
    """Add them to a service's jobs."""
    jobs.periodic("* * * * *")(tell_of_gift_parcels)
