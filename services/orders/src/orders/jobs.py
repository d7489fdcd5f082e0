"""What orders does by the clock."""

from orders.order import actions as order_actions
from orders.payment import jobs as payment_jobs
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs

jobs = Jobs("orders")
payment_jobs.register(jobs)


@jobs.periodic("* * * * *")
async def expire_unpaid_orders(database: Database) -> None:
    """Every minute: cancel what is overdue, in batches, each in its own short transaction."""
    while True:
        async with database.begin() as db:
            if not await order_actions.expire_unpaid(db, now=utc_now()):
                return
