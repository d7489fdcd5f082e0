"""The check by the clock, and its work at the command line."""

from uuid import UUID

from orders.stock_check import actions
from shared.clock import utc_now
from shared.db import Database
from shared.ids import new_id
from shared.jobs import Jobs
from shared.log import logger

log = logger(__name__)


async def check_stock(database: Database) -> None:
    """Go on with the check that was cut off, or begin one; a batch a transaction."""
    async with database.begin() as db:
        check_id = await actions.open_check(db, check_id=new_id(), now=utc_now())
    is_more = True
    while is_more:
        async with database.begin() as db:
            is_more = await actions.check_batch(db, check_id=check_id, now=utc_now())


async def check_stock_daily(database: Database) -> None:
    """Each night (02:30 in Shanghai), whether ledger, counters, shelves and holds agree."""
    await check_stock(database)


async def rebuild_stock(database: Database) -> None:
    """Recompute levels, shelves and holds from the ledger, a batch a transaction, and tell what was changed."""
    after: UUID | None = None
    is_more = True
    looked, changed = 0, 0
    while is_more:
        async with database.begin() as db:
            done = await actions.rebuild_batch(db, after=after, now=utc_now())
        looked, changed, after = looked + done.sku_count, changed + len(done.changed), done.last
        for sku_id in done.impossible:
            log.error("the ledger of this SKU cannot be true; nothing was changed", sku_id=str(sku_id))
        is_more = after is not None
    log.info("stock rebuilt from the ledger", sku_count=looked, changed_count=changed)


def register(jobs: Jobs) -> None:
    """Add the tasks to the service's."""
    jobs.task()(check_stock)
    jobs.periodic("30 18 * * *")(check_stock_daily)
