"""What the catalog does by the clock."""

from catalog.sku import actions as sku_actions
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs

jobs = Jobs("catalog")


@jobs.periodic("* * * * *")
async def turn_prices(database: Database) -> None:
    """Each minute, announce the prices that began and delist what has no price any more, a batch a transaction."""
    while True:
        async with database.begin() as db:
            if not await sku_actions.turn_prices(db, now=utc_now()):
                return
