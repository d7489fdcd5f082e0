"""The product list."""

import calendar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from catalog import chinese
from catalog.certificate.data import certificate_kinds
from catalog.cursors import cursor_numbers, invalid_cursor
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

_EXACT, _CHARACTERS, _COMPLETED = "exact", "characters", "completed"
_MONTHS_EN = list(calendar.month_name)


@router.get("/products", response_model=ProductList, openapi_extra={"parameters": query_parameters(ProductListQuery)})
async def list_products(request: Request) -> Response:
    """Products for sale, for everybody: found by Chinese words or single characters, pinyin (`pingguo`), its initials
    (`pg`) or English; the best first, or by price or age. `facets=true` adds counts and the total.

    An empty `q` lists the shelf. 400 `cursor-invalid`; 422 `price-range-empty`.
    """
    asking = _asking(request)
    asked, attempt = asking.asked, asking.attempt
    text_query = await _read(asking.fetch, asked.q, attempt)
    if asked.q and text_query is None and attempt == _EXACT:
        return _nothing_to_look_for(asked)
    rows, facets = await _find(asking, text_query)
    if not rows and asked.q and asked.cursor is None:
        for attempt in (_CHARACTERS, _COMPLETED):
            text_query = await _read(asking.fetch, asked.q, attempt)
            if text_query is not None:
                rows, facets = await _find(asking, text_query)
            if rows:
                break
    explanation = await _explained(asking) if not rows and asked.cursor is None else None
    return _answer(rows, facets, asked, attempt=attempt, explanation=explanation)


@dataclass(frozen=True)
class _Asking:
    """One request: what is asked, from where on, and what answers it."""

    asked: ProductListQuery
    filters: queries.Filters
    attempt: str
    after: tuple[int, int] | None
    now: datetime
    fetch: Fetch
    remembered: Remembered


def _asking(request: Request) -> _Asking:
    asked = _asked(request)
    now = utc_now()
    attempt, after = _place(asked)
    state = request.app.state
    return _Asking(asked, _filters(asked, now), attempt, after, now, fetching(state.database), state.facets)


def _asked(request: Request) -> ProductListQuery:
    """The query, read by one model at once: FastAPI would read it field by field, at a third of the request's cost."""
    try:
        return ProductListQuery.model_validate(dict(parse_qsl(request.url.query, keep_blank_values=True)))
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in error.errors()]) from error


async def _find(asking: _Asking, text_query: rules.TextQuery | None) -> tuple[list[queries.CardRow], str | None]:
    """One more card than asked for, so as to know whether there is a next page; the counts of the facets may be some
    seconds old, the cards never are."""
    key = (text_query, asking.filters)
    remembered = asking.remembered.find(key) if asking.asked.facets else None
    rows, facets = await queries.find_cards(
        asking.fetch,
        text_query=text_query,
        filters=asking.filters,
        sort=asking.asked.sort,
        after=asking.after,
        limit=asking.asked.limit + 1,
        now=asking.now,
        with_facets=asking.asked.facets and remembered is None,
    )
    if facets is not None:
        asking.remembered.keep(key, facets)
    return rows, facets or remembered


async def _read(fetch: Fetch, q: str, attempt: str) -> rules.TextQuery | None:
    """The query as this attempt reads it: as it is cut, by its single characters, or completed to a term of ours."""
    if not q:
        return None
    words = chinese.words(q)
    if attempt == _EXACT:
        return rules.read_query(words, is_han=[chinese.is_han(word) for word in words])
    if attempt == _CHARACTERS:
        return rules.by_characters([word for word in words if chinese.is_han(word)])
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
        supplier_id=asked.supplier_id,
        certificate=asked.certificate,
        season=season,
        price_min_fen=lowest,
        price_max_fen=highest,
    )


def _place(asked: ProductListQuery) -> tuple[str, tuple[int, int] | None]:
    """Which attempt the cursor belongs to, and the last row that was shown."""
    if asked.cursor is None:
        return _EXACT, None
    for attempt in (_EXACT, _CHARACTERS, _COMPLETED):
        numbers = cursor_numbers(asked.cursor, kind=f"{asked.sort}:{attempt}", size=2)
        if numbers is not None:
            return attempt, (numbers[0], numbers[1])
    raise invalid_cursor()


def _answer(
    rows: list[queries.CardRow],
    facets: str | None,
    asked: ProductListQuery,
    *,
    attempt: str,
    explanation: tuple[str, str] | None,
) -> Response:
    """The page, pasted together from ready cards."""
    shown = rows[: asked.limit]
    next_cursor = "null"
    if len(rows) > asked.limit:
        next_cursor = f'"{encode_cursor(f"{asked.sort}:{attempt}", shown[-1].key, shown[-1].number)}"'
    parts = ['{"items":[', ",".join([row.card for row in shown]), '],"next_cursor":', next_cursor]
    if facets is not None:
        counted = orjson.loads(facets)
        total = counted.pop("total")
        labelled = {name: [_labelled(name, value) for value in values] for name, values in counted.items()}
        parts.append(f',"total":{total},"facets":{orjson.dumps(labelled).decode()}')
    if explanation is not None:
        zh, en = explanation
        parts.append(f',"explanation":{orjson.dumps(zh).decode()},"explanation_en":{orjson.dumps(en).decode()}')
    parts.append("}")
    return Response("".join(parts), media_type="application/json")


def _nothing_to_look_for(asked: ProductListQuery) -> Response:
    explanation = (
        f"“{asked.q}”里没有可以查找的文字,请用品名、产地、供应商或拼音。",
        f"There is nothing in “{asked.q}” to look for: use a product, a place, a supplier or pinyin.",
    )
    return _answer([], None, asked, attempt=_EXACT, explanation=explanation)


async def _explained(asking: _Asking) -> tuple[str, str]:
    """Why the list is empty, and what would help."""
    asked = asking.asked
    if asking.filters != queries.Filters():
        rows, _ = await queries.find_cards(
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
    elif facet == "certificate":
        zh, en = certificate_kinds()[key].zh, certificate_kinds()[key].en
    elif facet == "season":
        zh, en = f"{key}月", _MONTHS_EN[int(key)]
    return {"value": key, "label": zh, "label_en": en, "count": value["count"]}


@cache
def _designation_names() -> dict[str, tuple[str, str]]:
    lists = [source.read_data(name) for name in source.LISTS]
    return {each["designation"]: (each["title_zh"], each["title_en"]) for each in lists}
