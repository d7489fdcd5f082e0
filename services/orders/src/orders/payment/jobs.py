"""What payments do by themselves: send refunds, and ask about money whose notice never came."""

from orders.payment import actions, exchange
from orders.payment.channels import open_channels
from orders.payment.settings import read_settings
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs


async def chase_money(database: Database) -> None:
    """Once a minute: ask about overdue payments and unfinished refunds."""
    async with open_channels(read_settings()) as channels:
        now = utc_now()
        await exchange.chase_payments(database, channels, now=now)
        await actions.chase_refunds(database, channels, now=now)


def register(jobs: Jobs) -> None:
    """Add this slice's tasks to the service's."""
    jobs.task(retries=3)(actions.refund_job)
    jobs.periodic("* * * * *")(chase_money)
