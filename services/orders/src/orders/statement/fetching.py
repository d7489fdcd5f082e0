"""Getting statements from providers: no transaction is open while one answers."""

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from orders.payment import exchange
from orders.payment.channels import Channels
from orders.payment.providers.provider import ProviderRefusedError
from orders.statement import actions, queries, rules
from shared.clock import business_day
from shared.db import Transactions
from shared.errors import Refusal, Unavailable
from shared.ids import new_id
from shared.log import logger

LOOK_BACK_DAYS: Final = 7
_MOST_QUERIES: Final = 200

log = logger(__name__)


async def fetch_day(
    transactions: Transactions,
    channels: Channels,
    *,
    provider: str,
    day: date,
    taken_by: UUID | None,
    now: datetime,
) -> actions.Taken:
    """Download one day's statement, take it and compare it; a day without any trade is taken as an empty file.

    404 `provider-unknown`, 422 `day-not-over` and what a file is refused for, 503 if the provider has none to give yet.
    What the provider took and we did not know is asked about at once, and compared again.
    """
    rules.ensure_day_is_over(day, business_day(now))
    with tempfile.TemporaryDirectory(prefix="statement-") as folder:
        path = Path(folder) / "statement"
        try:
            await channels.get(provider).fetch_statement(day, path)
        except ProviderRefusedError as refusal:
            raise Unavailable(
                f"The provider gives no statement now: {refusal}", code="statement-not-ready"
            ) from refusal
        async with transactions.begin() as db:
            taken = await actions.take_statement(
                db,
                path,
                statement_id=new_id(),
                provider=provider,
                business_on=day,
                file_name=f"{provider}-{day}",
                source="DOWNLOADED",
                taken_by=taken_by,
                now=now,
            )
    await ask_about_unpaid(transactions, channels, statement_id=taken.statement_id, provider=provider, now=now)
    return taken


async def ask_about_unpaid(
    transactions: Transactions, channels: Channels, *, statement_id: UUID, provider: str, now: datetime
) -> int:
    """Ask the provider about payments that its file has and we do not have as paid; how many were asked about."""
    async with transactions.read() as db:
        unpaid = await queries.list_unpaid_here(db, statement_id, limit=_MOST_QUERIES)
    for payment_id in unpaid:
        await exchange.refresh(transactions, channels, payment_id=payment_id, provider_name=provider, now=now)
    if unpaid:
        async with transactions.begin() as db:
            await actions.compare_statement(db, statement_id=statement_id, now=now)
    return len(unpaid)


async def fetch_missing(transactions: Transactions, channels: Channels, *, now: datetime) -> int:
    """Fetch what is missing of the last days, provider by provider; how many days were taken."""
    today = business_day(now)
    days = [today - timedelta(days=back) for back in range(LOOK_BACK_DAYS, 0, -1)]
    count = 0
    for provider in channels.names:
        async with transactions.read() as db:
            missing = await queries.list_missing_days(db, provider, days)
        for day in missing:
            try:
                await fetch_day(transactions, channels, provider=provider, day=day, taken_by=None, now=now)
            except Refusal as refusal:
                log.warning("statement not taken", provider=provider, day=str(day), code=refusal.code)
            else:
                count += 1
    return count
