"""List pages that are files too: declare a list once, and it has its page with search, filters, order, paging and an
empty state, and the same rows as CSV and as a sheet.

    def _quotations(page: Page, visitor: Visitor) -> ListPage:
        t = page.t.bidding
        return ListPage(
            path="/work/quotations", source="/v1/quotations", title=t.quotations, empty=Empty(t.none, t.none_text),
            columns=[Column(t.subject, lambda each: Cell(each["title"], f"/work/quotations/{each['quotation_id']}")),
                     Column(t.unit, "unit_name")],
            filters=[choices("status", t.status, STATUSES, page.t.names["quotation_status"], t.every)],
        )

    add_list(router, "/work/quotations", ("institution", "operator"), _quotations)

The service gives pages at `source` (items, next_cursor) and files at `<source>/export?format=csv|xlsx`. A page that
shows more than its list has a route of its own: `show_list` with a template that extends list.html (block `below`) and
what else that draws, and `add_files` or `send_list` for the files.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import SignedIn, Visitor
from shared.errors import NotFound

__all__ = [
    "Action",
    "Badge",
    "Cell",
    "Column",
    "Empty",
    "ListPage",
    "add_files",
    "add_list",
    "choices",
    "draw_list",
    "is_day",
    "is_id",
    "send_list",
    "show_list",
]

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word; `tone` as of the macro `badge`."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: a text, perhaps a link, states beside it and a soft line below."""

    text: str = ""
    url: str = ""
    badges: Sequence[Badge] = ()
    note: str = ""
    beside: str = ""
    """Soft, on the same line."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `value` is a key of the row or makes the cell from it, `sort` the key that the service sorts by."""

    label: str
    value: str | Callable[[Item], "str | Cell"]
    sort: str = ""
    is_number: bool = False
    is_figures: bool = False
    unit: str = ""

    def cell(self, row: Item) -> Cell:
        """The cell of a row; nothing known is nothing drawn."""
        found = row[self.value] if isinstance(self.value, str) else self.value(row)
        if isinstance(found, Cell):
            return found
        return Cell("" if found is None else str(found))


@dataclass(frozen=True, slots=True)
class Action:
    """A link above the list."""

    label: str
    url: str
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says, and the next step."""

    title: str
    text: str
    url: str = ""
    label: str = ""


def _same(item: dict[str, Any]) -> Item:
    return item


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list as its page and its files show it."""

    path: str
    source: str
    title: str
    columns: Sequence[Column]
    empty: Empty
    narrowed: Empty | None = None
    """What is said when search or filters leave nothing; without it, `empty`."""
    row: Callable[[dict[str, Any]], Item] = _same
    """Makes what the columns read from the service's item."""
    intro: str = ""
    filters: Sequence[Filter] = ()
    also: Mapping[str, Callable[[str], bool]] = field(default_factory=dict)
    """Further names of the address that narrow the list, with what a value must be; what is not is ignored."""
    actions: Sequence[Action] = ()
    notice: str = ""
    warning: str = ""
    has_search: bool = True
    """Whether the list is searched and narrowed at all: a short one is not."""
    search_label: str = ""
    default_sort: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    """Sent to the service unless the address says otherwise."""
    service: Literal["orders", "catalog", "logistics", "analytics"] = "orders"

    def listing(self, page: Page) -> Listing:
        """What the address asks for: one of each filter's options, and what `also` lets pass."""
        given = page.request.query_params
        possible: dict[str, set[str]] = {each.name: {option.value for option in each.options} for each in self.filters}
        for name, is_right in self.also.items():
            value = given.get(name, "").strip()
            possible[name] = {value} if value and is_right(value) else set()
        sorts = {each.sort for each in self.columns if each.sort}
        return listing_of(page.request, path=self.path, filters=possible, sorts=sorts, default_sort=self.default_sort)


def is_id(value: str) -> bool:
    """For `also`: whether it names a record."""
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def is_day(value: str) -> bool:
    """For `also`: whether it is a date, 2026-12-01."""
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def choices(name: str, label: str, values: Sequence[str], names: Mapping[str, str], empty: str) -> Filter:
    """A select of values by their names."""
    return Filter(name, label, [Choice(each, names[each]) for each in values], empty)


def draw_list(
    page: Page, shown: ListPage, found: Mapping[str, Any], *, template: str = "list.html", **more: Any
) -> Response:
    """A page of the list as the service gave it; `more`: what else the template draws, `status`, `notice`, `error`."""
    listing = shown.listing(page)
    rows = [shown.row(each) for each in found["items"]]
    heads: list[Head] = [
        listing.head(each.label, each.sort, is_number=each.is_number, unit=each.unit) for each in shown.columns
    ]
    return page.render(
        template,
        shown=shown,
        listing=listing,
        heads=heads,
        rows=[[each.cell(row) for each in shown.columns] for row in rows],
        next_cursor=found.get("next_cursor"),
        nothing=shown.narrowed if listing.is_narrowed and shown.narrowed else shown.empty,
        **{"notice": shown.notice, **more},
    )


async def show_list(page: Page, services: Services, visitor: Visitor, shown: ListPage, **more: Any) -> Response:
    """What the address asks for, as its page; `more` as of `draw_list`."""
    params = {**shown.params, **shown.listing(page).params()}
    found = await getattr(services, shown.service).get(shown.source, visitor=visitor, params=params)
    return draw_list(page, shown, found, **more)


async def send_list(page: Page, services: Services, visitor: Visitor, shown: ListPage, form: str) -> Response:
    """The list as a file, narrowed and sorted as seen; 404 `not-found` for what is neither csv nor xlsx."""
    if form not in {"csv", "xlsx"}:
        raise NotFound("There is no such file.", code="not-found")
    params = {**shown.params, **shown.listing(page).export_params()} | {"format": form}
    return await download(getattr(services, shown.service), visitor, f"{shown.source}/export", params)


Declared = Callable[[Page, Visitor], ListPage]


def add_files(router: APIRouter, path: str, kinds: Sequence[str], declared: Declared) -> None:
    """Routes of the list's files, `<path>.csv` and `<path>.xlsx`, narrowed and sorted as seen."""

    @router.get(f"{path}.csv")
    async def get_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
        """The list as CSV."""
        ensure_kind(visitor, *kinds)
        return await send_list(page, services, visitor, declared(page, visitor), "csv")

    @router.get(f"{path}.xlsx")
    async def get_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
        """The list as a sheet."""
        ensure_kind(visitor, *kinds)
        return await send_list(page, services, visitor, declared(page, visitor), "xlsx")


def add_list(router: APIRouter, path: str, kinds: Sequence[str], declared: Declared) -> None:
    """Routes of the list's page and of its files; 403 `kind-not-allowed` for who acts for none of the kinds."""

    @router.get(path)
    async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
        """The list."""
        ensure_kind(visitor, *kinds)
        return await show_list(page, services, visitor, declared(page, visitor))

    add_files(router, path, kinds, declared)
