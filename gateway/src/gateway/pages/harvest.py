"""Where food comes from and what is in season: the provinces as tiles, a county's register, the year by month."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.pages import harvest_view as view
from gateway.pages.cards import cards_of, season_text
from gateway.pages.drawings import product_picture, product_text
from gateway.pages.places import place_name, province_name
from gateway.pages.regions import book
from gateway.pages.shell import Page, PageDep
from gateway.services import Params, Services
from shared.clock import business_day, utc_now
from shared.errors import NotFound

router = APIRouter(default_response_class=Response)

_SHOWN_CROPS = 36
_READ_CROPS = 300
_SHOWN_CARDS = 8
_ENTRIES = 60


@dataclass(frozen=True, slots=True)
class EntryRow:
    """What a village or enterprise grows, in a county's register."""

    name: str
    picture: str
    holder: str
    scale: str
    output: str
    season: tuple[bool, ...]
    season_label: str
    price: str
    operator: str
    contact: str
    persons: str


def _month(request: Request) -> int:
    text = request.query_params.get("month", "")
    is_month = text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= 12  # noqa: PLR2004
    return int(text) if is_month else business_day(utc_now()).month


@router.get("/origins")
async def get_origins(page: PageDep, services: Services) -> Response:
    """The provinces; with `region` the counties of one, or one county's register. `month` chooses the season."""
    region = view.code_of(page.request, "region")
    if region.endswith("00"):
        return await _area(page, services, region)
    if region:
        return await _county(page, services, region)
    month = _month(page.request)
    areas, months = await asyncio.gather(
        services.catalog.get("/v1/harvest/areas", visitor=None, params={"level": "province", "month": month}),
        services.catalog.get("/v1/harvest/months", visitor=None),
    )
    is_table = page.request.query_params.get("view") == "table"
    rows = sorted(areas["rows"], key=lambda row: -int(row["in_season_count"]))
    return page.render(
        "origins.html",
        month=month,
        year=areas["year"],
        months=_months(page, months, "/origins", month, view="table" if is_table else ""),
        is_table=is_table,
        tiles=view.tiles(areas["rows"], month, page),
        provinces=[(row["code"][:2], view.county_of(row, month, page), row) for row in rows],
        names=page.t.names["province"],
        map_url=view.address("/origins", month=month),
        table_url=view.address("/origins", month=month, view="table"),
        totals=_totals(rows, page),
    )


def _months(page: Page, months: Mapping[str, Any], path: str, chosen: int, **kept: object) -> list[view.MonthChoice]:
    now = business_day(utc_now()).month
    return view.month_choices(months["months"], path=path, chosen=chosen, now=now, page=page, **kept)


def _totals(rows: list[dict[str, Any]], page: Page) -> list[tuple[str, str]]:
    t = page.t.origins
    return [
        (t.total_provinces, f"{len(rows):,}"),
        (t.total_counties, f"{sum(int(row['county_count']) for row in rows):,}"),
        (t.total_in_season, f"{sum(int(row['in_season_count']) for row in rows):,}"),
        (t.total_unsold, view.weight_text(sum(int(row["unsold_g"]) for row in rows), page.language)),
    ]


async def _area(page: Page, services: Services, region: str) -> Response:
    month = _month(page.request)
    params: Params = {"level": "county", "region": region, "month": month}
    areas, months, found = await asyncio.gather(
        services.catalog.get("/v1/harvest/areas", visitor=None, params=params),
        services.catalog.get("/v1/harvest/months", visitor=None, params={"region": region}),
        services.catalog.get(f"/v1/regions/{region}", visitor=None),
    )
    cities = await book.children(services, f"{region[:2]}0000")
    names = {each["code"]: each["name"] for each in cities if each["level"] == "city"}
    shop: Params = {"province" if region.endswith("0000") else "city": region, "limit": _SHOWN_CARDS, "season": "now"}
    listed = await services.catalog.get("/v1/products", visitor=None, params=shop)
    return page.render(
        "origin_area.html",
        month=month,
        region=region,
        name=_region_name(found, page),
        parents=_parents(found, month, page),
        months=_months(page, months, "/origins", month, region=region),
        groups=view.county_groups(areas["rows"], names, month, page),
        cards=cards_of(listed["items"], page.language),
        shop_url=view.address("/products", **{"province" if region.endswith("0000") else "city": region}),
    )


async def _county(page: Page, services: Services, region: str) -> Response:
    month = _month(page.request)
    scope: Params = {"region": region}
    found, areas, months, entries, spots, listed, units = await asyncio.gather(
        services.catalog.get(f"/v1/regions/{region}", visitor=None),
        services.catalog.get(
            "/v1/harvest/areas", visitor=None, params={"level": "county", "region": region, "month": month}
        ),
        services.catalog.get("/v1/harvest/months", visitor=None, params=scope),
        services.catalog.get(
            "/v1/supply-entries",
            visitor=None,
            params={"region": region, "status": "CONFIRMED", "limit": _ENTRIES, "cursor": _cursor(page.request)},
        ),
        services.catalog.get("/v1/tourism/spots", visitor=None, params={"region": region, "limit": 6}),
        services.catalog.get("/v1/products", visitor=None, params={"county": region, "limit": _SHOWN_CARDS}),
        services.catalog.get("/v1/scale-units", visitor=None),
    )
    if found["level"] != "county" and not areas["rows"]:
        raise NotFound("There is no such county.", code="region-unknown")
    unit_names = {each["id"]: each[page.language] for each in units["items"]}
    county = view.county_of(areas["rows"][0], month, page) if areas["rows"] else None
    next_cursor = entries["next_cursor"]
    return page.render(
        "origin_county.html",
        month=month,
        region=region,
        name=_region_name(found, page),
        parents=_parents(found, month, page),
        months=_months(page, months, "/origins", month, region=region),
        county=county,
        entries=[_entry(each, unit_names, page) for each in entries["items"]],
        total=entries["total"],
        next_url=view.address("/origins", region=region, month=month, cursor=next_cursor) if next_cursor else "",
        spots=spots["items"],
        cards=cards_of(listed["items"], page.language),
        shop_url=view.address("/products", county=region),
        **view.spot_drawing(page),
    )


def _cursor(request: Request) -> str | None:
    return request.query_params.get("cursor", "")[:1000] or None


def _region_name(found: Mapping[str, Any], page: Page) -> str:
    if found["level"] == "province":
        return province_name(str(found["code"]), str(found["name"]), page.language)
    return place_name(str(found["name"]), page.language)


def _parents(found: Mapping[str, Any], month: int, page: Page) -> list[tuple[str, str]]:
    """The way back: (name, address)."""
    way = [(page.t.origins.country, view.address("/origins", month=month))]
    if found["level"] != "province":
        province = province_name(str(found["province_code"]), str(found["province"]), page.language)
        way.append((province, view.address("/origins", region=found["province_code"], month=month)))
    if found["level"] == "county" and found.get("city_code"):
        city = place_name(str(found["city"]), page.language)
        way.append((city, view.address("/origins", region=found["city_code"], month=month)))
    return way


def _entry(entry: Mapping[str, Any], units: Mapping[str, str], page: Page) -> EntryRow:
    first, last = int(entry["season_from_month"]), int(entry["season_to_month"])
    name = str(entry["product_name"])
    unit = units.get(str(entry["scale_unit"]), "")
    return EntryRow(
        name=product_text(name, page.language),
        picture=product_picture(name),
        holder=" · ".join(part for part in (entry["township"], entry["village"] or entry["enterprise"]) if part),
        scale=f"{entry['scale_value']:,g} {unit}",
        output=view.weight_text(int(entry["yearly_output_g"]), page.language),
        season=view.season_cells(first, last),
        season_label=season_text({"from_month": first, "to_month": last}, page.language),
        price=view.price_range(int(entry["price_from_fen"]), int(entry["price_to_fen"]), page.language),
        operator=str(entry["operator_name"]),
        contact=str(entry["contact"]),
        persons=f"{int(entry['expected_persons_count']):,}",
    )


@router.get("/in-season")
async def get_in_season(page: PageDep, services: Services) -> Response:
    """The year by month and category; what is harvested in the chosen month where, and how much of it is unsold."""
    month, region = _month(page.request), view.code_of(page.request, "region")
    category = page.request.query_params.get("category", "")
    category = category if category in page.t.names["category"] else ""
    scope: dict[str, str | int | None] = {"region": region or None}
    chosen = scope | {"category": category or None}
    whole, months, seasonal = await asyncio.gather(
        services.catalog.get("/v1/harvest/months", visitor=None, params=scope),
        services.catalog.get("/v1/harvest/months", visitor=None, params=chosen),
        services.catalog.get(
            "/v1/harvest/seasonal", visitor=None, params=chosen | {"month": month, "limit": _READ_CROPS}
        ),
    )
    provinces = await book.children(services, "")
    crops = view.varied(seasonal["rows"])
    now = next((row for row in months["months"] if row["month"] == month), None)
    return page.render(
        "in_season.html",
        month=month,
        year=seasonal["year"],
        region=region,
        category=category,
        category_name=page.t.names["category"].get(category, ""),
        months=_months(page, months, "/in-season", month, region=region, category=category),
        calendar=view.calendar(
            whole["categories"], chosen_category=category, chosen_month=month, page=page, region=region
        ),
        crops=[view.crop_of(row, month, page.language) for row in crops[:_SHOWN_CROPS]],
        is_truncated=seasonal["is_truncated"] or len(crops) > _SHOWN_CROPS,
        shown=_SHOWN_CROPS,
        totals=_month_totals(now, page),
        provinces=[(each["code"], province_name(each["code"], each["name"], page.language)) for each in provinces],
        all_categories_url=view.address("/in-season", month=month, region=region),
    )


def _month_totals(row: Mapping[str, Any] | None, page: Page) -> list[tuple[str, str]]:
    if row is None:
        return []
    t = page.t.season
    return [
        (t.total_counties, f"{int(row['county_count']):,}"),
        (t.total_products, f"{int(row['product_count']):,}"),
        (t.total_output, view.weight_text(int(row["output_g"]), page.language)),
        (t.total_unsold, view.weight_text(int(row["unsold_g"]), page.language)),
    ]
