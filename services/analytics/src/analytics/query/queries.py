"""Answers, from ClickHouse or, until the next event is applied, from memory.

What decides an answer is its statement with parameters (the caller's scope is part of both), the reader's language and
the place of the feeds; these are the cache's key, so nobody gets an answer made for somebody who may see more.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.metric.rules import DIMENSIONS, MEASURES
from analytics.name.queries import NameBook
from analytics.query import rules
from analytics.query.rules import Question, Scope
from analytics.warehouse import Rows, Warehouse
from shared.errors import BadRequest
from shared.page import decode_cursor, encode_cursor

_FRESHNESS = text("""
    SELECT consumer, cursor, moved_at FROM event_cursors WHERE consumer LIKE 'analytics<-%' ORDER BY consumer
""")
_LARGEST_KEPT_BYTES = 1 << 21
_ALL_KEPT_BYTES = 1 << 26


@dataclass(frozen=True)
class Freshness:
    """How far the feeds are applied. Read before the figures, it never claims more than they hold."""

    positions: tuple[tuple[str, str, datetime], ...]

    @property
    def as_of(self) -> dict[str, Any]:
        """As the answer says it."""
        applied = [moved_at for _, cursor, moved_at in self.positions if cursor]
        return {
            "applied_at": max(applied, default=None),
            "positions": {source: cursor for source, cursor, _ in self.positions},
        }

    @property
    def catalog(self) -> str:
        """The place of the feed of names."""
        return next((f"{cursor}@{moved_at}" for source, cursor, moved_at in self.positions if source == "catalog"), "")


class AnswerCache:
    """The latest answers by all that decides them; the least recently used goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._answers: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._bytes = 0

    def find(self, key: tuple[Any, ...]) -> bytes | None:
        """The answer under exactly this key."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def keep(self, key: tuple[Any, ...], answer: bytes) -> None:
        """Remember an answer that is not too large."""
        if len(answer) > _LARGEST_KEPT_BYTES:
            return
        self._bytes += len(answer) - len(self._answers.pop(key, b""))
        self._answers[key] = answer
        while len(self._answers) > self._size or self._bytes > _ALL_KEPT_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._bytes -= len(oldest)


@dataclass(frozen=True)
class Figures:
    """Where figures are looked up."""

    warehouse: Warehouse
    names: NameBook
    cache: AnswerCache


async def get_freshness(db: AsyncSession) -> Freshness:
    """How far each feed is applied."""
    rows = await db.execute(_FRESHNESS)
    return Freshness(tuple((row.consumer.partition("<-")[2], row.cursor, row.moved_at) for row in rows))


async def get_answer(
    figures: Figures,
    question: Question,
    scope: Scope,
    *,
    freshness: Freshness,
    language: str,
    limit: int,
    cursor: str | None = None,
    include_total: bool = True,
) -> bytes:
    """A page of the answer as JSON, in the shape of `QueryOut`. 400 `cursor-invalid` for another question's cursor."""
    after = _read_cursor(question, cursor)
    in_passing = include_total and rules.can_total_in_passing(question)
    statement = rules.rows_statement(question, scope, limit=limit + 1, after=after, with_totals=in_passing)
    key = (*statement.key, freshness.positions, language, include_total)
    if (kept := figures.cache.find(key)) is not None:
        return kept[:-1] + b',"cached":true}'
    rows, totals = await _look_up(figures, question, scope, statement, with_totals=include_total)
    is_truncated = len(rows) > limit
    rows = rows[:limit]
    columns = columns_of(question)
    header = [column["name"] for column in columns]
    named = await list_named_rows(figures, question, rows, freshness, language)
    answer = {
        "columns": columns,
        "rows": [dict(zip(header, row, strict=True)) for row in named],
        "totals": totals,
        "next_cursor": _write_cursor(question, rows[-1]) if is_truncated else None,
        "truncated": is_truncated,
        "as_of": freshness.as_of,
    }
    body = orjson.dumps(answer)
    figures.cache.keep(key, body)
    return body[:-1] + b',"cached":false}'


async def _look_up(
    figures: Figures, question: Question, scope: Scope, statement: rules.Statement, *, with_totals: bool
) -> tuple[Rows, dict[str, int] | None]:
    """Rows and totals: from one pass where that is right, else from two."""
    warehouse = figures.warehouse
    if not with_totals:
        return await warehouse.read(statement.sql, dict(statement.parameters)), None
    if rules.can_total_in_passing(question):
        rows, total = await warehouse.read_with_totals(statement.sql, dict(statement.parameters))
        if total is not None:
            return rows, dict(zip(question.measures, total[len(question.dimensions) :], strict=True))
    else:
        rows = await warehouse.read(statement.sql, dict(statement.parameters))
    if not question.dimensions:
        return rows, dict(zip(question.measures, rows[0], strict=True))
    whole = rules.totals_statement(question, scope)
    (once,) = await warehouse.read(whole.sql, dict(whole.parameters))
    return rows, dict(zip(question.measures, once, strict=True))


async def list_named_rows(
    figures: Figures, question: Question, rows: Rows, freshness: Freshness, language: str
) -> Rows:
    """The rows in the order of `columns_of`: after each value that has a name, its name."""
    books: list[dict[str, str] | None] = []
    for place, dimension in enumerate(question.dimensions):
        if not DIMENSIONS[dimension].has_names:
            books.append(None)
            continue
        named = await figures.names.list_names(dimension, (row[place] for row in rows), position=freshness.catalog)
        books.append({value: words.en if language == "en" else words.zh for value, words in named.items()})
    cells: list[Sequence[Any]] = []
    columns = list(zip(*rows, strict=True))
    for place, column in enumerate(columns):
        cells.append(column)
        book = books[place] if place < len(books) else None
        if book is not None:
            cells.append([book[value] for value in column])
    return list(zip(*cells, strict=True))


async def list_all_rows(
    figures: Figures, question: Question, scope: Scope, *, freshness: Freshness, language: str
) -> AsyncIterator[Rows]:
    """Every row, some thousands at a time, named as in an answer. The first batch is empty, and comes when the
    engine has begun to answer: until then a refusal can still be told."""
    statement = rules.rows_statement(question, scope)
    is_begun = False  # a report may take its time, and so may its reader
    async for rows in figures.warehouse.stream(
        f"{statement.sql} SETTINGS max_execution_time = 0", dict(statement.parameters)
    ):
        if not is_begun:
            is_begun = True
            yield []
        yield await list_named_rows(figures, question, rows, freshness, language)


def columns_of(question: Question) -> list[dict[str, Any]]:
    """What each column of a row is, in order."""
    found: list[dict[str, Any]] = []
    for name in question.dimensions:
        dimension = DIMENSIONS[name]
        label = dimension.label
        if dimension.has_names:
            found.append(
                _column(
                    name, f"{label.zh}代码" if dimension.kind != "entity" else f"{label.zh}编号", f"{label.en} (code)"
                )
            )
            found.append(_column(f"{name}_name", label.zh, label.en, kind="name"))
        else:
            found.append(_column(name, label.zh, label.en))
    for name in question.measures:
        measure = MEASURES[name]
        found.append(_column(name, measure.label.zh, measure.label.en, kind="measure", unit=measure.unit))
    return found


def _column(name: str, zh: str, en: str, *, kind: str = "dimension", unit: str | None = None) -> dict[str, Any]:
    return {"name": name, "label": {"zh": zh, "en": en}, "kind": kind, "unit": unit}


def _write_cursor(question: Question, row: Sequence[Any]) -> str:
    places = {name: place for place, name in enumerate(question.names)}
    return encode_cursor(question.digest, *(row[places[each.by]] for each in question.whole_order))


def _read_cursor(question: Question, cursor: str | None) -> list[Any]:
    if cursor is None:
        return []
    order = question.whole_order
    digest, *values = decode_cursor(cursor, size=len(order) + 1)
    fits = all(
        isinstance(value, str if each.by in DIMENSIONS else int) for each, value in zip(order, values, strict=True)
    )
    if digest != question.digest or not fits:
        raise BadRequest(
            "The cursor is of another question. Start again without it.", code="cursor-invalid", field="cursor"
        )
    return values
