"""Suggestions over HTTP: asked at every key, so one statement and no session."""

from functools import cache
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request

from catalog import chinese
from catalog.fields import Line
from catalog.product.data import categories
from catalog.search import queries
from catalog.search.rules import EVERYTHING, TextQuery, read_query
from catalog.suggestion import rules
from catalog.suggestion.schemas import SuggestionList, SuggestionSchema
from shared.clock import utc_now
from shared.direct import fetching

router = APIRouter(prefix="/v1/suggestions", tags=["search"])

_CARDS = 24
_LONGEST = 64


@router.get("")
async def list_suggestions(
    request: Request, q: Annotated[Line, Query(max_length=_LONGEST, description="What was typed so far.")] = ""
) -> SuggestionList:
    """Shelves, places and products for what was typed so far, in Chinese, pinyin, initials or English; at most eight.
    Nothing typed, nothing suggested."""
    words = chinese.words(q)
    if not words:
        return SuggestionList(items=[])
    fetch = fetching(request.app.state.database)
    text_query = read_query(words, is_han=[chinese.is_han(word) for word in words])
    cards = await _cards(request, text_query) if text_query else []
    if not cards and not chinese.is_han(words[-1]):
        term = await queries.find_completion(fetch, words[-1])
        if term is not None and term != EVERYTHING:
            cards = await _cards(request, TextQuery(term, tuple(sorted(set(words[:-1])))))
    places = {card["origin"]["county_code"]: _place(card["origin"]) for card in cards}
    found = rules.suggestions(chinese.normalised(q).strip(), categories=_shelves(), places=places, cards=cards)
    return SuggestionList(items=[SuggestionSchema.model_validate(each) for each in found])


async def _cards(request: Request, text_query: TextQuery) -> list[dict[str, Any]]:
    rows = await queries.find_cards(
        fetching(request.app.state.database),
        text_query=text_query,
        filters=queries.Filters(),
        sort="relevance",
        after=None,
        limit=_CARDS,
        now=utc_now(),
    )
    return [orjson.loads(row.card) for row in rows]


@cache
def _shelves() -> tuple[rules.Name, ...]:
    return tuple(_name(each.id, each.zh, each.en) for each in categories().values())


def _place(origin: dict[str, Any]) -> rules.Name:
    return _place_name(origin["county_code"], origin["county"])


@cache
def _place_name(code: str, name: str) -> rules.Name:
    return _name(code, name, name)


def _name(value: str, zh: str, en: str) -> rules.Name:
    syllables = chinese.syllables(zh)
    return rules.Name(value, zh, en, "".join(syllables), "".join(each[0] for each in syllables))
