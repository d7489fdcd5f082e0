"""Messages of the calling person: list, file, read, and which kinds also come as e-mail. 403 `person-needed` for
programs of an organisation."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from gateway.access import IdentityDep, PartsDep, security_schemes, transactions
from gateway.identities import Identity
from gateway.message import actions, queries
from gateway.message.models import Message
from gateway.message.queries import Place, Wanted
from gateway.message.schemas import (
    MarkedRead,
    MessageKind,
    MessageLine,
    Preferences,
    PreferencesChange,
    UndoRead,
    UnreadCount,
)
from gateway.pages.message_text import sentence_of
from gateway.pages.wording import wording
from gateway.visitor import Language
from shared.clock import utc_now
from shared.db import Db, Read, Transactions
from shared.errors import BadRequest, Forbidden
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import Row, SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["message"], dependencies=security_schemes())

_BATCH = 500
Search = Annotated[str, Query(max_length=100, description="Any part of a number, name or title in the message.")]
Kind = Annotated[MessageKind | None, Query(description="Only messages of this kind.")]
Unread = Annotated[bool, Query(description="Only what was not read.")]


async def read_reader(identity: IdentityDep) -> Identity:
    """The calling person, also through a key of its own; 403 `person-needed` for a program of an organisation."""
    if identity.via == "client":
        raise Forbidden("Messages belong to people. Use a key of a person.", code="person-needed")
    return identity


ReaderDep = Annotated[Identity, Depends(read_reader)]


def _wanted(identity: Identity, q: str, kind: str | None, *, is_unread: bool) -> Wanted:
    return Wanted(identity.caller.person_id, q.replace("\x00", ""), kind or "", is_unread=is_unread)


def _language(identity: Identity) -> Language:
    return "en" if identity.language == "en" else "zh"


def read_place(cursor: str | None) -> Place | None:
    """The place after which a page begins; 400 `cursor-invalid`."""
    if cursor is None:
        return None
    at, message_id = decode_cursor(cursor, size=2)
    try:
        place = datetime.fromisoformat(str(at)), UUID(str(message_id))
    except ValueError:
        place = None
    if place is None or place[0].tzinfo is None:
        raise BadRequest("The cursor is not one of ours.", code="cursor-invalid", field="cursor")
    return place


def next_cursor(found: Sequence[Message], limit: int) -> str | None:
    """Where the next page begins; None on the last. `found` has one more than the page shows, if there is more."""
    last = found[limit - 1] if len(found) > limit else None
    return None if last is None else encode_cursor(last.happened_at.isoformat(), last.message_id)


@router.get("/messages")
async def list_messages(
    identity: ReaderDep,
    db: Read,
    q: Search = "",
    kind: Kind = None,
    unread: Unread = False,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[MessageLine]:
    """One's messages, the newest first, also those to one's organisations. 400 `cursor-invalid`."""
    wanted = _wanted(identity, q, kind, is_unread=unread)
    found = await queries.list_messages(db, wanted, after=read_place(cursor), limit=limit + 1)
    language = _language(identity)
    return Page(items=[MessageLine.of(each, language) for each in found[:limit]], next_cursor=next_cursor(found, limit))


@router.get("/messages/export", response_class=Response)
async def export_messages(
    request: Request,
    identity: ReaderDep,
    form: SheetFormat = "csv",
    q: Search = "",
    kind: Kind = None,
    unread: Unread = False,
) -> Response:
    """The same list as a file."""
    wanted = _wanted(identity, q, kind, is_unread=unread)
    return await message_sheet(transactions(request), wanted, form, _language(identity))


async def message_sheet(
    database: Transactions, wanted: Wanted, form: Literal["csv", "xlsx"], language: Language
) -> Response:
    """A person's messages as a file in a language."""
    t = wording(language)

    async def batches() -> AsyncIterator[Sequence[Row]]:
        after: Place | None = None
        while True:
            async with database.read() as db:
                found = await queries.list_messages(db, wanted, after=after, limit=_BATCH)
            if not found:
                return
            yield [
                (
                    each.happened_at,
                    t.names["message_kind"][each.kind],
                    sentence_of(each.template, each.facts, language),
                    each.read_at,
                )
                for each in found
            ]
            after = found[-1].happened_at, found[-1].message_id

    return await sheet_response(form, name=t.messages.title, head=t.messages.sheet_head, batches=batches())


@router.get("/messages/unread-count")
async def get_unread_count(identity: ReaderDep, db: Read) -> UnreadCount:
    """How many of one's messages were not read."""
    return UnreadCount(unread_count=await queries.count_unread(db, identity.caller.person_id))


@router.post("/messages/read")
async def post_all_read(identity: ReaderDep, parts: PartsDep, db: Db) -> MarkedRead:
    """All were read."""
    now = utc_now()
    person_id = identity.caller.person_id
    count = await actions.mark_all_read(db, person_id=person_id, now=now)
    parts.unread.forget_after(db, person_id)
    return MarkedRead(count=count, read_at=now)


@router.post("/messages/read/undo")
async def post_undo_read(
    identity: ReaderDep, body: Annotated[UndoRead, Body()], parts: PartsDep, db: Db
) -> UnreadCount:
    """Those that were marked together at that instant are unread again."""
    person_id = identity.caller.person_id
    await actions.undo_all_read(db, person_id=person_id, read_at=body.read_at)
    parts.unread.forget_after(db, person_id)
    return UnreadCount(unread_count=await queries.count_unread(db, person_id))


@router.post("/messages/{message_id}/read")
async def post_read(message_id: UUID, identity: ReaderDep, parts: PartsDep, db: Db) -> MessageLine:
    """This one was read. 404 `message-not-found`."""
    person_id = identity.caller.person_id
    message = await actions.mark_read(db, message_id=message_id, person_id=person_id, now=utc_now())
    parts.unread.forget_after(db, person_id)
    return MessageLine.of(message, _language(identity))


@router.post("/messages/{message_id}/unread")
async def post_unread(message_id: UUID, identity: ReaderDep, parts: PartsDep, db: Db) -> MessageLine:
    """This one is unread again. 404 `message-not-found`."""
    person_id = identity.caller.person_id
    message = await actions.mark_unread(db, message_id=message_id, person_id=person_id)
    parts.unread.forget_after(db, person_id)
    return MessageLine.of(message, _language(identity))


@router.get("/me/message-preferences")
async def get_preferences(identity: ReaderDep, db: Read) -> Preferences:
    """Which kinds also come as e-mail."""
    person_id = identity.caller.person_id
    return Preferences.of((await queries.list_preferences(db, [person_id])).get(person_id, {}))


@router.patch("/me/message-preferences")
async def patch_preferences(identity: ReaderDep, body: Annotated[PreferencesChange, Body()], db: Db) -> Preferences:
    """Choose which kinds also come as e-mail."""
    choices = {str(kind): is_mailed for kind, is_mailed in body.is_mailed.items()}
    return Preferences.of(await actions.choose_mail(db, person_id=identity.caller.person_id, choices=choices))
