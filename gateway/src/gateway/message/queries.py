"""Reading messages and preferences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.message.models import Message, MessagePreference
from shared.errors import NotFound

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a person's messages."""

    person_id: UUID
    q: str = ""
    kind: str = ""
    is_unread: bool = False


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Message.person_id == wanted.person_id]
    if wanted.q:
        conditions.append(Message.words.contains(wanted.q.lower(), autoescape=True))
    if wanted.kind:
        conditions.append(Message.kind == wanted.kind)
    if wanted.is_unread:
        conditions.append(Message.read_at.is_(None))
    return conditions


async def list_messages(db: AsyncSession, wanted: Wanted, *, after: Place | None, limit: int) -> Sequence[Message]:
    """A person's messages, the newest first."""
    query = select(Message).where(*_conditions(wanted))
    if after is not None:
        query = query.where(tuple_(Message.happened_at, Message.message_id) < after)
    found = await db.scalars(query.order_by(Message.happened_at.desc(), Message.message_id.desc()).limit(limit))
    return found.all()


async def list_told_of(db: AsyncSession, order_number: str, *, limit: int) -> Sequence[Message]:
    """What anybody was told of an order, the newest first."""
    told_of = Message.facts["order_number"].astext == order_number
    query = select(Message).where(told_of).order_by(Message.happened_at.desc(), Message.message_id.desc())
    return (await db.scalars(query.limit(limit))).all()


async def get_message(db: AsyncSession, message_id: UUID, *, person_id: UUID) -> Message:
    """One of the person's messages; 404 `message-not-found`."""
    found = await db.scalar(select(Message).where(Message.message_id == message_id, Message.person_id == person_id))
    if found is None:
        raise NotFound("There is no such message of yours.", code="message-not-found")
    return found


async def find_message(db: AsyncSession, message_id: UUID) -> Message | None:
    """A message, whoever it belongs to; None if it is gone."""
    return await db.get(Message, message_id)


async def count_unread(db: AsyncSession, person_id: UUID) -> int:
    """How many of a person's messages were not read: an index that holds unread ones only."""
    counted = await db.scalar(
        select(func.count()).select_from(Message).where(Message.person_id == person_id, Message.read_at.is_(None))
    )
    return counted or 0


async def list_preferences(db: AsyncSession, person_ids: Collection[UUID]) -> dict[UUID, dict[str, bool]]:
    """What these people chose, by person and kind; only where it differs from what is usual."""
    rows = await db.scalars(select(MessagePreference).where(MessagePreference.person_id.in_(person_ids)))
    found: dict[UUID, dict[str, bool]] = {}
    for row in rows:
        found.setdefault(row.person_id, {})[row.kind] = row.is_mailed
    return found
