"""Mails are planned with their messages, claimed by one worker at a time, and noted as sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import queries as account_queries
from gateway.mail import rules
from gateway.mail.models import Mail
from gateway.message import queries as message_queries
from gateway.message import rules as message_rules
from gateway.message.actions import Told
from shared.ids import new_id


async def plan_mails(db: AsyncSession, told: Sequence[Told], *, now: datetime) -> list[UUID]:
    """A mail for each fresh message whose reader has an address and wants mails of its kind; their ids."""
    fresh = [each for each in told if message_rules.is_mailed(each.happened_at, now=now)]
    if not fresh:
        return []
    readers = sorted({each.person_id for each in fresh})
    reachable = {each.person_id for each in await account_queries.list_people(db, readers) if each.email}
    chosen = await message_queries.list_preferences(db, readers)
    mails = [
        Mail(mail_id=new_id(), message_id=each.message_id, status="WAITING", attempts=0, error="", created_at=now)
        for each in fresh
        if each.person_id in reachable and message_rules.wants_mail(each.kind, chosen.get(each.person_id, {}))
    ]
    db.add_all(mails)
    await db.flush()
    return [each.mail_id for each in mails]


async def claim(db: AsyncSession, mail_id: UUID, *, now: datetime) -> Mail | None:
    """Take the mail for a while; None if it is sent, given up, or in another worker's hands."""
    return await db.scalar(
        update(Mail)
        .where(
            Mail.mail_id == mail_id,
            Mail.status == "WAITING",
            or_(Mail.claimed_until.is_(None), Mail.claimed_until <= now),
        )
        .values(claimed_until=now + rules.CLAIM, attempts=Mail.attempts + 1)
        .returning(Mail)
    )


async def note_sent(db: AsyncSession, mail_id: UUID, *, now: datetime) -> None:
    """The server took it."""
    await db.execute(
        update(Mail)
        .where(Mail.mail_id == mail_id, Mail.status == "WAITING")
        .values(status="SENT", sent_at=now, claimed_until=None, error="")
    )


async def note_failed(db: AsyncSession, mail_id: UUID, *, error: str, is_final: bool) -> None:
    """The server did not take it, for now or for good."""
    status = "FAILED" if is_final else "WAITING"
    await db.execute(
        update(Mail)
        .where(Mail.mail_id == mail_id, Mail.status == "WAITING")
        .values(status=status, claimed_until=None, error=error)
    )
