"""Harvests of crop orders: their supplier says what grew, looks at the shares, and confirms them once."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import crop_view
from gateway.pages.crop_view import HARVESTS
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Head
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_API: Final = "/v1/crop-harvests"
_KEY: Final = ("sku_id", "season_year", "season")
_MOST_DIGITS: Final = 7


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=HARVESTS)


@router.get(HARVESTS)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Seasons that wait for their harvest, and harvests that were declared."""
    ensure_kind(visitor, "supplier", "operator")
    listing, t = _listing(page), page.t.crops
    found = await services.orders.get(_API, visitor=visitor, params=listing.params())
    seasons = (
        (await services.orders.get(f"{_API}/seasons", visitor=visitor))["items"] if visitor.kind == "supplier" else []
    )
    return page.render(
        "crop_harvests.html",
        listing=listing,
        rows=[_row(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[
            Head(t.goods),
            Head(t.season),
            Head(t.declared_at),
            Head(t.harvested, is_number=True),
            Head(t.ordered, is_number=True),
            Head(t.shared, is_number=True),
        ],
        seasons=[_season(each, page) for each in seasons],
        season_heads=[
            Head(t.goods),
            Head(t.season),
            Head(t.harvest),
            Head(t.order_count, is_number=True),
            Head(t.ordered, is_number=True),
        ],
    )


@router.get(f"{HARVESTS}.{{form}}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """What was declared as csv or xlsx."""
    ensure_kind(visitor, "supplier", "operator")
    return await download(services.orders, visitor, f"{_API}/export", _listing(page).export_params(format=form))


@router.get(f"{HARVESTS}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """First how much, then what of it would be whose; nothing is written yet."""
    ensure_kind(visitor, "supplier")
    asked = page.request.query_params
    typed = Typed({name: asked.get(name, "").strip()[:60] for name in (*_KEY, "harvested_count")})
    return await _declare(page, services, visitor, typed)


@router.post(f"{HARVESTS}/declare")
async def post_declare(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Declare exactly what was looked at."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, *_KEY, "harvested_count", "note", "seen")
    try:
        body = _params(typed) | {"note": typed.note[:500], "seen": typed.seen}
        made = await services.orders.post(
            _API, visitor=visitor, json=body, idempotency_key=str(form.get("key") or new_id())
        )
    except MistypedError as wrong:
        return await _declare(page, services, visitor, typed, wrong=wrong.field)
    except (Conflict, Forbidden, Invalid) as refusal:
        return await _declare(page, services, visitor, typed, refusal=refusal)
    return page.go(f"{HARVESTS}/{made['harvest_id']}", done="declared")


@router.get(f"{HARVESTS}/{{harvest_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, harvest_id: UUID) -> Response:
    """A harvest that was shared: what each order got, and where it stands."""
    ensure_kind(visitor, "supplier", "operator")
    t = page.t.crops
    found = await services.orders.get(f"{_API}/{harvest_id}", visitor=visitor)
    row = _row(found, page)
    return page.render(
        "crop_harvest.html",
        notice=t.declared if page.request.query_params.get("done") == "declared" else "",
        harvest=row,
        facts=[
            (t.goods, row["goods"]),
            (t.season, row["season"]),
            (t.harvested, row["harvested"]),
            (t.ordered, row["ordered"]),
            (t.shared, row["shared"]),
            (t.surplus, row["surplus"]),
            (t.note, found["note"]),
            (t.declared_at, row["declared"]),
        ],
        rows=[crop_view.row_of(each, page) for each in found["shares"]],
        heads=[
            Head(t.number),
            Head(t.name),
            Head(t.status),
            Head(t.ordered, is_number=True),
            Head(t.allocated, is_number=True),
            Head(t.owed_back),
        ],
    )


async def _declare(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    wrong: str = "",
    refusal: Refusal | None = None,
) -> Response:
    t, shown = page.t.crops, None
    if typed.harvested_count and not wrong:
        try:
            shown = await services.orders.get(f"{_API}/preview", visitor=visitor, params=_params(typed))
        except MistypedError as mistyped:
            wrong = mistyped.field
        except (Conflict, Forbidden, Invalid) as refused:
            refusal = refusal or refused
    seasons = (await services.orders.get(f"{_API}/seasons", visitor=visitor))["items"]
    season = next((each for each in seasons if all(str(each[name]) == typed[name] for name in _KEY)), None)
    said = t.wrong if wrong else page.told(refusal) if refusal else ""
    return page.render(
        "crop_harvest_new.html",
        status=422 if wrong else refusal.status if refusal else 200,
        typed=typed,
        season=_season(season, page) if season else None,
        shown=shown,
        seen=shown["seen"] if shown else "",
        summary=t.sharing_sum(
            harvested=f"{shown['harvested_count']:,}",
            ordered=f"{shown['ordered_count']:,}",
            shared=f"{shown['shared_count']:,}",
            surplus=f"{shown['surplus_count']:,}",
        )
        if shown
        else "",
        passed_over="、".join(shown["passed_over"]) if shown else "",
        rows=crop_view.shares_of(shown["shares"], page) if shown else [],
        heads=[
            Head(t.number),
            Head(t.unit),
            Head(t.ordered, is_number=True),
            Head(t.allocated, is_number=True),
            Head(t.share_costs, is_number=True),
            Head(t.credits, is_number=True),
            Head(t.goes_back, is_number=True),
            Head(t.note),
        ],
        errors=Typed({wrong: said} if wrong else {}),
        error=said,
        key=str(new_id()),
    )


def _params(typed: Typed) -> dict[str, Any]:
    return {
        "sku_id": typed.sku_id,
        "season_year": _whole(typed, "season_year"),
        "season": typed.season,
        "harvested_count": _whole(typed, "harvested_count"),
    }


def _whole(typed: Typed, name: str) -> int:
    text = typed[name].replace(",", "")
    if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS:
        raise MistypedError(name)
    return int(text)


def _row(each: dict[str, Any], page: Page) -> dict[str, Any]:
    return {
        "url": f"{HARVESTS}/{each['harvest_id']}",
        "goods": f"{each['product_title']} {each['specification']}",
        "season": _season_name(each, page),
        "declared": page.time(each["declared_at"]),
        "harvested": f"{each['harvested_count']:,}",
        "ordered": f"{each['ordered_count']:,}",
        "shared": f"{each['shared_count']:,}",
        "surplus": f"{each['harvested_count'] - each['shared_count']:,}",
    }


def _season(each: dict[str, Any], page: Page) -> dict[str, Any]:
    return {
        "url": f"{HARVESTS}/new?sku_id={each['sku_id']}&season_year={each['season_year']}&season={each['season']}",
        "goods": f"{each['product_title']} {each['specification']}",
        "season": _season_name(each, page),
        "harvest": f"{page.day(each['harvest_from_on'])} – {page.day(each['harvest_until_on'])}",
        "orders": f"{each['order_count']:,}",
        "ordered": f"{each['ordered_count']:,}",
    }


def _season_name(each: dict[str, Any], page: Page) -> str:
    season = page.t.names["crop_season"][each["season"]]
    return str(page.t.crops.season_of(year=each["season_year"], season=season))
