"""The list of products: search, facets, sort, and more by cursor."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from gateway.pages.cards import cards_of, in_language
from gateway.pages.figures import month_text
from gateway.pages.places import province_name
from gateway.pages.regions import provinces_of
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from shared.errors import BadRequest, Invalid

router = APIRouter(default_response_class=Response)

PAGE_SIZE: Final = 24
_FACETS: Final = ("category", "season", "province", "designation", "eligible_for", "certificate")
_SHOWN_OPTIONS: Final = 8
_SORTS: Final = ("", "sales", "rating", "newest", "price", "-price")
_MOST_YUAN: Final = 1_000_000
_LONGEST_SEARCH: Final = 64
_DIVISION = re.compile(r"[0-9]{6}")
_FORMS: Final = {
    "category": re.compile(r"[a-z0-9-]{1,40}"),
    "season": re.compile(r"now|[1-9]|1[0-2]"),
    "province": _DIVISION,
    "city": _DIVISION,
    "county": _DIVISION,
    "near": _DIVISION,
    "designation": re.compile(r"[a-z0-9-]{1,40}"),
    "eligible_for": re.compile(r"[a-z0-9-]{1,40}"),
    "certificate": re.compile(r"[a-z0-9_-]{1,40}"),
    "in_stock": re.compile(r"true"),
    "sort": re.compile(r"sales|rating|newest|-?price"),
    "supplier_id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """What the address asks for, each empty if it does not. Prices are yuan as typed."""

    q: str = ""
    category: str = ""
    season: str = ""
    province: str = ""
    designation: str = ""
    eligible_for: str = ""
    certificate: str = ""
    in_stock: str = ""
    city: str = ""
    county: str = ""
    near: str = ""
    supplier_id: str = ""
    price_min: str = ""
    price_max: str = ""
    sort: str = ""
    cursor: str = ""

    def pairs(self, **changes: str) -> list[tuple[str, str]]:
        """The query as pairs, with some changed. The cursor belongs to one query, so it is kept only if given."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "cursor"} | changes
        return [(name, value) for name, value in values.items() if value]

    def url(self, **changes: str) -> str:
        """The address of this query with some texts changed."""
        pairs = self.pairs(**changes)
        return f"/products?{urlencode(pairs)}" if pairs else "/products"


def product_query(request: Request) -> ProductQuery:
    """The query of the address. Unknown names, and values that cannot be, are ignored: a link must always open."""
    given = {name: request.query_params.get(name, "").strip() for name in ProductQuery.__slots__}
    for name, form in _FORMS.items():
        if not form.fullmatch(given[name]):
            given[name] = ""
    given["q"] = "".join(each for each in given["q"] if each.isprintable())[:_LONGEST_SEARCH]
    given["price_min"], given["price_max"] = given["price_min"][:12], given["price_max"][:12]
    return ProductQuery(**given)


async def asked_query(request: Request) -> ProductQuery:
    """The query of this request."""
    return product_query(request)


QueryDep = Annotated[ProductQuery, Depends(asked_query)]


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a facet; its address chooses it, or takes it back."""

    label: str
    url: str
    count: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A facet: the options shown at once and those behind "more"."""

    title: str
    shown: list[Option]
    rest: list[Option]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Way:
    """A link with a label: a chip to remove, or an order to sort by."""

    label: str
    url: str
    is_chosen: bool = False


def fen_of(yuan_text: str) -> int | None:
    """Typed yuan as fen; None for an empty field. Raises ValueError for what is no amount."""
    if not yuan_text:
        return None
    try:
        amount = Decimal(yuan_text.replace(",", "").replace("¥", ""))
    except InvalidOperation as error:
        raise ValueError(yuan_text) from error
    if not amount.is_finite() or not 0 <= amount <= _MOST_YUAN:
        raise ValueError(yuan_text)
    return int(amount * 100)


def option_label(name: str, option: dict[str, Any], page: Page) -> str:
    """What a facet's value is called in the visitor's language."""
    value = option["value"]
    if name == "province":
        return province_name(value, option.get("label", value), page.language)
    if name == "season":
        return str(page.t.list.season_now) if value == "now" else month_text(int(value), page.language)
    name_there = option.get("label_en" if page.language == "en" else "label")
    names = page.t.names
    return (names[name].get(value) if name in names else None) or name_there or str(value)


def groups_of(facets: dict[str, list[dict[str, Any]]], query: ProductQuery, page: Page) -> list[Group]:
    """The facets with their counts; what is chosen is always there, also where nothing is left to count."""
    groups = []
    for name in _FACETS:
        chosen = getattr(query, name)
        found = list(facets.get(name, []))
        if name == "season":
            found.sort(key=lambda option: int(option["value"]))
            found.insert(0, {"value": "now", "count": None})
        if chosen and all(option["value"] != chosen for option in found):
            found.insert(0, {"value": chosen, "count": 0})
        without = query.url(**{name: ""})
        chooses = f"{without}{'&' if '?' in without else '?'}{name}="
        options = [
            Option(
                label=option_label(name, option, page),
                url=without if option["value"] == chosen else chooses + quote(option["value"], safe=""),
                count="" if option["count"] is None else f"{option['count']:,}",
                is_chosen=option["value"] == chosen,
            )
            for option in found
        ]
        if not options:
            continue
        shown_count = 1 if name == "season" else _SHOWN_OPTIONS
        rest = options[shown_count:]
        title = getattr(page.t.list, f"facet_{name}")
        groups.append(Group(title, options[:shown_count], rest, any(option.is_chosen for option in rest)))
    toggled = query.url(in_stock="" if query.in_stock else "true")
    stock = Option(str(page.t.list.in_stock_only), toggled, "", is_chosen=bool(query.in_stock))
    return [*groups, Group(page.t.list.facet_stock, [stock], [], is_open=False)]


def chips_of(query: ProductQuery, facets: dict[str, list[dict[str, Any]]], page: Page) -> list[Way]:
    """What is chosen, each with the address without it."""
    chips = []
    for name in _FACETS:
        chosen = getattr(query, name)
        if chosen:
            known = next((option for option in facets.get(name, []) if option["value"] == chosen), {"value": chosen})
            chips.append(Way(option_label(name, known, page), query.url(**{name: ""})))
    if query.price_min or query.price_max:
        label = f"¥{query.price_min or '0'} – {query.price_max or '…'}"
        chips.append(Way(label, query.url(price_min="", price_max="")))
    if query.in_stock:
        chips.append(Way(str(page.t.list.in_stock_only), query.url(in_stock="")))
    if query.supplier_id:
        chips.append(Way(page.t.list.one_supplier, query.url(supplier_id="")))
    if query.near:
        place = province_name(f"{query.near[:2]}0000", query.near, page.language)
        chips.append(Way(page.t.near.chip(place=place), query.url(near="")))
    if query.county or query.city:
        chips.append(Way(page.t.list.one_place, query.url(county="", city="")))
    return chips


def sorts_of(query: ProductQuery, page: Page) -> list[Way]:
    """The orders that a list can be in."""
    t = page.t.list
    names = (t.sort_best, t.sort_sales, t.sort_rating, t.sort_newest, t.sort_cheap, t.sort_dear)
    return [Way(name, query.url(sort=sort), query.sort == sort) for sort, name in zip(_SORTS, names, strict=True)]


def heading_of(query: ProductQuery, chips: list[Way], page: Page) -> str:
    """What the list shows, in a few words."""
    if query.q:
        return str(page.t.list.results_for(q=query.q))
    return " · ".join(chip.label for chip in chips) or str(page.t.site.all_products)


def catalog_params(query: ProductQuery) -> dict[str, str | int]:
    """The catalog's parameters. Raises ValueError if a typed price is no amount."""
    params: dict[str, str | int] = dict(query.pairs(cursor=query.cursor))
    for name in ("price_min", "price_max"):
        fen = fen_of(str(params.pop(name, "")))
        if fen is not None:
            params[f"{name}_fen"] = fen
    return params | {"limit": PAGE_SIZE, "facets": "true"}


async def find_products(services: Services, query: ProductQuery) -> tuple[dict[str, Any], bool]:
    """The catalog's answer, and whether the typed prices made sense; if not, the list without them."""
    try:
        return await services.catalog.get("/v1/products", visitor=None, params=catalog_params(query)), True
    except (ValueError, Invalid):
        without = replace(query, price_min="", price_max="")
        return await services.catalog.get("/v1/products", visitor=None, params=catalog_params(without)), False


def found_text(found: dict[str, Any], page: Page) -> str:
    """How many there are, and from how far around."""
    total, ring = found.get("total"), found.get("ring")
    if total is None:
        return ""
    is_more = found.get("is_total_partial")
    counted = page.t.list.found_at_least(n=f"{total:,}") if is_more else page.t.list.found(total)
    return f"{counted} · {page.t.names['ring'][ring]}" if ring else str(counted)


@router.get("/products")
async def get_products(page: PageDep, services: Services, query: QueryDep) -> Response:
    """Products by text, facets and price. Works as plain links and forms; htmx only saves a reload."""
    try:
        found, are_prices_good = await find_products(services, query)
    except BadRequest as refusal:
        if refusal.code == "cursor-invalid":
            return RedirectResponse(query.url(), 303)
        raise
    facets = found.get("facets") or {}
    chips = chips_of(query, facets, page)
    next_cursor = found.get("next_cursor")
    return page.render(
        "products.html",
        query=query,
        search_text=query.q,
        heading=heading_of(query, chips, page),
        found_text=found_text(found, page),
        provinces=await provinces_of(services, page.language),
        kept_near=query.pairs(near=""),
        groups=groups_of(facets, query, page),
        chips=chips,
        sorts=sorts_of(query, page),
        kept=query.pairs(price_min="", price_max=""),
        clear_url=ProductQuery(q=query.q).url(),
        cards=cards_of(found["items"], page.language),
        next_url=query.url(cursor=next_cursor) if next_cursor else "",
        is_later_page=bool(query.cursor),
        first_url=query.url(),
        price_error="" if are_prices_good else page.t.list.price_wrong,
        explanation=in_language(found, "explanation", page.language),
    )
