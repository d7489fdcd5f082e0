"""What an agent does that is no money: a note, and a look at the recipient."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.service_desk import queries, rules
from orders.service_desk.models import ContactOpening, OrderNote
from shared.auth import Caller


async def write_note(
    db: AsyncSession, *, note_id: UUID, order_id: UUID, body: str, caller: Caller, now: datetime
) -> OrderNote:
    """Add to an order what the next agent should know. 403 `agents-only`; 404 `order-not-found`."""
    rules.ensure_agent(caller)
    await queries.get_head(db, order_id)
    note = OrderNote(note_id=note_id, order_id=order_id, body=body, written_by=caller.person_id, written_at=now)
    db.add(note)
    await db.flush()
    return note


async def open_contact(
    db: AsyncSession, *, opening_id: UUID, order_id: UUID, reason: str, caller: Caller, now: datetime
) -> dict[str, Any]:
    """Show the recipient's name, phone and address; that it was shown is kept with it. 403 `agents-only`; 404
    `order-not-found`."""
    rules.ensure_agent(caller)
    contact = await queries.get_contact(db, order_id)
    db.add(
        ContactOpening(
            opening_id=opening_id, order_id=order_id, reason=reason, opened_by=caller.person_id, opened_at=now
        )
    )
    await db.flush()
    return contact
