"""The message centre: what one was told, found again, read, and by which way it comes; and the end of mails by link."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.access import PartsDep, transactions
from gateway.entrance import choose_organisation
from gateway.keyring import read_master_key
from gateway.mail.rules import person_of
from gateway.message import actions, queries, rules
from gateway.message.models import Message
from gateway.message.queries import Wanted
from gateway.message.routes import message_sheet, next_cursor, read_place
from gateway.message.schemas import Preferences
from gateway.pages.account import Choice
from gateway.pages.listing import PAGE_SIZE, Listing, listing_of
from gateway.pages.message_text import link_of, sentence_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import utc_now
from shared.db import Db, Read

router = APIRouter(default_response_class=Response)

_PATH: Final = "/messages"
_TONES: Final = {"safety": "urgent", "after_sales": "clay", "order": "leaf", "sale": "leaf"}


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as the list prints it."""

    message_id: UUID
    text: str
    kind: str
    tone: str
    organisation: str
    at: str
    is_new: bool
    leads_on: bool


def _person(visitor: Visitor) -> UUID:
    assert visitor.person_id is not None  # noqa: S101 - SignedIn
    return visitor.person_id


def asked_list(page: Page) -> Listing:
    """What the address of the list asks for."""
    return listing_of(page.request, path=_PATH, filters={"kind": rules.KINDS, "unread": ("true",)})


def wanted_of(listing: Listing, person_id: UUID) -> Wanted:
    """The same as a query."""
    return Wanted(person_id, listing.q, listing.values.kind, is_unread=listing.values.unread == "true")


def place_of(message: Message, visitor: Visitor) -> str:
    """Where the message leads its reader."""
    kinds = {each.organisation_id: each.kind for each in visitor.organisations}
    kind = "consumer" if message.organisation_id is None else kinds.get(message.organisation_id, "")
    return link_of(message.template, message.facts, message.link, kind=kind)


def view_of(message: Message, page: Page) -> MessageView:
    """As the list prints it."""
    names = {
        each.organisation_id: (each.name_en if page.language == "en" else "") or each.name
        for each in page.visitor.organisations
    }
    return MessageView(
        message.message_id,
        sentence_of(message.template, message.facts, page.language),
        page.t.names["message_kind"][message.kind],
        _TONES.get(message.kind, ""),
        names.get(message.organisation_id, "") if message.organisation_id is not None else "",
        page.time(message.happened_at.isoformat()),
        message.read_at is None,
        bool(place_of(message, page.visitor)),
    )


@router.get("/messages")
async def get_messages(page: PageDep, visitor: SignedIn, db: Read) -> Response:
    """What one was told, the newest first."""
    listing = asked_list(page)
    wanted = wanted_of(listing, _person(visitor))
    found = await queries.list_messages(db, wanted, after=read_place(listing.cursor or None), limit=PAGE_SIZE + 1)
    query = page.request.query_params
    return page.render(
        "messages.html",
        **list_context(page, listing, [view_of(each, page) for each in found[:PAGE_SIZE]]),
        next_cursor=next_cursor(found, PAGE_SIZE),
        undo=query.get("read_at", "") if query.get("done") == "all-read" else "",
        notice=page.t.names["messages_done"].get(query.get("done", ""), ""),
    )


def list_context(page: Page, listing: Listing, messages: list[MessageView]) -> dict[str, Any]:
    """What the list is drawn from."""
    t = page.t.messages
    return {
        "listing": listing,
        "messages": messages,
        "filters": [
            Filter(
                "kind", t.kind, [Choice(each, page.t.names["message_kind"][each]) for each in rules.KINDS], t.every_kind
            ),
            Filter("unread", t.show, [Choice("true", t.only_new)], t.all),
        ],
    }


@router.get("/messages.{form}")
async def get_file(page: PageDep, request: Request, visitor: SignedIn, form: str) -> Response:
    """The same list as a file."""
    wanted = wanted_of(asked_list(page), _person(visitor))
    return await message_sheet(transactions(request), wanted, "xlsx" if form == "xlsx" else "csv", page.language)


@router.post("/messages/read")
async def post_all_read(page: PageDep, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db) -> Response:
    """All were read; the next page offers to undo it."""
    del form
    now = utc_now()
    await actions.mark_all_read(db, person_id=_person(visitor), now=now)
    parts.unread.forget_after(db, _person(visitor))
    return page.go(_PATH, done="all-read", read_at=now.isoformat())


@router.post("/messages/read/undo")
async def post_undo(page: PageDep, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db) -> Response:
    """Those that were marked together are unread again; an instant that is none changes nothing."""
    try:
        read_at = datetime.fromisoformat(str(form.get("read_at", "")))
    except ValueError:
        return page.go(_PATH)
    if read_at.tzinfo is not None:
        await actions.undo_all_read(db, person_id=_person(visitor), read_at=read_at)
        parts.unread.forget_after(db, _person(visitor))
    return page.go(_PATH, done="undone")


@router.get("/messages/{message_id}")
async def get_message(page: PageDep, visitor: SignedIn, db: Read, message_id: UUID) -> Response:
    """One message, as a mail leads to it: looking changes nothing, the button goes on."""
    message = await queries.get_message(db, message_id, person_id=_person(visitor))
    listing = asked_list(page)
    return page.render("message.html", listing=listing, message=view_of(message, page))


@router.post("/messages/{message_id}/open")
async def post_open(
    page: PageDep, request: Request, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db, message_id: UUID
) -> Response:
    """This one was read; on to what it is about, as whom it was sent to."""
    del form
    message = await actions.mark_read(db, message_id=message_id, person_id=_person(visitor), now=utc_now())
    parts.unread.forget_after(db, _person(visitor))
    place = place_of(message, visitor)
    if place and message.organisation_id != visitor.organisation_id:
        await choose_organisation(request, visitor, message.organisation_id)
    return page.go(place or _PATH)


@router.post("/messages/{message_id}/unread")
async def post_unread(
    page: PageDep, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db, message_id: UUID
) -> Response:
    """As if it had not been read."""
    del form
    await actions.mark_unread(db, message_id=message_id, person_id=_person(visitor))
    parts.unread.forget_after(db, _person(visitor))
    return page.go(_PATH)


@router.get("/account/messages/preferences")
async def get_preferences(page: PageDep, visitor: SignedIn, parts: PartsDep, db: Read) -> Response:
    """Which kinds also come as e-mail."""
    chosen = (await queries.list_preferences(db, [_person(visitor)])).get(_person(visitor), {})
    done = page.request.query_params.get("done", "")
    return page.render(
        "message_preferences.html",
        kinds=[
            Choice(each.kind, page.t.names["message_kind"][each.kind], each.is_mailed)
            for each in Preferences.of(chosen).items
        ],
        sends_mail=bool(parts.settings.mail_url),
        notice=page.t.names["messages_done"].get(done, ""),
    )


@router.post("/account/messages/preferences")
async def post_preferences(page: PageDep, visitor: SignedIn, form: CheckedForm, db: Db) -> Response:
    """Choose it: a kind that is not ticked comes by the message centre only."""
    ticked = set(form.getlist("mailed"))
    await actions.choose_mail(db, person_id=_person(visitor), choices={kind: kind in ticked for kind in rules.KINDS})
    return page.go("/account/messages/preferences", done="saved")


@router.get("/mail/unsubscribe/{kind}/{token}")
async def get_unsubscribe(page: PageDep, parts: PartsDep, kind: str, token: str) -> Response:
    """The page behind a mail's last line: looking ends nothing, for programs open links too."""
    person_of(token, rules.ensure_kind(kind), key=read_master_key(parts.settings))
    return _unsubscribe_page(page, kind, is_done=False)


@router.post("/mail/unsubscribe/{kind}/{token}")
async def post_unsubscribe(page: PageDep, parts: PartsDep, db: Db, kind: str, token: str) -> Response:
    """End mails of this kind: the page's button, or a mail program's (RFC 8058), which is nobody's session."""
    person_id = person_of(token, rules.ensure_kind(kind), key=read_master_key(parts.settings))
    await actions.choose_mail(db, person_id=person_id, choices={kind: False})
    return _unsubscribe_page(page, kind, is_done=True)


def _unsubscribe_page(page: Page, kind: str, *, is_done: bool) -> Response:
    return page.render("unsubscribe.html", kind=page.t.names["message_kind"][kind], is_done=is_done)
