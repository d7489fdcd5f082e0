"""What the catalog does by the clock."""

from uuid import UUID

from catalog.search import actions as search_actions
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


@jobs.periodic("15 18 * * *")
async def renew_ending_certificates(database: Database) -> None:
    """Each night (02:15 in Shanghai), let cards know of the certificates that run out in the next hundred days."""
    now = utc_now()
    after: UUID | None = None
    while True:
        async with database.begin() as db:
            after = await search_actions.renew_ending_certificates(db, now=now, after=after)
        if after is None:
            return
