"""Delivery tariffs, a line at a time: a supplier's own beside the platform's, which operators keep."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import download, listing_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Invalid, Refusal, Stale
from shared.etag import etag_of

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/delivery-tariffs"
_FIELDS: Final = (
    "temperature_class",
    "region_prefix",
    "not_served",
    "first_kg",
    "first",
    "step_kg",
    "step",
    "free_from",
)
_PREFIX_LENGTHS: Final = (0, 2, 4, 6)
_MOST_FEN: Final = 10**8
_MOST_G: Final = 10**7


async def show(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    typed: Typed | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
    error: str = "",
) -> Response:
    """The lines as they are now, with the form as it was typed or filled with the line that is to be changed."""
    ensure_kind(visitor, "supplier", "operator")
    found = await services.orders.get("/v1/delivery-tariffs", visitor=visitor)
    query, t = page.request.query_params, page.t.tariffs
    chosen = next((each for each in found["own"] if query.get("line") == place_of(each)), None)
    listing = listing_of(page.request, path=PATH)
    return page.render(
        "tariffs.html",
        status=status,
        revision=found["revision"],
        own=[_row(each, page) for each in found["own"]],
        platform=[] if visitor.kind == "operator" else [_row(each, page) for each in found["platform"]],
        heads=[
            listing.head(t.temperature),
            listing.head(t.region),
            listing.head(t.first, is_number=True),
            listing.head(t.step, is_number=True),
            listing.head(t.free, is_number=True),
        ],
        classes=[Choice(key, name) for key, name in page.t.names["temperature_class"].items()],
        typed=typed or (typed_from(chosen) if chosen else Typed()),
        errors=Typed(errors or {}),
        error=error,
        notice=page.t.names["tariffs_done"].get(query.get("done", ""), ""),
    )


def place_of(tariff: dict[str, Any]) -> str:
    """What a line is known by."""
    return f"{tariff['temperature_class']}:{tariff['region_prefix']}"


def typed_from(tariff: dict[str, Any]) -> Typed:
    """A line as its form types it."""
    free = tariff["free_from_fen"]
    return Typed(
        temperature_class=tariff["temperature_class"],
        region_prefix=tariff["region_prefix"],
        not_served="" if tariff["is_served"] else "yes",
        first_kg=_short(tariff["first_g"], 1000),
        first=_short(tariff["first_fen"], 100),
        step_kg=_short(tariff["step_g"], 1000),
        step=_short(tariff["step_fen"], 100),
        free_from="" if free is None else _short(free, 100),
    )


def _short(value: int, unit: int) -> str:
    return f"{Decimal(value) / unit:f}"


def _row(tariff: dict[str, Any], page: Page) -> dict[str, Any]:
    t, free = page.t.tariffs, tariff["free_from_fen"]
    kind = tariff["temperature_class"]
    return {
        "place": place_of(tariff),
        "temperature": page.t.names["temperature_class"].get(kind, kind) if kind else t.any_class,
        "region": tariff["region_prefix"] or t.anywhere,
        "is_served": tariff["is_served"],
        "first": t.up_to(fee=money(tariff["first_fen"]), kg=_short(tariff["first_g"], 1000)),
        "step": t.each_more(fee=money(tariff["step_fen"]), kg=_short(tariff["step_g"], 1000)),
        "free": t.never if free is None else money(free),
    }


@router.get(PATH)
async def get_tariffs(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What carriage costs."""
    return await show(page, services, visitor)


@router.get(f"{PATH}.csv")
async def get_tariffs_csv(services: Services, visitor: SignedIn) -> Response:
    """The lines as CSV."""
    return await _export(services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_tariffs_xlsx(services: Services, visitor: SignedIn) -> Response:
    """The lines as xlsx."""
    return await _export(services, visitor, "xlsx")


async def _export(services: Services, visitor: Visitor, form: str) -> Response:
    ensure_kind(visitor, "supplier", "operator")
    return await download(services.orders, visitor, "/v1/delivery-tariffs/export", {"format": form})


@router.post(PATH)
async def post_line(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Put one line, in place of the one of the same class and region; what is refused comes back as it was typed."""
    ensure_kind(visitor, "supplier", "operator")
    typed = typed_of(form, *_FIELDS)
    line, errors = line_of(typed, page.t.tariffs.wrong)
    if errors:
        return await show(page, services, visitor, typed=typed, status=422, errors=errors)
    try:
        await _replace(services, visitor, form, without=place_of(line), put=[line])
    except (Invalid, Stale) as refusal:
        return await show(page, services, visitor, typed=typed, status=refusal.status, error=page.told(refusal))
    return page.go(PATH, done="saved")


@router.post(f"{PATH}/remove")
async def post_remove(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Take a line out; one that is not there is gone already."""
    ensure_kind(visitor, "supplier", "operator")
    try:
        await _replace(services, visitor, form, without=str(form.get("line", "")), put=[])
    except Refusal as refusal:
        return await show(page, services, visitor, status=refusal.status, error=page.told(refusal))
    return page.go(PATH, done="removed")


async def _replace(
    services: Services, visitor: Visitor, form: FormData, *, without: str, put: list[dict[str, Any]]
) -> None:
    """The lines that the visitor saw, with one changed. Stale where they are not those any more."""
    found = await services.orders.get("/v1/delivery-tariffs", visitor=visitor)
    tag = etag_of(found["revision"])
    if form.get("revision") != str(found["revision"]):
        raise Stale("It was changed in the meantime.", code="stale", current_etag=tag)
    kept = [
        {name: value for name, value in each.items() if name != "supplier_id"}
        for each in found["own"]
        if place_of(each) != without
    ]
    await services.orders.put("/v1/delivery-tariffs", visitor=visitor, json={"tariffs": [*kept, *put]}, if_match=tag)


def line_of(typed: Typed, wrong: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A line as orders takes it, and the fields that cannot be read."""
    errors: dict[str, str] = {}

    def number(field: str, unit: int, most: int, *, least: int = 0) -> int:
        try:
            value = Decimal(typed[field] or "x") * unit
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value != value.to_integral_value() or not least <= value <= most:
            errors[field] = wrong
            return least
        return int(value)

    prefix = typed.region_prefix
    if len(prefix) not in _PREFIX_LENGTHS or not (prefix == "" or (prefix.isascii() and prefix.isdigit())):
        errors["region_prefix"] = wrong
    line = {
        "temperature_class": typed.temperature_class,
        "region_prefix": prefix,
        "is_served": typed.not_served != "yes",
        "first_g": number("first_kg", 1000, _MOST_G),
        "first_fen": number("first", 100, _MOST_FEN),
        "step_g": number("step_kg", 1000, _MOST_G, least=1),
        "step_fen": number("step", 100, _MOST_FEN),
        "free_from_fen": number("free_from", 100, _MOST_FEN) if typed.free_from else None,
    }
    return line, errors
