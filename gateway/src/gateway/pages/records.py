"""Work pages of things that move through states: a list, one with its trail, its verbs and its forms. What a kind of
thing shows and who may do what is said once, as a `Shelf`; the service checks it all again."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.menu import has_any_role
from gateway.pages.parts import Filter, TrailEntry, Verb
from gateway.pages.record_fields import Field, body_of, drawn_fields, find_places, keep_files, label
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, TooLarge, Unsupported
from shared.ids import new_id

REFUSED: Final = (Conflict, Invalid, Stale, Forbidden, TooLarge, Unsupported)
_APPEALS: Final = {
    "object-event": ("objection", "event"),
    "object-placement": ("objection", "placement"),
    "ask-repair": ("repair", "placement"),
}
_NAMED_BY: Final = {"categories": "category"}
TONES: Final = {
    "IN_FORCE": "leaf", "RECOGNISED": "leaf", "RECOMMENDED": "key", "NAMED": "leaf", "PUBLISHED": "leaf",
    "GRANTED": "leaf", "COUNTED": "", "REJECTED": "clay", "REVOKED": "clay", "REFUSED": "clay", "LIFTED": "clay",
    "WITHDRAWN": "clay", "REMOVED": "clay", "PUBLIC_NOTICE": "urgent", "MEASURES": "urgent", "ORDERED": "urgent",
    "OPEN": "urgent", "PROPOSED": "urgent", "ACTIVE": "leaf", "MET": "leaf", "UPHELD": "clay",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """A verb: in which statuses, for which kinds of visitor and roles; `body` is the name under which the reason goes,
    and `fields` what the form asks besides."""

    name: str
    statuses: frozenset[str]
    roles: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset({"official", "operator"})
    tone: str = ""
    body: str = "reason"
    fields: tuple[Field, ...] = ()
    path: str = ""

    def may(self, visitor: Visitor, status: str) -> bool:
        """Whether to show the verb."""
        return (
            status in self.statuses
            and visitor.kind in self.kinds
            and (visitor.kind == "supplier" or has_any_role(visitor, self.roles))
        )


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of thing. `columns` are shown in the list, the first is its name; `facts` on its own page."""

    key: str
    path: str
    api: str
    id_name: str
    columns: tuple[str, ...]
    facts: tuple[str, ...]
    statuses: tuple[str, ...] = ()
    acts: tuple[Act, ...] = ()
    form: tuple[Field, ...] = ()
    form_kinds: frozenset[str] = frozenset({"official", "operator"})
    form_roles: frozenset[str] = frozenset()
    filters: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    has_page: bool = True

    def may_add(self, visitor: Visitor) -> bool:
        """Whether the visitor is offered the form."""
        return (
            bool(self.form)
            and visitor.kind in self.form_kinds
            and (visitor.kind == "supplier" or has_any_role(visitor, self.form_roles))
        )


def shown(page: Page, item: Mapping[str, Any], name: str) -> str:
    """A value of a record as people read it: days, instants, money, codes by their names, yes and no."""
    value = item.get(name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(page.t.records.yes if value else page.t.records.no)
    if name.endswith("_fen"):
        return money(int(value))
    if isinstance(value, int):
        return str(value) if "year" in name else f"{value:,}"
    if isinstance(value, list):
        return "、".join(_named(page, str(each), name) for each in value)
    return _named(page, str(value), name)


def _named(page: Page, value: str, name: str) -> str:
    """A day, an instant, or a code by its name; other text as it is."""
    if name.endswith("_on"):
        return page.day(value)
    if name.endswith("_at"):
        return page.time(value)
    tables = (_NAMED_BY[name],) if name in _NAMED_BY else ("record_status", "credit_list", "record_value")
    names = page.t.names
    return next((str(names[table][value]) for table in (*tables, "credit_kind") if value in names[table]), value)


def listing_for(page: Page, shelf: Shelf) -> Listing:
    """What the address asks for."""
    filters: dict[str, Collection[str] | None] = {
        name: set(page.t.names[table]) for name, table in shelf.filters.items()
    }
    if shelf.statuses:
        filters["status"] = set(shelf.statuses)
    return listing_of(page.request, path=shelf.path, filters=filters)


async def show_list(
    page: Page, services: Services, visitor: Visitor, shelf: Shelf, *, tabs: tuple[Shelf, ...] = ()
) -> Response:
    """The list of a shelf, with the tabs of its neighbours."""
    listing = listing_for(page, shelf)
    found = await services.catalog.get(shelf.api, visitor=visitor, params=listing.params())
    t = getattr(page.t.records, shelf.key)
    chosen = [
        Filter(name, label(page, name), [Choice(*each) for each in page.t.names[table].items()], page.t.records.all)
        for name, table in shelf.filters.items()
    ]
    if shelf.statuses:
        options = [Choice(each, page.t.names["record_status"][each]) for each in shelf.statuses]
        chosen.append(Filter("status", label(page, "status"), options, page.t.records.all))
    rows = [
        {
            "url": f"{shelf.path}/{item[shelf.id_name]}" if shelf.has_page else "",
            "cells": [(name, shown(page, item, name)) for name in shelf.columns],
            "status": item.get("status", ""),
            "tone": TONES.get(str(item.get("status")), ""),
        }
        for item in found["items"]
    ]
    return page.render(
        "records.html",
        t_own=t,
        shelf=shelf,
        listing=listing,
        rows=rows,
        next_cursor=found.get("next_cursor"),
        heads=[listing.head(label(page, name)) for name in shelf.columns],
        filters=chosen,
        tabs=[(getattr(page.t.records, each.key).title, each.path, each.key == shelf.key) for each in tabs],
        can_add=shelf.may_add(visitor),
        notice=page.t.records.done if page.request.query_params.get("done") else "",
    )


async def send_file(page: Page, services: Services, visitor: Visitor, shelf: Shelf, kind: str) -> Response:
    """The list as a file."""
    kind = "csv" if kind == "csv" else "xlsx"
    params = listing_for(page, shelf).export_params(format=kind)
    return await download(services.catalog, visitor, f"{shelf.api}/export", params)


async def show_one(
    page: Page,
    services: Services,
    visitor: Visitor,
    shelf: Shelf,
    record_id: UUID,
    *,
    template: str = "record.html",
    error: str = "",
    typed: Mapping[str, str] | None = None,
    status: int = 200,
    **more: Any,
) -> Response:
    """One of a shelf: facts, way, what the visitor may do, trail. After a refusal with what was typed."""
    answer = await services.catalog.answer("GET", f"{shelf.api}/{record_id}", visitor=visitor)
    item = answer.json
    acts = [each for each in shelf.acts if each.may(visitor, str(item.get("status")))]
    plain = [
        Verb(each.name, page.t.names["record_verb"][each.name], each.tone)
        for each in acts
        if not each.fields and not each.path
    ]
    forms = [each for each in acts if each.fields or each.path]
    return page.render(
        template,
        status=status,
        shelf=shelf,
        t_own=getattr(page.t.records, shelf.key),
        item=item,
        record_id=record_id,
        title=shown(page, item, shelf.columns[0]),
        etag=answer.headers.get("etag", ""),
        facts=[
            (label(page, name), shown(page, item, name)) for name in shelf.facts if item.get(name) not in (None, "")
        ],
        verbs=plain,
        forms=[
            (each, page.t.names["record_verb"][each.name], await drawn_fields(page, services, visitor, each.fields))
            for each in forms
        ],
        trail=trail_of(page, item),
        error=error,
        typed=Typed(typed or {}),
        notice=page.t.records.done if page.request.query_params.get("done") else "",
        shown=lambda each, name: shown(page, each, name),
        tones=TONES,
        **more,
    )


def trail_of(page: Page, item: Mapping[str, Any]) -> list[TrailEntry]:
    """What was done, the last first."""
    names = page.t.names
    return [
        TrailEntry(
            page.time(each["happened_at"]),
            names["record_who"].get(each["caller_kind"], each["caller_kind"]),
            names["record_verb"].get(each["verb"], each["verb"]),
            names["record_status"].get(each["from_status"], each["from_status"]),
            names["record_status"].get(each["to_status"], each["to_status"])
            if each["from_status"] != each["to_status"]
            else "",
            each["reason"],
        )
        for each in reversed(item.get("trail", []))
    ]


async def do(
    page: Page,
    services: Services,
    visitor: Visitor,
    shelf: Shelf,
    record_id: UUID,
    form: FormData,
    *,
    show: Callable[..., Awaitable[Response]],
) -> Response:
    """Do the verb that a form asks for; back to the page, which `show` draws with what was typed if it was refused."""
    act = next((each for each in shelf.acts if each.name == form.get("verb")), None)
    if act is None:
        raise NotFound("There is no such deed.", code="verb-unknown")
    target = act.path.format(id=record_id) or f"{shelf.api}/{record_id}/{act.name}"
    try:
        body = body_of(act.fields, form)
        if act.body:
            body[act.body] = str(form.get("reason", "")).strip()
        if act.name in _APPEALS:
            kind, subject = _APPEALS[act.name]
            body |= {"kind": kind, "subject_kind": subject, "subject_id": str(record_id)}
        await find_places(page, services, act.fields, body)
        await keep_files(services, visitor, act.fields, form, body)
        await services.catalog.answer(
            "POST",
            target,
            visitor=visitor,
            json=body,
            headers={
                "If-Match": str(form.get("etag", "")),
                "Idempotency-Key": str(form.get("key", "")) or str(new_id()),
            },
        )
    except REFUSED as refusal:
        typed = {name: str(value) for name, value in form.items() if isinstance(value, str)}
        return await show(
            page, services, visitor, record_id, error=page.told(refusal), typed=typed, status=refusal.status
        )
    return page.go(f"{shelf.path}/{record_id}", done="1")


async def show_form(
    page: Page,
    services: Services,
    visitor: Visitor,
    shelf: Shelf,
    *,
    typed: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The form for a new one; after a refusal with what was typed and what is wrong beside the field."""
    if not shelf.may_add(visitor):
        raise Forbidden("You may not add one here.", code="kind-not-allowed")
    given = dict(page.request.query_params) | dict(typed or {})
    return page.render(
        "record_form.html",
        status=refusal.status if refusal else 200,
        shelf=shelf,
        t_own=getattr(page.t.records, shelf.key),
        fields=await drawn_fields(page, services, visitor, shelf.form),
        typed=Typed({name: str(value) for name, value in given.items()}),
        error=page.told(refusal) if refusal else "",
        error_field=(refusal.field or "").split(".")[-1] if refusal else "",
    )


async def post_form(
    page: Page, services: Services, visitor: Visitor, shelf: Shelf, form: FormData, *, api: str = "", **more: Any
) -> Response:
    """Make a new one, and on to its page."""
    try:
        body = body_of(shelf.form, form) | more
        await find_places(page, services, shelf.form, body)
        await keep_files(services, visitor, shelf.form, form, body)
        made = await services.catalog.post(
            api or shelf.api,
            visitor=visitor,
            json=body,
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except REFUSED as refusal:
        typed = {name: value for name, value in form.items() if isinstance(value, str)}
        return await show_form(page, services, visitor, shelf, typed=typed, refusal=refusal)
    return page.go(f"{shelf.path}/{made[shelf.id_name]}" if shelf.has_page else shelf.path, done="1")
