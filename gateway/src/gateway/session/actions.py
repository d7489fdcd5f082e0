"""Opening, moving on and ending sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.organisation import queries as organisation_queries
from gateway.session.models import Session
from gateway.session.rules import Lifetime, expiry
from shared.errors import Forbidden, NotFound


async def open_session(
    db: AsyncSession,
    *,
    session_id: UUID,
    token_hash: bytes,
    person_id: UUID,
    lifetime: Lifetime,
    user_agent: str,
    address: str,
    now: datetime,
) -> Session:
    """Sign a person in. One who belongs to exactly one organisation acts for it at once."""
    choices = await organisation_queries.list_choices(db, person_id)
    session = Session(
        session_id=session_id,
        token_hash=token_hash,
        person_id=person_id,
        organisation_id=choices[0].organisation_id if len(choices) == 1 else None,
        user_agent=user_agent[:200],
        address=address,
        created_at=now,
        last_seen_at=now,
        expires_at=expiry(lifetime, created_at=now, seen_at=now),
    )
    db.add(session)
    await db.flush()
    return session


async def touch(db: AsyncSession, session: Session, *, lifetime: Lifetime, now: datetime) -> None:
    """Slide the session on. It never moves back, nor brings an ended session to life."""
    await db.execute(
        update(Session)
        .where(Session.session_id == session.session_id, Session.last_seen_at < now)
        .values(last_seen_at=now, expires_at=expiry(lifetime, created_at=session.created_at, seen_at=now))
    )


async def choose_organisation(
    db: AsyncSession, *, session_id: UUID, person_id: UUID, organisation_id: UUID | None
) -> None:
    """Act for another organisation, or (None) as a private person, from now on in this session.

    403 `not-a-member`; 404 `session-not-found` if the session has ended meanwhile.
    """
    if organisation_id is not None:
        membership = await organisation_queries.find_membership(
            db, person_id=person_id, organisation_id=organisation_id
        )
        if membership is None:
            raise Forbidden("You do not belong to this organisation.", code="not-a-member", field="organisation_id")
    moved = await db.execute(
        update(Session)
        .where(Session.session_id == session_id, Session.person_id == person_id)
        .values(organisation_id=organisation_id)
        .returning(Session.session_id)
    )
    if moved.first() is None:
        raise NotFound("This session has ended.", code="session-not-found")


async def end_session(db: AsyncSession, *, session_id: UUID, person_id: UUID) -> None:
    """Sign out one session of the person; 404 `session-not-found`."""
    ended = await db.execute(
        delete(Session)
        .where(Session.session_id == session_id, Session.person_id == person_id)
        .returning(Session.session_id)
    )
    if ended.first() is None:
        raise NotFound("There is no such session of yours.", code="session-not-found")


async def end_sessions(db: AsyncSession, *, person_id: UUID, except_session_id: UUID | None) -> int:
    """Sign out all sessions of the person but one; how many ended."""
    statement = delete(Session).where(Session.person_id == person_id).returning(Session.session_id)
    if except_session_id is not None:
        statement = statement.where(Session.session_id != except_session_id)
    return len((await db.execute(statement)).all())


async def purge(db: AsyncSession, *, now: datetime) -> None:
    """Remove sessions that are past their end."""
    await db.execute(delete(Session).where(Session.expires_at <= now))
