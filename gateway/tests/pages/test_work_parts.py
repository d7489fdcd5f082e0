"""A work page with every macro on it: whole, labelled, and with what was typed; and the address that a list reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2 import ChoiceLoader, FileSystemLoader

from gateway.pages.account import Choice
from gateway.pages.listing import Listing, listing_of, month_choices
from gateway.pages.parts import Difference, Filter, Step, TrailEntry, Verb
from gateway.pages.shell import Page, templates
from gateway.visitor import Language

OWN = Path(__file__).parent / "templates"
QUERY = "q=%E9%A6%99%E8%8F%87&status=LISTED&sort=-weight&cursor=abc&county=1&other=x"
PageOf = Callable[..., Page]


def a_listing(page: Page) -> Listing:
    return listing_of(
        page.request,
        path="/work/lots",
        filters={"status": {"LISTED", "DRAFT"}, "county": {"2"}, "maker": None},
        sorts={"name", "weight"},
        default_sort="name",
    )


@pytest.fixture
def drawn(page_of: PageOf, language: Language, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page, by the templates' own environment with this folder added."""
    assert templates.loader is not None
    monkeypatch.setattr(templates, "loader", ChoiceLoader([templates.loader, FileSystemLoader(OWN)]))
    page = page_of(language, path="/desk", query=QUERY, kind="supplier")
    listing = a_listing(page)
    options = [Choice("a", "甲"), Choice("b", "乙")]
    return page.render(
        "every_part.html",
        notice="done",
        error="failed",
        listing=listing,
        heads=[
            listing.head("品名", "name"),
            listing.head("状态"),
            listing.head("净重", "weight", is_number=True, unit="kg"),
        ],
        rows=[
            {"name": "香菇 <b>", "status": "在售", "weight": "1,461"},
            {"name": "木耳", "status": "在售", "weight": "20"},
        ],
        filters=[Filter("status", "状态", [Choice("LISTED", "在售"), Choice("DRAFT", "草稿")], "全部")],
        steps=[
            Step("提交", "done", "11 月 20 日", "小美"),
            Step("县级审定", "current"),
            Step("公示", "todo"),
            Step("退回", "refused", note="缺合格证"),
        ],
        entries=[TrailEntry("11 月 20 日", "小美", "提交", "草稿", "待审", "第一次"), TrailEntry("x", "y", "z")],
        differences=[Difference("净重", "500 g", "1 kg"), Difference("等级", "", "一级"), Difference("品名", "x", "x")],
        verbs=[Verb("approve", "通过", "main"), Verb("return", "退回", "danger")],
        options=options,
        months=month_choices(page),
    ).body.decode()


def test_every_part_is_well_formed_and_pointed_to(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    assert page.faults == []
    assert len(page.find("h1")) == 1
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert sorted(ids) == sorted(set(ids))
    pointed = [
        target
        for each in page.elements
        for name in ("for", "aria-labelledby", "aria-describedby")
        for target in each.attributes.get(name, "").split()
    ]
    assert len(pointed) > 15
    assert set(pointed) - set(ids) == set()
    assert [each.tag for each in page.elements if "style" in each.attributes] == []


def test_every_field_has_a_label_and_every_table_a_caption_and_heads(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    labelled = {each.attributes.get("for") for each in page.find("label")}
    fields = [each for each in page.elements if each.tag in {"input", "select", "textarea", "progress"}]
    assert [
        each.attributes
        for each in fields
        if each.attributes.get("type") not in {"hidden", "radio", "checkbox"}
        and each.attributes.get("id") not in labelled
        and "aria-label" not in each.attributes
    ] == []
    assert len(page.find("caption")) == len(page.find("table")) == 2
    assert all(each.text for each in page.find("caption") + page.find("legend"))
    assert all("scope" in each.attributes for each in page.find("th"))
    assert [each.text for each in page.elements if each.attributes.get("role") in {"status", "alert"}] == [
        "done",
        "failed",
    ]


def test_what_was_typed_is_kept(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    assert page.find("input", id="filter-q")[0].attributes["value"] == "香菇"
    chosen = [each.attributes["value"] for each in page.find("option") if "selected" in each.attributes]
    assert chosen == ["LISTED", "9", "2"]
    assert [each.attributes["value"] for each in page.find("input") if "checked" in each.attributes] == ["a", "b"]
    assert page.find("textarea", id="decision-reason")[0].text == "<typed>"
    assert page.find("input", name="key")[0].attributes["value"] == "kept"
    assert [each.attributes["value"] for each in page.find("button", name="verb")] == ["approve", "return"]
    assert "香菇 <b>" in page.text
    assert drawn.count('name="csrf_token" value="a-form-token"') == 2


def test_a_sorted_column_says_so_and_turns_round(drawn: str, markup: Any) -> None:
    heads = [each for each in markup(drawn).find("th", scope="col") if "aria-sort" in each.attributes]
    assert [each.attributes["aria-sort"] for each in heads] == ["descending"]
    assert "/work/lots?q=%E9%A6%99%E8%8F%87&amp;status=LISTED&amp;sort=weight" in drawn


def test_the_menu_shows_where_one_is(drawn: str, markup: Any) -> None:
    (current,) = [each for each in markup(drawn).find("a") if each.attributes.get("aria-current") == "page"]
    assert current.attributes["href"] == "/desk"


def test_running_work_is_asked_for_again_and_finished_work_is_not(page_of: PageOf) -> None:
    parts = templates.get_template("work_parts.html")
    page = page_of("zh")
    module: Any = parts.make_module({"t": page.t, "visitor": page.visitor})
    running = module.progress(1, 2, "x", poll_url="/p", page_url="/q")
    assert 'hx-get="/p" hx-trigger="every 1s"' in running
    assert 'href="/q"' in running
    finished = module.progress(2, 2, "x", poll_url="/p", page_url="/q")
    assert "hx-get" not in finished
    assert "href" not in finished


def test_a_list_reads_its_address_and_ignores_what_cannot_be(page_of: PageOf) -> None:
    listing = a_listing(page_of(path="/work/lots", query=QUERY))
    assert dict(listing.values) == {"q": "香菇", "status": "LISTED", "county": "", "maker": "", "sort": "-weight"}
    assert listing.params(supplier_id="s") == {
        "q": "香菇",
        "status": "LISTED",
        "sort": "-weight",
        "cursor": "abc",
        "limit": 50,
        "supplier_id": "s",
    }
    assert listing.export_params() == {"q": "香菇", "status": "LISTED", "sort": "-weight"}
    assert listing.export_url("csv") == "/work/lots.csv?q=%E9%A6%99%E8%8F%87&status=LISTED&sort=-weight"
    assert listing.first_url == "/work/lots?q=%E9%A6%99%E8%8F%87&status=LISTED&sort=-weight"
    assert listing.next_url(None) == ""
    assert listing.is_narrowed


def test_a_bare_list_has_its_default_order_and_is_not_narrowed(page_of: PageOf) -> None:
    listing = a_listing(page_of(path="/work/lots", query="sort=price"))
    assert listing.params() == {"sort": "name", "limit": 50}
    assert (listing.url(), listing.first_url, listing.is_narrowed) == ("/work/lots", "", False)
    assert listing.head("品名", "name").url == "/work/lots?sort=-name"
    assert listing.head("净重", "weight").direction == ""
