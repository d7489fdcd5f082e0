"""What statements do by themselves."""

from orders.payment.channels import open_channels
from orders.payment.settings import read_settings
from orders.statement import fetching
from shared.clock import utc_now
from shared.db import Database
from shared.jobs import Jobs


async def fetch_statements(database: Database) -> None:
    """From ten in the morning (Beijing time), when providers have yesterday's files, and hourly until all are taken."""
    async with open_channels(read_settings()) as channels:
        await fetching.fetch_missing(database, channels, now=utc_now())


def register(jobs: Jobs) -> None:
    """Add this slice's timer to the service's."""
    jobs.periodic("10 2-15 * * *")(fetch_statements)
