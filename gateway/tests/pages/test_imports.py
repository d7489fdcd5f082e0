"""The pages of imports, drawn from answers as the catalog gives them, in both languages."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages.imports import PATH, STATUSES, WORKING, import_view, overview_view
from gateway.pages.listing import listing_of
from gateway.pages.shell import Page
from gateway.pages.wording import wording
from gateway.visitor import Language

PageOf = Callable[..., Page]
BATCH: dict[str, Any] = {
    "batch_id": "0192a1b2-0000-7000-8000-00000000000a",
    "kind": "supply",
    "file_name": "房县供给.xlsx",
    "status": "CHECKED",
    "mode": None,
    "progress": {"done": 1200, "total": 1200},
    "row_count": 1200,
    "new_count": 1000,
    "changed_count": 100,
    "unchanged_count": 98,
    "bad_count": 2,
    "created_count": 0,
    "updated_count": 0,
    "kept_count": 0,
    "lost_count": 0,
    "warnings": [],
    "refusal": None,
    "uploaded_at": "2026-11-22T04:00:00Z",
    "checked_at": "2026-11-22T04:01:00Z",
    "finished_at": None,
    "is_cleared": False,
}
BAD = {
    "row_number": 3,
    "cells": ["420325", "面议"],
    "faults": [
        {
            "column": "price_from_fen",
            "head": "价格<元/斤>",
            "letter": "J",
            "value": "面议",
            "code": "number-unreadable",
            "zh": "“面议”不是数字。",
            "en": "面议 is not a number.",
        }
    ],
}
KINDS = [
    {"kind": kind, "zh": zh, "en": en, "about_zh": "一行是一条。", "about_en": "A row is one."}
    for kind, zh, en in (("products", "产品与规格", "Products"), ("supply", "农业供给侧产品库", "Supply register"))
]


def draw(page: Page, bad: list[dict[str, Any]] | None = None, **given: Any) -> str:
    view = import_view({**BATCH, **given}, bad or [], page)
    return page.render("import.html", error="", **view).body.decode()


def buttons(found: Any) -> list[str]:
    return [each.attributes["value"] for each in found.find("button") if each.attributes.get("name") == "verb"]


@pytest.mark.parametrize("status", STATUSES)
def test_an_import_in_every_state_is_a_whole_page(
    page_of: PageOf, markup: Any, language: Language, status: str
) -> None:
    page = page_of(language, path=f"{PATH}/1", kind="supplier")
    found = markup(draw(page, [BAD], status=status, mode="skip" if status in ("APPLYING", "APPLIED") else None))
    assert found.faults == []
    assert wording(language).names["import_status"][status] in found.text
    assert bool(found.find("progress")) is (status in WORKING)
    assert ("cancel" in buttons(found)) is (status in WORKING | {"CHECKED"})


def test_while_rows_are_bad_only_the_good_ones_may_be_written(page_of: PageOf, markup: Any) -> None:
    page = page_of(kind="supplier")
    assert buttons(markup(draw(page, [BAD]))) == ["skip", "cancel"]
    assert buttons(markup(draw(page, bad_count=0))) == ["abort", "cancel"]
    assert buttons(markup(draw(page, bad_count=0, new_count=0, changed_count=0))) == ["cancel"]


def test_a_bad_row_says_its_cell_its_content_and_what_is_wrong(
    page_of: PageOf, markup: Any, language: Language
) -> None:
    found = markup(draw(page_of(language, kind="supplier"), [BAD]))
    assert "J3 价格<元/斤>" in found.text
    assert BAD["faults"][0][language] in found.text  # type: ignore[index]
    files = [each.attributes["href"] for each in found.find("a") if "bad-rows" in each.attributes.get("href", "")]
    assert files == [f"{PATH}/{BATCH['batch_id']}/bad-rows.{form}" for form in ("xlsx", "csv")]


def test_progress_asks_again_while_there_is_work_even_before_the_length_is_known(page_of: PageOf, markup: Any) -> None:
    page = page_of(kind="supplier")
    batch = {**BATCH, "status": "UPLOADED", "progress": {"done": 0, "total": 0}}
    found = markup(page.render("import_progress.html", batch=batch).body.decode())
    [piece] = found.find("div", class_="work-progress")
    assert piece.attributes["hx-get"] == f"{PATH}/{BATCH['batch_id']}/progress"
    over = markup(page.render("import_progress.html", batch=BATCH).body.decode())
    assert "hx-get" not in over.find("div", class_="work-progress")[0].attributes


@pytest.mark.parametrize("kind", ["supplier", "official", "operator"])
def test_the_overview_offers_a_form_and_templates_and_asks_only_operators_for_whom(
    page_of: PageOf, markup: Any, language: Language, kind: str
) -> None:
    page = page_of(language, path=PATH, kind=kind)
    listing = listing_of(page.request, path=PATH, filters={"status": STATUSES, "kind": None})
    view = overview_view(KINDS, {"items": [BATCH]}, listing, page)
    text = page.render("imports.html", error="不行", typed={"kind": "supply", "supplier": ""}, **view).body.decode()
    found = markup(text)
    assert found.faults == []
    [file] = found.find("input", type="file")
    assert file.attributes["aria-invalid"] == "true"
    [chosen] = [each for each in found.find("input", type="radio") if "checked" in each.attributes]
    assert chosen.attributes["value"] == "supply"
    assert bool(found.find("input", name="supplier")) is (kind == "operator")
    assert len([each for each in found.find("a") if "/templates/" in each.attributes.get("href", "")]) == 4
    assert BATCH["file_name"] in found.text
