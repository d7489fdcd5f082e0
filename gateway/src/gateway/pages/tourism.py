"""Places to visit with the shops beside them, short routes, and the calendar of sales fairs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import harvest_view as view
from gateway.pages.account import Choice
from gateway.pages.cards import cards_of, in_language
from gateway.pages.figures import large_yuan, month_text
from gateway.pages.places import province_name
from gateway.pages.regions import book
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from shared.clock import business_day, utc_now

router = APIRouter(default_response_class=Response)

_KINDS = ("folk", "heritage", "red", "craft", "scenery", "farm")
_SHOWN_CARDS = 8


@dataclass(frozen=True, slots=True)
class Trip:
    """A route made ready to draw."""

    route_id: str
    name: str
    description: str
    length: str
    season: tuple[bool, ...]
    season_label: str
    stops: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FairLine:
    """A fair in the calendar."""

    url: str
    name: str
    description: str
    place: str
    day: str
    month: str
    days: str
    organiser: str
    sellers: str
    deals: str
    is_past: bool


def trip_of(route: Mapping[str, Any], page: Page) -> Trip:
    """A route with its stops."""
    months = set(route["months"])
    t = page.t.tourism
    return Trip(
        route_id=str(route["route_id"]),
        name=in_language(route, "name", page.language),
        description=in_language(route, "description", page.language),
        length=t.length(days=route["day_count"], km=f"{route['distance_m'] / 1000:,.0f}"),
        season=tuple(month in months for month in view.MONTHS),
        season_label=" ".join(month_text(month, page.language) for month in route["months"]),
        stops=[
            (in_language(spot, "name", page.language), f"/tourism/spots/{spot['spot_id']}") for spot in route["spots"]
        ],
    )


@router.get("/tourism")
async def get_tourism(page: PageDep, services: Services) -> Response:
    """Spots by kind, month and region, and the routes that join them."""
    query = page.request.query_params
    kind = query.get("kind", "") if query.get("kind", "") in _KINDS else ""
    text = query.get("month", "")
    month = int(text) if text in {str(each) for each in view.MONTHS} else 0
    region = view.code_of(page.request, "region")
    spots, routes, provinces = await asyncio.gather(
        services.catalog.get(
            "/v1/tourism/spots",
            visitor=None,
            params={
                "kind": kind or None,
                "month": month or None,
                "region": region or None,
                "status": "PUBLISHED",
                "limit": 18,
                "cursor": query.get("cursor", "")[:1000] or None,
            },
        ),
        services.catalog.get(
            "/v1/tourism/routes", visitor=None, params={"region": region or None, "status": "PUBLISHED", "limit": 40}
        ),
        book.children(services, ""),
    )
    trips = [route for route in routes["items"] if not month or month in route["months"]]
    chosen = {"kind": kind, "month": month or "", "region": region}
    kinds = [Choice("", page.t.tourism.all_kinds), *(Choice(each, page.t.names["spot_kind"][each]) for each in _KINDS)]
    next_cursor = spots["next_cursor"]
    return page.render(
        "tourism.html",
        spots=spots["items"],
        trips=[trip_of(route, page) for route in trips],
        kinds=[(each, view.address("/tourism", **(chosen | {"kind": each.value}))) for each in kinds],
        kind=kind,
        month=month,
        region=region,
        months=[Choice(str(each), month_text(each, page.language)) for each in view.MONTHS],
        provinces=[
            Choice(each["code"], province_name(each["code"], each["name"], page.language)) for each in provinces
        ],
        next_url=view.address("/tourism", **chosen, cursor=next_cursor) if next_cursor else "",
        **view.spot_drawing(page),
    )


@router.get("/tourism/spots/{spot_id}")
async def get_spot(page: PageDep, services: Services, spot_id: UUID) -> Response:
    """A spot, what grows there, who sells beside it, and what of the county is on sale."""
    spot = await services.catalog.get(f"/v1/tourism/spots/{spot_id}", visitor=page.visitor)
    params: dict[str, str | int] = {"county": spot["county_code"], "limit": _SHOWN_CARDS}
    listed = await services.catalog.get("/v1/products", visitor=None, params=params)
    return page.render(
        "spot.html",
        spot=spot,
        name=in_language(spot, "name", page.language),
        description=in_language(spot, "description", page.language),
        trips=[trip_of(route, page) for route in spot["routes"]],
        shops=[
            (in_language(each, "name", page.language), in_language(each, "story", page.language), each["supplier_id"])
            for each in spot["shops"]
        ],
        produce=view.things_of([each["product_name"] for each in spot["produce"]], page.language, 12),
        cards=cards_of(listed["items"], page.language),
        county_url=view.address("/origins", region=spot["county_code"]),
        shop_url=view.address("/products", county=spot["county_code"]),
        **view.spot_drawing(page),
    )


def fair_line(fair: Mapping[str, Any], today: date, page: Page) -> FairLine:
    """A fair made ready to draw."""
    first, last = date.fromisoformat(fair["from_on"]), date.fromisoformat(fair["until_on"])
    t = page.t.fairs
    span = page.day(fair["from_on"]) if first == last else f"{page.day(fair['from_on'])} – {page.day(fair['until_on'])}"
    deals = t.deals(count=fair["deal_count"], amount=large_yuan(fair["deal_amount_fen"], page.language))
    return FairLine(
        url=f"/fairs/{fair['fair_id']}",
        name=in_language(fair, "name", page.language),
        description=in_language(fair, "description", page.language),
        place=f"{fair['place']} {fair['venue']}",
        day=str(first.day),
        month=month_text(first.month, page.language),
        days=span,
        organiser=str(fair["organiser"]),
        sellers=t.sellers(fair["participant_count"]),
        deals=deals if fair["deal_count"] else "",
        is_past=last < today,
    )


@router.get("/fairs")
async def get_fairs(page: PageDep, services: Services) -> Response:
    """The fairs to come, and what was agreed at those that are past."""
    found = await services.catalog.get("/v1/fairs", visitor=None, params={"status": "ANNOUNCED", "limit": 100})
    today = business_day(utc_now())
    fairs = [fair_line(fair, today, page) for fair in found["items"]]
    return page.render(
        "fairs.html",
        coming=[fair for fair in fairs if not fair.is_past],
        past=[fair for fair in reversed(fairs) if fair.is_past],
    )


@router.get("/fairs/{fair_id}")
async def get_fair(page: PageDep, services: Services, fair_id: UUID) -> Response:
    """A fair with who takes part."""
    fair = await services.catalog.get(f"/v1/fairs/{fair_id}", visitor=None)
    return page.render(
        "fair.html",
        fair=fair_line(fair, business_day(utc_now()), page),
        participants=fair["participants"],
    )
