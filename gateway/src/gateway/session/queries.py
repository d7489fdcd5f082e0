"""Reading sessions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.session.models import Session


async def find_live(db: AsyncSession, *, token_hash: bytes, now: datetime) -> Session | None:
    """The session of a token, while it lives."""
    found = await db.scalars(select(Session).where(Session.token_hash == token_hash, Session.expires_at > now))
    return found.one_or_none()


async def list_live(db: AsyncSession, *, person_id: UUID, now: datetime) -> Sequence[Session]:
    """A person's living sessions, the one used last first."""
    found = await db.scalars(
        select(Session)
        .where(Session.person_id == person_id, Session.expires_at > now)
        .order_by(Session.last_seen_at.desc(), Session.session_id)
    )
    return found.all()
