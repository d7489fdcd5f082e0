"""Telling those concerned, once a day, that something is late."""

from datetime import datetime

from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from orders.overdue import queries
from orders.overdue.models import OverdueNotice
from shared.clock import business_day
from shared.events.institutions import OverdueTold
from shared.outbox import publish


async def tell_overdue(db: AsyncSession, *, now: datetime) -> int:
    """Tell each organisation whose turn it is, and those that supervise it, what is late today; how many messages. A
    second run of the same day tells nobody."""
    today = business_day(now)
    rows = await queries.list_to_tell(db, today=today)
    organisations = sorted({row.organisation_id for row in rows})
    if not organisations:
        return 0
    insert = postgresql.insert(OverdueNotice).values(
        [{"organisation_id": each, "told_on": today} for each in organisations]
    )
    taken = set(await db.scalars(insert.on_conflict_do_nothing().returning(OverdueNotice.organisation_id)))
    events = [
        OverdueTold(
            organisation_id=row.organisation_id,
            side=row.side,
            told_on=today,
            late_count=row.late_count,
            payment_count=row.payment_count,
            payment_fen=row.payment_fen,
            most_days=row.most_days,
        )
        for row in rows
        if row.organisation_id in taken
    ]
    await publish(db, *events, now=now)
    return len(events)
