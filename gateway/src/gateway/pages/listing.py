"""What list pages share: search, filters, order and cursor of the address, and files streamed from a service."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from gateway.pages.account import Choice
from gateway.pages.figures import month_text
from gateway.pages.parts import Head
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.services import Params, Upstream
from gateway.visitor import Visitor

PAGE_SIZE: Final = 50
_LONGEST: Final = 100
_LONGEST_CURSOR: Final = 1000
_CARRIED = ("content-type", "content-disposition", "content-length", "last-modified")


@dataclass(frozen=True, slots=True)
class Listing:
    """What the address of a list asks for. `values` holds `q`, `sort` and every filter, empty if not given."""

    path: str
    values: Typed
    cursor: str = ""
    default_sort: str = ""
    sorts: frozenset[str] = field(default_factory=frozenset)

    @property
    def q(self) -> str:
        """The search text as typed."""
        return self.values.q

    @property
    def sort(self) -> str:
        """The order: a column's key, with "-" before it for descending."""
        return self.values.sort or self.default_sort

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is searched or filtered: an empty list then needs another sentence."""
        return any(value for name, value in self.values.items() if name != "sort")

    def pairs(self, **changes: str) -> list[tuple[str, str]]:
        """The query with some changed, without what is empty. The cursor is kept only if given."""
        return [(name, value) for name, value in ({**self.values} | changes).items() if value]

    def url(self, **changes: str) -> str:
        """The address with some changed; back on the first page unless `cursor` is given."""
        return _address(self.path, self.pairs(**changes))

    @property
    def first_url(self) -> str:
        """The first page of the list; empty on the first page."""
        return self.url() if self.cursor else ""

    def next_url(self, next_cursor: str | None) -> str:
        """The next page; empty on the last."""
        return self.url(cursor=next_cursor) if next_cursor else ""

    def export_url(self, form: str) -> str:
        """The whole list as a file, filtered and sorted as seen: `<path>.csv` or `<path>.xlsx`."""
        return _address(f"{self.path}.{form}", self.pairs())

    def head(self, label: str, key: str = "", *, is_number: bool = False, unit: str = "") -> Head:
        """A column's head; with a key of `sorts` it sorts: ascending, and descending when chosen again."""
        if key not in self.sorts:
            return Head(label, is_number=is_number, unit=unit)
        is_up, is_down = self.sort == key, self.sort == f"-{key}"
        direction = "ascending" if is_up else "descending" if is_down else ""
        return Head(label, self.url(sort=f"-{key}" if is_up else key), direction, is_number, unit)

    def params(self, **more: str | int) -> dict[str, str | int]:
        """The parameters for a service: what the address asks for, the cursor, a limit, and more."""
        cursor = {"cursor": self.cursor} if self.cursor else {}
        sort = {"sort": self.sort} if self.sort else {}
        return {**dict(self.pairs()), **sort, **cursor, "limit": PAGE_SIZE, **more}

    def export_params(self, **more: str | int) -> dict[str, str | int]:
        """The parameters of an export: no cursor and no limit."""
        return {name: value for name, value in self.params(**more).items() if name not in {"cursor", "limit"}}


def _address(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path


def listing_of(
    request: Request,
    *,
    path: str,
    filters: Mapping[str, Collection[str] | None] | None = None,
    sorts: Collection[str] = (),
    default_sort: str = "",
) -> Listing:
    """Read a list's address. `filters`: name to its possible values, None for free text; `sorts`: the sortable keys.

    What cannot be is ignored: a link must always open.
    """

    def given(name: str, longest: int = _LONGEST) -> str:
        text = request.query_params.get(name, "").strip()
        return "".join(each for each in text if each.isprintable())[:longest]

    values = {"q": given("q")}
    for name, possible in (filters or {}).items():
        value = given(name)
        values[name] = value if possible is None or value in possible else ""
    sort = given("sort")
    values["sort"] = sort if sort.removeprefix("-") in sorts else ""
    return Listing(path, Typed(values), given("cursor", _LONGEST_CURSOR), default_sort, frozenset(sorts))


def month_choices(page: Page) -> list[Choice]:
    """The twelve months for `month_range` of fields.html; values "1" to "12"."""
    return [Choice(str(month), month_text(month, page.language)) for month in range(1, 13)]


async def download(
    upstream: Upstream, visitor: Visitor, path: str, params: Params = None, *, accept: str = "*/*"
) -> Response:
    """A service's file, passed on as it comes, with its type and name. A refusal is raised before the first byte.

    `accept` chooses the form where one path has several (`text/csv`).
    """
    found = await upstream.stream(path, visitor=visitor, params=params, accept=accept)
    headers = {name: found.headers[name] for name in _CARRIED if name in found.headers}
    headers |= {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
    return StreamingResponse(found.chunks, found.status, headers=headers)
