"""Reserve purchases: a unit files and submits them, suppliers read what was published and book a day at a point."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.group_buy_view import places_of
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.listing import download
from gateway.pages.parts import Head, TrailEntry, Verb
from gateway.pages.place_field import place_code
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import fen_of, whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/reserve-purchases"
API: Final = "/v1/reserve-purchases"
KINDS: Final = ("institution", "supplier", "official", "operator")
REFUSED: Final = (Conflict, Forbidden, Invalid, NotFound, Stale)
_STATUSES: Final = ("DRAFT", "APPROVING", "PUBLISHED", "ENDED", "ABANDONED")
_TONES: Final = {"PUBLISHED": "leaf", "APPROVING": "key", "ENDED": "clay", "ABANDONED": "clay"}
_VERBS: Final = {"DRAFT": ("submit", "abandon"), "APPROVING": ("withdraw",), "PUBLISHED": ("end",)}
_GRADES: Final = ("1", "2", "3")
_GRADE_FIELDS: Final = tuple(f"{name}_{number}" for number in _GRADES for name in ("grade", "criteria", "price"))
_FIELDS: Final = (
    "title",
    "category",
    "quality",
    "wanted",
    "budget",
    "counties",
    "first_on",
    "last_on",
    "key",
    *_GRADE_FIELDS,
)
_MOST_KG: Final = 10**9


def _filings(page: Page, visitor: Visitor) -> ListPage:
    t, can_file = page.t.reserve, visitor.kind == "institution"
    return ListPage(
        path=PATH,
        source=API,
        title=t.title,
        intro=t.intro,
        actions=[
            *([Action(t.new, f"{PATH}/new", is_main=True)] if can_file else []),
            Action(t.points, "/work/purchase-points"),
            Action(t.appointments, "/work/reserve-appointments"),
        ],
        filters=[choices("status", t.status, _STATUSES, page.t.names["reserve_status"], t.every_status)],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.name, lambda each: Cell(each["title"], each["url"], note=each["filing_number"])),
            Column(t.status, lambda each: Cell(badges=[Badge(each["status_text"], each["tone"])])),
            Column(t.days, "days", is_figures=True),
            Column(t.wanted, "wanted", is_number=True, unit=t.kg),
            Column(t.taken, "taken", is_number=True, unit=t.kg),
        ],
        empty=Empty(t.none, t.none_text, f"{PATH}/new", t.new) if can_file else Empty(t.none, t.none_published),
    )


add_list(router, PATH, KINDS, _filings)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, visitor: SignedIn) -> Response:
    """An empty form."""
    ensure_kind(visitor, "institution")
    return _form(page, Typed(key=str(new_id())))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; what is refused comes back as it was typed."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, *_FIELDS)
    try:
        body = await _body(services, page, typed)
        made = await services.orders.post(API, visitor=visitor, json=body, idempotency_key=typed.key or str(new_id()))
    except MistypedError as wrong:
        return _form(page, typed, wrong=wrong.field)
    except REFUSED as refusal:
        typed["key"] = str(new_id())
        return _form(page, typed, refusal=refusal)
    return page.go(f"{PATH}/{made['reserve_purchase_id']}", done="saved")


@router.get(f"{PATH}/{{filing_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, filing_id: UUID) -> Response:
    """One filing: its grades, what came of it by county, what may be done; for a supplier the booking."""
    ensure_kind(visitor, *KINDS)
    return await _show(page, services, visitor, filing_id, Typed(key=str(new_id())))


@router.get(f"{PATH}/{{filing_id}}/sums.{{kind}}")
async def get_sums(services: Services, visitor: SignedIn, filing_id: UUID, kind: str) -> Response:
    """What came of it by county, as csv or xlsx."""
    ensure_kind(visitor, "institution", "official", "operator")
    return await download(
        services.orders, visitor, f"{API}/{filing_id}/sums", {"format": "csv" if kind == "csv" else "xlsx"}
    )


@router.post(f"{PATH}/{{filing_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, filing_id: UUID
) -> Response:
    """One step further by the unit."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "verb", "reason", "revision", "key")
    if typed.verb not in {each for verbs in _VERBS.values() for each in verbs}:
        raise NotFound("There is no such step.", code="reserve-purchase-unknown")
    try:
        await services.orders.answer(
            "POST",
            f"{API}/{filing_id}/{typed.verb}",
            visitor=visitor,
            json=None if typed.verb == "submit" else {"reason": typed.reason[:300]},
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except REFUSED as refusal:
        return await _show(page, services, visitor, filing_id, Typed(key=str(new_id())), refusal=refusal)
    return page.go(f"{PATH}/{filing_id}", done="moved")


@router.post(f"{PATH}/{{filing_id}}/book")
async def post_book(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, filing_id: UUID
) -> Response:
    """A supplier books a day at a point; what is refused comes back as it was typed."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, "sku_id", "point_id", "day", "quantity", "key")
    try:
        body = {
            "reserve_purchase_id": str(filing_id),
            "point_id": _id_of(typed, "point_id"),
            "sku_id": _id_of(typed, "sku_id"),
            "day": day_of(typed, "day"),
            "quantity": whole_of(typed, "quantity"),
        }
        made = await services.orders.post(
            "/v1/reserve-appointments", visitor=visitor, json=body, idempotency_key=typed.key or str(new_id())
        )
    except MistypedError as wrong:
        return await _show(page, services, visitor, filing_id, typed, wrong=wrong.field)
    except REFUSED as refusal:
        typed["key"] = str(new_id())
        return await _show(page, services, visitor, filing_id, typed, refusal=refusal)
    return page.go(f"/work/reserve-appointments/{made['appointment_id']}", done="saved")


def grams_of(typed: Typed, name: str) -> int:
    """Kilograms with up to three decimals as grams. MistypedError."""
    try:
        grams = Decimal(typed[name].replace(",", "")) * 1000
    except InvalidOperation as error:
        raise MistypedError(name) from error
    if not grams.is_finite() or grams != grams.to_integral_value() or not 0 < grams <= _MOST_KG * 1000:
        raise MistypedError(name)
    return int(grams)


def kilograms(grams: int | None) -> str:
    """Grams as people read them."""
    return "" if grams is None else f"{grams / 1000:,.3f}".rstrip("0").rstrip(".")


def day_of(typed: Typed, name: str) -> str:
    """A day. MistypedError."""
    try:
        return date.fromisoformat(typed[name]).isoformat()
    except ValueError as error:
        raise MistypedError(name) from error


def trail_of(trail: list[dict[str, Any]], page: Page) -> list[TrailEntry]:
    """Who did what, the last deed first."""
    names = page.t.names
    return [
        TrailEntry(
            page.time(each["done_at"]),
            names["reserve_actor"].get(each["actor"], each["actor"]),
            names["reserve_verb"].get(each["verb"], each["verb"]),
            reason=each["reason"],
        )
        for each in reversed(trail)
    ]


def _id_of(typed: Typed, name: str) -> str:
    try:
        return str(UUID(typed[name]))
    except ValueError as error:
        raise MistypedError(name) from error


def _row(found: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        **found,
        "url": f"{PATH}/{found['reserve_purchase_id']}",
        "status_text": page.t.names["reserve_status"][found["status"]],
        "tone": _TONES.get(found["status"], ""),
        "days": f"{page.day(found['first_on'])} – {page.day(found['last_on'])}",
        "wanted": kilograms(found["wanted_g"]),
        "taken": kilograms(found["taken_g"]),
    }


async def _body(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    first_on = day_of(typed, "first_on")
    places = typed.counties.replace("、", "\n").replace(",", "\n").replace("，", "\n").split("\n")
    codes = [await place_code(services, page, each, field="counties") for each in places if each.strip()]
    if not codes:
        raise MistypedError("counties")
    return {
        "title": typed.title,
        "year": date.fromisoformat(first_on).year,
        "category": typed.category,
        "quality": typed.quality,
        "wanted_g": grams_of(typed, "wanted"),
        "budget_fen": fen_of(typed, "budget"),
        "county_codes": codes,
        "first_on": first_on,
        "last_on": day_of(typed, "last_on"),
        "grades": [
            {
                "name": typed[f"grade_{number}"],
                "criteria": typed[f"criteria_{number}"],
                "price_fen_per_kg": fen_of(typed, f"price_{number}"),
            }
            for number in _GRADES
            if number == "1" or typed[f"grade_{number}"]
        ],
    }


def _form(page: Page, typed: Typed, *, wrong: str = "", refusal: Refusal | None = None) -> Response:
    t = page.t.reserve
    errors = {wrong: t.wrong} if wrong else {}
    return page.render(
        "reserve_form.html",
        status=422 if wrong else refusal.status if refusal else 200,
        typed=typed,
        errors=Typed(errors),
        grades=_GRADES,
        categories=[Choice(code, name) for code, name in page.t.names["category"].items()],
        error=page.told(refusal) if refusal else t.wrong if wrong else "",
    )


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    filing_id: UUID,
    typed: Typed,
    *,
    wrong: str = "",
    refusal: Refusal | None = None,
) -> Response:
    path, t = f"{API}/{filing_id}", page.t.reserve
    found = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    codes = [*found["county_codes"], *(each["origin_county_code"] for each in found["sums"])]
    places = await places_of(services, filter(None, codes), page)
    can_book = visitor.kind == "supplier" and found["status"] == "PUBLISHED"
    packs: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    if can_book:
        packs = (await services.orders.get(f"{path}/packs", visitor=visitor))["items"]
        asked = {"unit_id": found["unit_id"], "status": "OPEN", "limit": 100}
        points = (await services.orders.get("/v1/purchase-points", visitor=visitor, params=asked))["items"]
    verbs = page.t.names["reserve_verb"]
    allowed = _VERBS.get(found["status"], ()) if visitor.kind == "institution" else ()
    return page.render(
        "reserve_one.html",
        status=422 if wrong else refusal.status if refusal else 200,
        filing=_row(found, page),
        facts=[
            (t.number, found["filing_number"]),
            (t.unit, found["unit_name"]),
            (t.days, f"{page.day(found['first_on'])} – {page.day(found['last_on'])}"),
            (t.category, page.t.names["category"].get(found["category"], found["category"])),
            (t.wanted, f"{kilograms(found['wanted_g'])} {t.kg}"),
            (t.taken, f"{kilograms(found['taken_g'])} {t.kg}"),
            (t.kept, f"{kilograms(found['kept_g'])} {t.kg}" if found["kept_g"] else ""),
            (t.budget, money(found["budget_fen"])),
            (t.counties, "、".join(places[each] for each in found["county_codes"])),
            (t.open_to_all, page.day(found["opens_to_all_on"]) if found["opens_to_all_on"] else ""),
            (t.quality, found["quality"]),
        ],
        grades=[each | {"price": money(each["price_fen_per_kg"])} for each in found["grades"]],
        grade_heads=[Head(t.grade), Head(t.criteria), Head(t.price, is_number=True)],
        sums=[
            {
                "place": places[each["origin_county_code"]] if each["origin_county_code"] else "",
                "first": t.yes if each["is_first"] else t.no,
                "count": each["appointment_count"],
                "booked": kilograms(each["booked_g"]),
                "weighed": kilograms(each["weighed_g"]),
                "money": money(each["money_fen"]),
            }
            for each in found["sums"]
        ],
        sum_heads=[
            Head(t.county),
            Head(t.first),
            Head(t.appointments, is_number=True),
            Head(t.booked, is_number=True, unit=t.kg),
            Head(t.weighed, is_number=True, unit=t.kg),
            Head(t.money, is_number=True),
        ],
        shows_sums=visitor.kind != "supplier",
        can_book=can_book,
        packs=[Choice(each["sku_id"], f"{each['product_title']} {each['specification']}") for each in packs],
        points=[Choice(each["point_id"], f"{each['name']} · {each['address_detail']}") for each in points],
        typed=typed,
        errors=Typed({wrong: t.wrong} if wrong else {}),
        verbs=[Verb(each, verbs[each], "main" if each == "submit" else "danger") for each in allowed],
        revision=found["revision"],
        key=str(new_id()),
        trail=trail_of(trail, page),
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        error=page.told(refusal) if refusal else t.wrong if wrong else "",
    )
