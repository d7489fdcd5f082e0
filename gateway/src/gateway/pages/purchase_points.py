"""Purchase points: who keeps them, and suppliers who look for one near by."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.group_buy_view import places_of
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.parts import Head
from gateway.pages.place_field import place_code
from gateway.pages.promotion_form import MistypedError
from gateway.pages.reserve_purchases import KINDS, REFUSED, grams_of, kilograms
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/purchase-points"
API: Final = "/v1/purchase-points"
_STATUSES: Final = ("OPEN", "PAUSED", "CLOSED")
_TONES: Final = {"OPEN": "leaf", "PAUSED": "key", "CLOSED": "clay"}
_VERBS: Final = {"OPEN": ("pause", "close"), "PAUSED": ("reopen", "close"), "CLOSED": ()}
_WEEKDAYS: Final = ("1", "2", "3", "4", "5", "6", "7")
_FIELDS: Final = (
    "name",
    "recipient",
    "phone",
    "county_code",
    "address_detail",
    "opens_at",
    "closes_at",
    "capacity",
    "key",
)


def _points(page: Page, visitor: Visitor) -> ListPage:
    t, can_open = page.t.reserve, visitor.kind == "institution"
    new = (f"{PATH}/new", t.new_point)
    return ListPage(
        path=PATH,
        source=API,
        title=t.points,
        intro=t.points_intro,
        actions=[Action(t.new_point, f"{PATH}/new", is_main=True)] if can_open else [],
        filters=[choices("status", t.status, _STATUSES, page.t.names["point_status"], t.every_status)],
        also={"county_code": lambda value: len(value) == 6 and value.isascii() and value.isdecimal()},  # noqa: PLR2004
        row=lambda each: _row(each, page),
        columns=[
            Column(t.point, lambda each: Cell(each["name"], each["url"])),
            Column(t.status, lambda each: Cell(badges=[Badge(each["status_text"], each["tone"])])),
            Column(t.address, "address_detail"),
            Column(t.hours, "hours", is_figures=True),
            Column(t.phone, "phone", is_figures=True),
            Column(t.capacity, "capacity", is_number=True, unit=t.kg),
        ],
        empty=Empty(t.no_points, t.no_points_text, *new) if can_open else Empty(t.no_points, t.no_points_near),
    )


add_list(router, PATH, KINDS, _points)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, visitor: SignedIn) -> Response:
    """An empty form."""
    ensure_kind(visitor, "institution")
    return _form(page, Typed(opens_at="08:00", closes_at="17:00", key=str(new_id())), chosen=list(_WEEKDAYS[:5]))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Open it; what is refused comes back as it was typed."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, *_FIELDS)
    chosen = [each for each in map(str, form.getlist("weekdays")) if each in _WEEKDAYS]
    try:
        body = {name: typed[name] for name in _FIELDS if name not in {"capacity", "key"}} | {
            "county_code": await place_code(services, page, typed.county_code, field="county_code"),
            "capacity_g": grams_of(typed, "capacity"),
            "weekdays": [int(each) for each in chosen],
        }
        made = await services.orders.post(API, visitor=visitor, json=body, idempotency_key=typed.key or str(new_id()))
    except MistypedError as wrong:
        return _form(page, typed, chosen=chosen, wrong=wrong.field)
    except REFUSED as refusal:
        typed["key"] = str(new_id())
        return _form(page, typed, chosen=chosen, refusal=refusal)
    return page.go(f"{PATH}/{made['point_id']}", done="saved")


@router.get(f"{PATH}/{{point_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, point_id: UUID) -> Response:
    """One point with what is free in the two weeks to come."""
    ensure_kind(visitor, *KINDS)
    return await _show(page, services, visitor, point_id)


@router.post(f"{PATH}/{{point_id}}")
async def post_one(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, point_id: UUID) -> Response:
    """Pause, reopen or close it."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "verb", "revision", "key")
    if typed.verb not in {"pause", "reopen", "close"}:
        raise NotFound("There is no such step.", code="purchase-point-unknown")
    try:
        await services.orders.answer(
            "POST",
            f"{API}/{point_id}/{typed.verb}",
            visitor=visitor,
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except REFUSED as refusal:
        return await _show(page, services, visitor, point_id, refusal=refusal)
    return page.go(f"{PATH}/{point_id}", done="moved")


def _row(found: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        **found,
        "url": f"{PATH}/{found['point_id']}",
        "status_text": page.t.names["point_status"][found["status"]],
        "tone": _TONES[found["status"]],
        "hours": f"{found['opens_at'][:5]}–{found['closes_at'][:5]}",
        "capacity": kilograms(found["capacity_g"]),
    }


def _form(page: Page, typed: Typed, *, chosen: list[str], wrong: str = "", refusal: Refusal | None = None) -> Response:
    t = page.t.reserve
    return page.render(
        "point_form.html",
        status=422 if wrong else refusal.status if refusal else 200,
        typed=typed,
        errors=Typed({wrong: t.wrong} if wrong else {}),
        weekdays=[Choice(each, page.t.names["weekday"][each]) for each in _WEEKDAYS],
        chosen=chosen,
        error=page.told(refusal) if refusal else t.wrong if wrong else "",
    )


async def _show(
    page: Page, services: Services, visitor: Visitor, point_id: UUID, *, refusal: Refusal | None = None
) -> Response:
    t = page.t.reserve
    found = await services.orders.get(f"{API}/{point_id}", visitor=visitor)
    places = await places_of(services, [found["county_code"]], page)
    verbs = page.t.names["point_verb"]
    allowed = _VERBS[found["status"]] if visitor.kind == "institution" else ()
    return page.render(
        "point_one.html",
        status=refusal.status if refusal else 200,
        point=_row(found, page),
        facts=[
            (t.county, places[found["county_code"]]),
            (t.address, found["address_detail"]),
            (t.contact, f"{found['recipient']} {found['phone']}"),
            (t.open_days, " ".join(page.t.names["weekday"][str(each)] for each in found["weekdays"])),
            (t.hours, f"{found['opens_at'][:5]}–{found['closes_at'][:5]}"),
            (t.capacity, f"{kilograms(found['capacity_g'])} {t.kg}"),
        ],
        days=[
            {"day": page.day(each["day"]), "booked": kilograms(each["booked_g"]), "free": kilograms(each["free_g"])}
            for each in found["days"]
        ],
        heads=[Head(t.day), Head(t.booked, is_number=True, unit=t.kg), Head(t.free, is_number=True, unit=t.kg)],
        verbs=[(each, verbs[each]) for each in allowed],
        revision=found["revision"],
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        error=page.told(refusal) if refusal else "",
    )
