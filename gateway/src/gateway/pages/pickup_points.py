"""Pickup points for who keeps them: the list, a new one, and one with its facts, its state and what was done."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head, TrailEntry, Verb
from gateway.pages.place_field import place_code, show_place
from gateway.pages.region_filter import region_choices
from gateway.pages.regions import place_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/pickup-points"
_API: Final = "/v1/pickup-points"
_FIELDS: Final = ("county_code", "name", "address", "open_hours", "phone", "capacity", "revision")
_STATUSES: Final = ("OPEN", "CLOSED")
_STORAGES: Final = ("CHILLED", "FROZEN")
_SERVICES: Final = ("RETURNS", "SENDING", "HOME", "HELP", "WEIGHING")
_MANAGERS: Final = frozenset({"agriculture", "assistance", "township", "decider"})
_REFUSED: Final = (Conflict, Invalid, Stale, Forbidden)
_MOST_DIGITS: Final = 6


def may_keep(visitor: Visitor) -> bool:
    """Whether the visitor's task is to keep points; of which county, the service decides."""
    return visitor.kind == "operator" or not visitor.roles.isdisjoint(_MANAGERS)


def _listing(page: Page) -> Listing:
    filters = {"region_code": None, "status": _STATUSES, "storage": _STORAGES}
    return listing_of(page.request, path=PATH, filters=filters)


def _params(listing: Listing, visitor: Visitor, *, is_file: bool = False) -> dict[str, str | int]:
    """An official of one region begins with that."""
    params = listing.export_params() if is_file else listing.params()
    if not listing.values.region_code and len(visitor.regions) == 1:
        params["region_code"] = visitor.regions[0]
    return params


@router.get(PATH)
async def get_points(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Points by county and name."""
    ensure_kind(visitor, "official", "operator")
    listing, t, names = _listing(page), page.t.pickup_points, page.t.names
    found = await services.logistics.get(_API, visitor=visitor, params=_params(listing, visitor))
    return page.render(
        "pickup_points.html",
        listing=listing,
        rows=[
            each
            | {
                "place": await _place(services, each["county_code"], page),
                "keeps": page.t.orders.separator.join(names["pickup_storage"][name] for name in each["storages"]),
            }
            for each in found["items"]
        ],
        heads=[
            Head(t.name),
            Head(t.place),
            Head(t.address),
            Head(t.keeps),
            Head(t.capacity, is_number=True),
            Head(t.state),
        ],
        filters=[
            Filter(
                "region_code",
                t.place,
                await region_choices(services, visitor, listing.values.region_code, page.language),
                t.everywhere,
            ),
            Filter("status", t.state, [Choice(each, names["pickup_status"][each]) for each in _STATUSES], t.any_state),
            Filter(
                "storage", t.keeps, [Choice(each, names["pickup_storage"][each]) for each in _STORAGES], t.any_storage
            ),
        ],
        next_cursor=found.get("next_cursor"),
        can_add=may_keep(visitor),
    )


@router.get(PATH + ".{kind}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The list as csv or xlsx."""
    ensure_kind(visitor, "official", "operator")
    params = _params(_listing(page), visitor, is_file=True) | {"format": "csv" if kind == "csv" else "xlsx"}
    return await download(services.logistics, visitor, f"{_API}/export", params)


@router.get(PATH + "/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form, in the official's own county."""
    ensure_kind(visitor, "official", "operator")
    typed = Typed(county_code=visitor.regions[0] if visitor.regions else "")
    await show_place(services, page, typed, "county_code")
    return _form(page, typed, chosen={})


@router.post(PATH + "/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Open it; a refusal brings the form back as it was."""
    ensure_kind(visitor, "official", "operator")
    typed, chosen = typed_of(form, *_FIELDS), _chosen(form)
    key = str(form.get("key", "")) or str(new_id())
    try:
        body = await _body(services, page, typed, chosen)
        made = await services.logistics.post(_API, visitor=visitor, json=body, idempotency_key=key)
    except _REFUSED as refusal:
        return _form(page, typed, chosen=chosen, refusal=refusal)
    return page.go(f"{PATH}/{made['pickup_point_id']}", done="saved")


@router.get(PATH + "/{point_id}")
async def get_point(page: PageDep, services: Services, visitor: SignedIn, point_id: UUID) -> Response:
    """One point."""
    ensure_kind(visitor, "official", "operator")
    return await _show(page, services, visitor, point_id)


@router.post(PATH + "/{point_id}")
async def post_point(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, point_id: UUID
) -> Response:
    """Save what was changed."""
    ensure_kind(visitor, "official", "operator")
    typed, chosen = typed_of(form, *_FIELDS), _chosen(form)
    try:
        body = await _body(services, page, typed, chosen)
        await services.logistics.put(f"{_API}/{point_id}", visitor=visitor, json=body, if_match=f'"{typed.revision}"')
    except _REFUSED as refusal:
        return await _show(page, services, visitor, point_id, typed=typed, chosen=chosen, refusal=refusal)
    return page.go(f"{PATH}/{point_id}", done="saved")


@router.post(PATH + "/{point_id}/decision")
async def post_move(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, point_id: UUID
) -> Response:
    """Close it, or open it again."""
    ensure_kind(visitor, "official", "operator")
    typed = typed_of(form, "verb", "reason", "revision")
    if typed.verb not in {"close", "open"}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    headers = {"If-Match": f'"{typed.revision}"'}
    try:
        await services.logistics.answer(
            "POST",
            f"{_API}/{point_id}/{typed.verb}",
            visitor=visitor,
            json={"reason": typed.reason},
            headers=headers,
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, point_id, reason=typed.reason, refusal=refusal)
    return page.go(f"{PATH}/{point_id}", done="moved")


def _chosen(form: FormData) -> dict[str, list[str]]:
    known = {"services": _SERVICES, "storages": _STORAGES}
    return {name: [each for each in map(str, form.getlist(name)) if each in known[name]] for name in known}


async def _body(services: Services, page: Page, typed: Typed, chosen: dict[str, list[str]]) -> dict[str, Any]:
    code = await place_code(services, page, typed.county_code, field="county_code")
    capacity = typed.capacity
    is_number = capacity.isascii() and capacity.isdigit() and len(capacity) <= _MOST_DIGITS
    facts = {name: typed[name] for name in ("name", "address", "open_hours", "phone")}
    return facts | chosen | {"county_code": code, "capacity": int(capacity) if is_number else 0}


def _form(page: Page, typed: Typed, *, chosen: dict[str, list[str]], refusal: Refusal | None = None) -> Response:
    errors, error = _errors(refusal, page)
    return page.render(
        "pickup_point_new.html",
        status=refusal.status if refusal else 200,
        typed=typed,
        errors=Typed(errors),
        error=error,
        **_options(page, chosen),
    )


def _options(page: Page, chosen: dict[str, list[str]]) -> dict[str, Any]:
    names = page.t.names
    return {
        "service_choices": [Choice(each, names["pickup_service"][each]) for each in _SERVICES],
        "storage_choices": [Choice(each, names["pickup_storage"][each]) for each in _STORAGES],
        "chosen_services": chosen.get("services", []),
        "chosen_storages": chosen.get("storages", []),
    }


def _errors(refusal: Refusal | None, page: Page) -> tuple[dict[str, str], str]:
    if refusal is None:
        return {}, ""
    errors = {name: told for name, told in told_errors(refusal, page).items() if name in {*_FIELDS, "reason"}}
    return errors, "" if errors else page.told(refusal)


async def _place(services: Services, code: str, page: Page) -> str:
    try:
        return await place_of(services, code, page.language)
    except Refusal:
        return code


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    point_id: UUID,
    *,
    typed: Typed | None = None,
    chosen: dict[str, list[str]] | None = None,
    reason: str = "",
    refusal: Refusal | None = None,
) -> Response:
    item = await services.logistics.get(f"{_API}/{point_id}", visitor=visitor)
    t, names = page.t.pickup_points, page.t.names
    changes, can_keep = await _changes(page, services, visitor, point_id)
    if typed is None:
        typed = Typed({name: str(item[name]) for name in _FIELDS})
        await show_place(services, page, typed, "county_code")
    if chosen is None:
        chosen = {name: item[name] for name in ("services", "storages")}
    errors, error = _errors(refusal, page)
    done = page.request.query_params.get("done", "")
    is_open = item["status"] == "OPEN"
    return page.render(
        "pickup_point.html",
        status=refusal.status if refusal else 200,
        item=item,
        facts=[
            (t.place, await _place(services, item["county_code"], page)),
            (t.address, item["address"]),
            (t.open_hours, item["open_hours"]),
            (t.phone, item["phone"]),
            (t.services, page.t.orders.separator.join(names["pickup_service"][each] for each in item["services"])),
            (t.keeps, page.t.orders.separator.join(names["pickup_storage"][each] for each in item["storages"])),
            (t.capacity, str(item["capacity"])),
        ],
        state=names["pickup_status"][item["status"]],
        is_open=is_open,
        can_keep=can_keep,
        typed=typed,
        errors=Typed(errors),
        error=error,
        reason=reason,
        verb=Verb("close", t.close, "danger") if is_open else Verb("open", t.open),
        trail=changes,
        notice={"saved": t.saved, "moved": t.moved}.get(done, "") if not refusal else "",
        **_options(page, chosen),
    )


async def _changes(page: Page, services: Services, visitor: Visitor, point_id: UUID) -> tuple[list[TrailEntry], bool]:
    """What was done, the latest first, for who keeps the point; nothing, and no forms, for who only looks."""
    try:
        found = await services.logistics.get(f"{_API}/{point_id}/changes", visitor=visitor)
    except Forbidden:
        return [], False
    kinds, verbs = page.t.names["caller_kind"], page.t.names["pickup_verb"]
    entries = [
        TrailEntry(
            at=page.time(each["changed_at"]),
            who=kinds.get(each["caller_kind"], each["caller_kind"]),
            what=verbs[each["verb"]],
            reason=each["reason"],
        )
        for each in reversed(found["items"])
    ]
    return entries, True
