"""Telling people, and what they do with what they were told."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID, uuid5

import orjson
from sqlalchemy import delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.known import actions as known_actions
from gateway.known.rules import Heard
from gateway.message import queries, rules
from gateway.message.models import Message, MessagePreference
from gateway.message.rules import Draft
from gateway.organisation import queries as organisation_queries
from shared.ids import new_id

_DUE_EVENTS = UUID("5d0e7a7e-6f0b-5c1c-9a35-0d1b4a0f2c61")

_TELL = text("""
    INSERT INTO messages (message_id, person_id, organisation_id, event_id, template, kind, facts, link, words,
                          happened_at, created_at)
    SELECT message_id, person_id, organisation_id, event_id, template, kind, facts, link, words, happened_at,
           CAST(:now AS timestamptz)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told
        (message_id uuid, person_id uuid, organisation_id uuid, event_id uuid, template text, kind text, facts jsonb,
         link text, words text, happened_at timestamptz)
    ON CONFLICT DO NOTHING
    RETURNING message_id, person_id, kind, happened_at
""")


@dataclass(frozen=True, slots=True)
class Told:
    """A message that somebody has now."""

    message_id: UUID
    person_id: UUID
    kind: str
    happened_at: datetime


async def tell(db: AsyncSession, drafts: Sequence[Draft], *, now: datetime) -> list[Told]:
    """Give each draft to the people who receive it; what one has already is not given again."""
    if not drafts:
        return []
    people = await organisation_queries.list_receivers(
        db,
        person_ids={each.receiver.person_id for each in drafts if each.receiver.person_id is not None},
        organisation_ids={
            each.receiver.organisation_id for each in drafts if each.receiver.organisation_id is not None
        },
    )
    rows = [
        {
            "message_id": new_id(),
            "person_id": person_id,
            "organisation_id": draft.receiver.organisation_id,
            "words": draft.words,
            **{name: value for name, value in asdict(draft).items() if name != "receiver"},
        }
        for draft in drafts
        for person_id in people.of(draft.receiver.person_id, draft.receiver.organisation_id, draft.receiver.roles)
    ]
    if not rows:
        return []
    told = await db.execute(_TELL, {"rows": orjson.dumps(rows, default=str).decode(), "now": now})
    return [Told(*row) for row in told]


async def payment_reminders(db: AsyncSession, *, now: datetime, limit: int = 200) -> list[Draft]:
    """What the buyers of orders that lapse soon are told; each order once."""
    due = await known_actions.take_due(db, until=now + rules.PAYMENT_NOTICE, now=now, limit=limit)
    heard = [
        Heard(
            uuid5(_DUE_EVENTS, str(each.order.order_id)),
            rules.PAYMENT_DUE,
            now,
            {"payable_fen": each.payable_fen, "payment_due_at": each.payment_due_at.isoformat()},
            each.order,
        )
        for each in due
    ]
    return [draft for each in heard for draft in rules.drafts_of(each)]


async def mark_read(db: AsyncSession, *, message_id: UUID, person_id: UUID, now: datetime) -> Message:
    """The message was read; again changes nothing. 404 `message-not-found`."""
    message = await queries.get_message(db, message_id, person_id=person_id)
    message.read_at = message.read_at or now
    await db.flush()
    return message


async def mark_unread(db: AsyncSession, *, message_id: UUID, person_id: UUID) -> Message:
    """As if it had not been read. 404 `message-not-found`."""
    message = await queries.get_message(db, message_id, person_id=person_id)
    message.read_at = None
    await db.flush()
    return message


async def mark_all_read(db: AsyncSession, *, person_id: UUID, now: datetime) -> int:
    """All were read at this instant, by which it can be undone; how many were new."""
    marked = await db.execute(
        update(Message)
        .where(Message.person_id == person_id, Message.read_at.is_(None))
        .values(read_at=now)
        .returning(Message.message_id)
    )
    return len(marked.all())


async def undo_all_read(db: AsyncSession, *, person_id: UUID, read_at: datetime) -> int:
    """Those that were marked together at this instant are unread again; how many they are."""
    unmarked = await db.execute(
        update(Message)
        .where(Message.person_id == person_id, Message.read_at == read_at)
        .values(read_at=None)
        .returning(Message.message_id)
    )
    return len(unmarked.all())


async def choose_mail(db: AsyncSession, *, person_id: UUID, choices: dict[str, bool]) -> dict[str, bool]:
    """Which kinds come as e-mail too. 422 `message-kind-unknown`. Returns all that the person chose so far."""
    rows = [
        {"person_id": person_id, "kind": rules.ensure_kind(kind), "is_mailed": is_mailed}
        for kind, is_mailed in sorted(choices.items())
    ]
    if rows:
        chosen = insert(MessagePreference).values(rows)
        await db.execute(
            chosen.on_conflict_do_update(
                index_elements=["person_id", "kind"], set_={"is_mailed": chosen.excluded.is_mailed}
            )
        )
    return (await queries.list_preferences(db, [person_id])).get(person_id, {})


async def purge(db: AsyncSession, *, now: datetime) -> int:
    """Remove old messages; how many they were."""
    gone = await db.execute(delete(Message).where(Message.created_at < now - rules.KEPT).returning(Message.message_id))
    return len(gone.all())
