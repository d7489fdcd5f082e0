"""The product list."""

import calendar
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from catalog import chinese
from catalog.certificate.data import certificate_kinds
from catalog.cursors import cursor_numbers, invalid_cursor
from catalog.facet import queries as facet_queries
from catalog.facts import month_bit
from catalog.product.data import categories
from catalog.region import source
from catalog.remembered import Remembered
from catalog.search import queries, rules
from catalog.search.schemas import ProductList, ProductListQuery, query_parameters
from shared.clock import utc_now
from shared.direct import Fetch, fetching
from shared.errors import Invalid
from shared.page import encode_cursor

router = APIRouter(prefix="/v1", tags=["search"])

_EXACT, _CHARACTERS, _COMPLETED, _SOUNDED = "exact", "characters", "completed", "sounded"
_LATER_ATTEMPTS = (_CHARACTERS, _COMPLETED, _SOUNDED)
_FULL_RING = 8
"""So many products make a list that nobody needs to widen."""
_CERTIFICATES_EN = {
    "green_food": "Green food",
    "organic": "Organic",
    "geographical_indication": "Geographical indication",
    "conformity": "Conformity certificate",
    "sc_licence": "Food production licence",
    "test_report": "Test report",
}
_MONTHS_EN = list(calendar.month_name)


@router.get("/products", response_model=ProductList, openapi_extra={"parameters": query_parameters(ProductListQuery)})
async def list_products(request: Request) -> Response:
    """Products for sale, for everybody: found by Chinese words or single characters, by words that mean the same, by
    pinyin (`pingguo`), its initials (`pg`) or English; the best first, or by sales, price or age. `near` takes a
    division code and looks in the county first, then ever wider. `facets=true` adds counts and the total.

    `eligible_for` takes the code of a rule set of origin (`/v1/eligibility-rule-sets`) and leaves the products that
    count under it now. An empty `q` lists the shelf; what no product fits, also an unknown code, gives an empty page
    that says so. 400 `cursor-invalid`; 422 `price-range-empty`.
    """
    asking = _asking(request)
    asked, attempt = asking.asked, asking.attempt
    text_query = await _read(asking.fetch, asked.q, attempt)
    if asked.q and text_query is None and attempt == _EXACT:
        return _nothing_to_look_for(asked)
    asking, rows, facets = await _find_near(asking, text_query)
    if not rows and asked.q and asked.cursor is None:
        for attempt in _LATER_ATTEMPTS:
            text_query = await _read(asking.fetch, asked.q, attempt)
            if text_query is not None:
                rows, facets = await _find(asking, text_query)
            if rows:
                break
    explanation = await _explained(asking) if not rows and asked.cursor is None else None
    if rows and attempt == _SOUNDED:
        explanation = _sounds_alike(asked)
    return _answer(rows, facets, asking, attempt=attempt, explanation=explanation)


@dataclass(frozen=True)
class _Asking:
    """One request: what is asked, from where on, and what answers it. `ring` is how far around `near` it looks."""

    asked: ProductListQuery
    filters: queries.Filters
    attempt: str
    ring: str
    after: tuple[int, int] | None
    now: datetime
    fetch: Fetch
    remembered: Remembered


def _asking(request: Request) -> _Asking:
    asked = _asked(request)
    now = utc_now()
    attempt, ring, after = _place(asked)
    state = request.app.state
    filters = _filters(asked, now)
    return _Asking(asked, filters, attempt, ring, after, now, fetching(state.database), state.facets)


def _asked(request: Request) -> ProductListQuery:
    """The query, read by one model at once: FastAPI would read it field by field, at a third of the request's cost."""
    try:
        return ProductListQuery.model_validate(dict(parse_qsl(request.url.query, keep_blank_values=True)))
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in error.errors()]) from error


async def _find_near(
    asking: _Asking, text_query: rules.TextQuery | None
) -> tuple[_Asking, list[queries.CardRow], str | None]:
    """The list as it is asked for; around a place, the narrowest ring that has enough, and who asked for that ring."""
    near = asking.asked.near
    if near is None:
        return asking, *await _find(asking, text_query)
    if asking.asked.cursor is not None:
        asking = replace(asking, filters=_within(asking.filters, near, asking.ring))
        return asking, *await _find(asking, text_query)
    enough = min(_FULL_RING, asking.asked.limit)
    for ring in rules.rings_around(near):
        looking = replace(asking, ring=ring, filters=_within(asking.filters, near, ring))
        rows, facets = await _find(looking, text_query)
        if len(rows) >= enough:
            break
    return looking, rows, facets


def _within(filters: queries.Filters, near: str, ring: str) -> queries.Filters:
    """The filters with the ring's place added; a place that was chosen itself stays."""
    if ring == "county":
        return replace(filters, county=filters.county or near)
    if ring == "city":
        return replace(filters, city=filters.city or f"{near[:4]}00")
    if ring == "province":
        return replace(filters, province=filters.province or f"{near[:2]}0000")
    if ring == "around":
        return replace(filters, provinces=(f"{near[:2]}0000", *source.neighbours(near)))
    return filters


async def _find(asking: _Asking, text_query: rules.TextQuery | None) -> tuple[list[queries.CardRow], str | None]:
    """One more card than asked for, so as to know whether there is a next page; the counts of the facets may be some
    seconds old, the cards never are."""
    asked = asking.asked
    key = (text_query, asking.filters)
    remembered = asking.remembered.find(key) if asked.facets else None
    find = partial(
        facet_queries.find_cards_and_facets if asked.facets and remembered is None else queries.find_cards,
        asking.fetch,
        text_query=text_query,
        filters=asking.filters,
        sort=asked.sort,
        after=asking.after,
        limit=asked.limit + 1,
        now=asking.now,
    )
    found = await find()
    if isinstance(found, list):
        return found, remembered
    rows, facets = found
    asking.remembered.keep(key, facets)
    return rows, facets


async def _read(fetch: Fetch, q: str, attempt: str) -> rules.TextQuery | None:
    """The query as this attempt reads it: as it is cut, by its single characters, completed to a term of ours, or by
    how it sounds."""
    if not q:
        return None
    words = chinese.words(q)
    if attempt == _EXACT:
        return rules.read_query(words, is_han=[chinese.is_han(word) for word in words])
    if attempt == _CHARACTERS:
        return rules.by_characters([word for word in words if chinese.is_han(word)])
    if attempt == _SOUNDED:
        runs = [each for each in chinese.tokens(q) if chinese.is_han(each)]
        sounds = ["".join(chinese.syllables(run)) for run in runs]
        return rules.read_query(sounds, is_han=[False] * len(sounds))
    if words and not chinese.is_han(words[-1]):
        term = await queries.find_completion(fetch, words[-1])
        return None if term is None else rules.TextQuery(term, tuple(sorted(set(words[:-1]))))
    return None


def _filters(asked: ProductListQuery, now: datetime) -> queries.Filters:
    lowest, highest = asked.price_min_fen, asked.price_max_fen
    if lowest is not None and highest is not None and lowest > highest:
        raise Invalid("The lowest price is above the highest.", code="price-range-empty", field="price_min_fen")
    season = None
    if asked.season is not None:
        season = month_bit(now) if asked.season == "now" else 1 << (int(asked.season) - 1)
    return queries.Filters(
        category=asked.category,
        province=asked.province,
        city=asked.city,
        county=asked.county,
        designation=asked.designation,
        eligible_for=asked.eligible_for,
        supplier_id=asked.supplier_id,
        certificate=asked.certificate,
        canteen=asked.canteen,
        in_stock=asked.in_stock,
        season=season,
        price_min_fen=lowest,
        price_max_fen=highest,
    )


def _place(asked: ProductListQuery) -> tuple[str, str, tuple[int, int] | None]:
    """Which attempt and which ring the cursor belongs to, and the last row that was shown."""
    if asked.cursor is None:
        return _EXACT, rules.ANYWHERE, None
    rings = (rules.ANYWHERE,) if asked.near is None else rules.rings_around(asked.near)
    for attempt, ring in product((_EXACT, *_LATER_ATTEMPTS), rings):
        numbers = cursor_numbers(asked.cursor, kind=f"{asked.sort}:{attempt}:{ring}", size=2)
        if numbers is not None:
            return attempt, ring, (numbers[0], numbers[1])
    raise invalid_cursor()


def _answer(
    rows: list[queries.CardRow],
    facets: str | None,
    asking: _Asking,
    *,
    attempt: str,
    explanation: tuple[str, str] | None,
) -> Response:
    """The page, pasted together from ready cards."""
    asked = asking.asked
    shown = rows[: asked.limit]
    next_cursor = "null"
    if len(rows) > asked.limit:
        kind = f"{asked.sort}:{attempt}:{asking.ring}"
        next_cursor = f'"{encode_cursor(kind, shown[-1].key, shown[-1].number)}"'
    parts = ['{"items":[', ",".join([row.card for row in shown]), '],"next_cursor":', next_cursor]
    if facets is not None:
        counted = orjson.loads(facets)
        total, is_partial = counted.pop("total"), counted.pop("is_partial")
        labelled = {name: [_labelled(name, value) for value in values] for name, values in counted.items()}
        members = {"total": total, "is_total_partial": total >= facet_queries.MOST_COUNTED}
        members |= {"facets": labelled, "are_facets_partial": is_partial}
        parts.append("," + orjson.dumps(members).decode()[1:-1])
    if asked.near is not None:
        parts.append(f',"ring":"{asking.ring}"')
    if explanation is not None:
        zh, en = explanation
        parts.append(f',"explanation":{orjson.dumps(zh).decode()},"explanation_en":{orjson.dumps(en).decode()}')
    parts.append("}")
    return Response("".join(parts), media_type="application/json")


def _sounds_alike(asked: ProductListQuery) -> tuple[str, str]:
    return (
        f"没有找到“{asked.q}”,下面是读音相同的商品。",
        f"Nothing was found for “{asked.q}”; these sound the same.",
    )


def _nothing_to_look_for(asked: ProductListQuery) -> Response:
    zh, en = (
        f"“{asked.q}”里没有可以查找的文字,请用品名、产地、供应商或拼音。",
        f"There is nothing in “{asked.q}” to look for: use a product, a place, a supplier or pinyin.",
    )
    return Response(
        orjson.dumps({"items": [], "next_cursor": None, "explanation": zh, "explanation_en": en}),
        media_type="application/json",
    )


async def _explained(asking: _Asking) -> tuple[str, str]:
    """Why the list is empty, and what would help."""
    asked = asking.asked
    if asking.filters != queries.Filters():
        rows = await queries.find_cards(
            asking.fetch,
            text_query=await _read(asking.fetch, asked.q, _EXACT),
            filters=queries.Filters(),
            sort="relevance",
            after=None,
            limit=1,
            now=asking.now,
        )
        if rows:
            return (
                "没有商品同时符合所选的全部条件,去掉一些筛选条件就能看到。",
                "No product fits all the filters at once: remove some of them.",
            )
    if asked.q:
        return (
            f"没有找到“{asked.q}”。可以换个说法,或只输入品名中的一个字。",
            f"Nothing was found for “{asked.q}”. Try another word, or a single character of the name.",
        )
    return "货架上还没有商品。", "There is nothing on the shelf yet."


def _labelled(facet: str, value: dict[str, Any]) -> dict[str, Any]:
    key = value["value"]
    zh, en = key, key
    if facet == "category" and key in categories():
        zh, en = categories()[key].zh, categories()[key].en
    elif facet == "province":
        zh = en = value["label"]
    elif facet == "designation":
        zh, en = _designation_names().get(key, (key, key))
    elif facet == "eligible_for":
        zh, en = value["label"], value["label_en"]
    elif facet == "certificate":
        zh, en = certificate_kinds()[key].zh, certificate_kinds()[key].en
    elif facet == "season":
        zh, en = f"{key}月", _MONTHS_EN[int(key)]
    return {"value": key, "label": zh, "label_en": en, "count": value["count"]}


@cache
def _designation_names() -> dict[str, tuple[str, str]]:
    lists = [source.read_data(name) for name in source.LISTS]
    return {each["designation"]: (each["title_zh"], each["title_en"]) for each in lists}
