"""The shelf of list pages: what a declared list reads from its address, and what its page draws."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages.list_pages import (
    Action,
    Badge,
    Cell,
    Column,
    Empty,
    ListPage,
    choices,
    draw_list,
    is_day,
    is_id,
)
from gateway.pages.shell import Page
from gateway.visitor import Language

from .conftest import Markup

PageOf = Callable[..., Page]
NAMES = {"OPEN": "进行中", "DONE": "已办结"}


def a_list() -> ListPage:
    return ListPage(
        path="/work/books",
        source="/v1/books",
        title="账册",
        intro="每一本",
        actions=[Action("新建", "/work/books/new", is_main=True)],
        warning="两本逾期",
        params={"view": "waiting"},
        filters=[choices("status", "状态", ("OPEN", "DONE"), NAMES, "全部")],
        also={"purchase_id": is_id, "first_on": is_day},
        row=lambda each: {**each, "sum": f"¥{each['fen'] / 100:.2f}"},
        columns=[
            Column("名称", lambda each: Cell(each["name"], f"/work/books/{each['id']}", beside="旁注"), sort="name"),
            Column("状态", lambda each: Cell(badges=[Badge(NAMES[each["status"]], "leaf")], note="第 1 步")),
            Column("金额", "sum", is_number=True, unit="元"),
            Column("备注", "remark", is_figures=True),
        ],
        empty=Empty("还没有", "先新建一本", "/work/books/new", "新建"),
        narrowed=Empty("没有找到", "换个条件"),
    )


BOOK = {"id": 7, "name": "采购 <b>", "status": "OPEN", "fen": 1250, "remark": None}


def drawn(page: Page, *items: dict[str, Any], next_cursor: str | None = None) -> Markup:
    answer = draw_list(page, a_list(), {"items": items, "next_cursor": next_cursor})
    markup = Markup(bytes(answer.body).decode())
    assert markup.faults == []
    return markup


def test_a_list_is_drawn_with_its_links_states_and_ways_on(page_of: PageOf, language: Language):
    page = page_of(language, path="/work/books", query="q=x&status=OPEN&sort=-name", kind="institution")
    markup = drawn(page, BOOK, next_cursor="after")
    assert [each.text for each in markup.find("h1")] == ["账册"]
    assert [each.attributes["href"] for each in markup.find("a") if each.text == "采购 <b>"] == ["/work/books/7"]
    assert [each.text for each in markup.find("td")] == ["进行中 第 1 步", "¥12.50", ""]
    assert [each.attributes["data-label"] for each in markup.find("td")] == ["状态", "金额 元", "备注"]
    assert [each.text for each in markup.find("p", class_="notice-warning")] == ["两本逾期"]
    files = [each.attributes["href"] for each in markup.find("a") if "download" in each.attributes]
    assert files == [f"/work/books.{form}?q=x&status=OPEN&sort=-name" for form in ("csv", "xlsx")]
    assert markup.find("a", rel="next")[0].attributes["href"].endswith("cursor=after")
    assert markup.find("th", **{"aria-sort": "descending"})[0].text.startswith("名称")


@pytest.mark.parametrize(("query", "title"), [("", "还没有"), ("q=x", "没有找到"), ("status=NEVER", "还没有")])
def test_an_empty_list_says_whether_it_was_narrowed(page_of: PageOf, query: str, title: str):
    markup = drawn(page_of("zh", path="/work/books", query=query, kind="institution"))
    assert [each.text for each in markup.find("h2")] == [title]
    assert markup.find("table") == []


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("purchase_id=0192a1b2-0000-7000-8000-000000000001", {"purchase_id": "0192a1b2-0000-7000-8000-000000000001"}),
        ("purchase_id=x&first_on=2026-12-01", {"first_on": "2026-12-01"}),
        ("first_on=2026-13-01", {}),
        ("view=all", {}),
    ],
)
def test_what_cannot_be_is_ignored(page_of: PageOf, query: str, asked: dict[str, str]):
    listing = a_list().listing(page_of("zh", path="/work/books", query=query, kind="institution"))
    assert listing.export_params() == asked
