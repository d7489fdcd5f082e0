"""The pages of linkage, shares, villages and eligibility, drawn from answers that the catalog really gave."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages import eligibility, eligibility_view, linkages, origin_facts, profit_contracts, villages
from gateway.pages.listing import listing_of
from gateway.pages.rule_text import cases_of, text_of
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.pages.village_entries import basis_points_of, errors_of, fen_of, households_of, yuan_text
from shared.errors import Conflict, Invalid

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]


def shown(response: Any) -> str:
    return str(response.body.decode())


def draw_linkages(page: Page, answer: Answer, name: str = "linkages") -> str:
    asked = linkages.asked_list(page.request)
    found = answer("linkages") if name == "linkages" else {"items": []}
    context = linkages.list_context(page, page.visitor, asked, found, answer("linkage_summary"))
    return shown(page.render("linkages.html", **context))


def draw_none(page: Page, answer: Answer) -> str:
    return draw_linkages(page, answer, "none")


def draw_linkage(page: Page, answer: Answer) -> str:
    return shown(linkages.show_linkage(page, page.visitor, answer("linkage"), error="", reason=""))


def draw_refused(page: Page, answer: Answer) -> str:
    response = linkages.show_linkage(
        page, page.visitor, answer("linkage"), error=page.t.linkage.reason_needed, reason="不够", status=422
    )
    return shown(response)


def draw_form(page: Page, answer: Answer) -> str:
    typed = Typed({**linkages.typed_of_item(answer("linkage_returned")), "households": "001 4\n002"})
    errors = {"households": "x", "county_code": "y", "from_on": "z"}
    return shown(
        linkages.show_form(page, page.visitor, typed, item=answer("linkage_returned"), errors=errors, error="e")
    )


def draw_new(page: Page, answer: Answer) -> str:
    del answer
    return shown(linkages.show_form(page, page.visitor, Typed(county_code="430726")))


def draw_contracts(page: Page, answer: Answer) -> str:
    asked = profit_contracts.asked_list(page.request)
    return shown(
        page.render(
            "profit_contracts.html",
            listing=asked,
            rows=[profit_contracts.view_of(each, page) for each in answer("profit_contracts")["items"]],
            heads=profit_contracts.heads_of(page),
            next_url=asked.next_url("more"),
            filters=[],
            may_enter=True,
        )
    )


def draw_contract(page: Page, answer: Answer) -> str:
    context = profit_contracts.contract_context(
        page,
        page.visitor,
        answer("profit_contract"),
        answer("profit_payouts")["items"],
        answer("profit_shares")["items"],
    )
    return shown(
        page.render(
            "profit_contract.html",
            **context,
            errors=Typed(period_on="x"),
            payout_error="y",
            decision_error="",
            reason="",
        )
    )


def draw_villages(page: Page, answer: Answer, place: str = "") -> str:
    asked = listing_of(page.request, path=villages.PATH, filters={"place": None, "year": None})
    asked.values["place"] = place
    own = [linkages.view_of(each, page) for each in answer("linkages")["items"]] if place else []
    context = villages.village_context(
        page, asked, answer("linkage_villages"), answer("profit_statement"), own, found=answer("household_lookup")
    )
    return shown(page.render("villages.html", **context, errors=Typed(number="x"), error=""))


def draw_village(page: Page, answer: Answer) -> str:
    return draw_villages(page, answer, "430726/白云镇/白云村")


def draw_eligibility(page: Page, answer: Answer) -> str:
    asked = eligibility.asked_list(page.request)
    context = eligibility.list_context(page, page.visitor, asked, answer("rule_sets"), answer("eligibility_decisions"))
    return shown(page.render("eligibility.html", **context, error=""))


def draw_version(page: Page, answer: Answer) -> str:
    context = eligibility.version_context(
        page, page.visitor, answer("rule_version"), answer("rule_sets"), answer("rule_trial")
    )
    return shown(page.render("eligibility_version.html", **context, decision_error="", reason=""))


def draw_version_form(page: Page, answer: Answer) -> str:
    typed = Typed(cases=text_of(answer("rule_sets")["items"][-1]["versions"][0]["cases"]), from_on="2026-12-01")
    return shown(eligibility.show_form(page, typed, action="/work/eligibility/changde/new", errors={"cases": "x"}))


def draw_facts(page: Page, answer: Answer) -> str:
    context = origin_facts.facts_context(page, origin_facts.asked_list(page.request), answer("origin_facts"))
    return shown(page.render("origin_facts.html", **context, typed=Typed(), errors=Typed(value="x"), error="", key="k"))


DRAWINGS: dict[str, Callable[[Page, Answer], str]] = {
    "linkages": draw_linkages,
    "none": draw_none,
    "linkage": draw_linkage,
    "refused": draw_refused,
    "form": draw_form,
    "new": draw_new,
    "contracts": draw_contracts,
    "contract": draw_contract,
    "villages": draw_villages,
    "village": draw_village,
    "eligibility": draw_eligibility,
    "version": draw_version,
    "version form": draw_version_form,
    "facts": draw_facts,
}


@pytest.fixture(params=sorted(DRAWINGS))
def drawn(request: pytest.FixtureRequest, page_of: PageOf, answer: Answer, language: str) -> str:
    return DRAWINGS[request.param](page_of(language, path="/work/linkages", kind="operator"), answer)


def test_a_page_is_whole_and_labelled(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    assert page.faults == []
    assert (len(page.find("h1")), len(page.find("main"))) == (1, 1)
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert sorted(ids) == sorted(set(ids))
    pointed = {
        target
        for each in page.elements
        for name in ("for", "aria-labelledby", "aria-describedby")
        for target in each.attributes.get(name, "").split()
    }
    assert pointed <= set(ids)
    labelled = {each.attributes.get("for") for each in page.find("label")}
    fields = [each for each in page.elements if each.tag in {"input", "select", "textarea"}]
    bare = [
        each.attributes
        for each in fields
        if each.attributes.get("type") != "hidden"
        and each.attributes.get("id") not in labelled
        and "aria-label" not in each.attributes
    ]
    assert bare == []


def test_a_page_keeps_to_the_browsers_rules(drawn: str, markup: Any) -> None:
    assert [each.tag for each in markup(drawn).elements if "style" in each.attributes] == []
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", drawn, flags=re.DOTALL)
    assert [form[:200] for form in forms if 'name="csrf_token" value="a-form-token"' not in form] == []


def test_the_list_tells_the_years_households_and_what_was_paid(page_of: PageOf, answer: Answer, markup: Any) -> None:
    text = markup(draw_linkages(page_of(kind="operator"), answer)).text
    assert "70 户" in text
    assert "估算" in text
    assert "83,000.00" in text or "80,000.00" in text


def test_an_office_decides_and_a_supplier_does_not(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = markup(draw_linkage(page_of(kind="operator"), answer))
    assert {each.attributes["value"] for each in page.find("button", name="verb")} == {"confirm", "return"}
    page = markup(draw_linkage(page_of(kind="supplier"), answer))
    assert page.find("button", name="verb") == []


def test_a_refusal_keeps_the_reason_that_was_typed(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = markup(draw_refused(page_of(kind="operator"), answer))
    assert page.find("textarea", name="reason")[0].text == "不够"


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong_beside_it(
    page_of: PageOf, answer: Answer, markup: Any
) -> None:
    page = markup(draw_form(page_of(kind="supplier"), answer))
    assert page.find("textarea", id="households")[0].text == "001 4 002"
    assert page.find("input", id="county_code")[0].attributes["aria-invalid"] == "true"


def test_no_whole_key_is_read_on_the_village_page(page_of: PageOf, answer: Answer, markup: Any) -> None:
    text = markup(draw_villages(page_of(kind="operator"), answer)).text
    assert re.findall(r"[0-9a-f]{32}", text) == []


def test_a_product_shows_the_rules_that_count_it_with_their_reasons(
    page_of: PageOf, answer: Answer, markup: Any
) -> None:
    page = page_of("zh")
    titles = eligibility_view.rule_titles(answer("rule_sets"), page)
    views = eligibility_view.answers_of(answer("product_eligibility"), titles, page)
    assert [(view.rule, view.is_eligible) for view in views][:2] == [("常德市六类产品", True), ("832 个脱贫县", True)]
    hit = views[0].cases[0]
    assert (hit.title, hit.is_hit, hit.conditions[0][0]) == (
        "石门县生产加工的产品", True, "产地县 属于 430726（实际：430726）",
    )  # fmt: skip
    text = shown(page.render("product_answers.html", answers=[view for view in views if view.is_eligible]))
    assert "常德市六类产品" in markup(f"<body>{text}</body>").text


def test_cases_are_read_back_as_they_were_written(answer: Answer) -> None:
    for rule_set in answer("rule_sets")["items"]:
        for version in rule_set["versions"]:
            assert cases_of(text_of(version["cases"])) == version["cases"]


@pytest.mark.parametrize(
    "text", ["- origin_county one_of 430726", "shimen 石门", "a: b\n- origin_county", "a: b\n- x at_least many"]
)
def test_a_line_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        cases_of(text)
    assert (refused.value.code, refused.value.field) == ("rule-text-invalid", "cases")


def test_households_are_typed_line_by_line() -> None:
    assert households_of("001 4\n\n 002，3\n003", second="person_count") == [
        {"number": "001", "person_count": 4},
        {"number": "002", "person_count": 3},
        {"number": "003", "person_count": 1},
    ]
    assert households_of(" \n ", second="weight") is None
    with pytest.raises(Invalid) as refused:
        households_of("001 four", second="weight")
    assert refused.value.code == "household-line-invalid"


def test_money_is_typed_in_yuan() -> None:
    assert [fen_of(text, "wage_0") for text in ("", "12", "1,234.5", " 0.01 ")] == [0, 1200, 123_450, 1]
    assert (basis_points_of("2.5%", "share_bp"), yuan_text(250), yuan_text(300)) == (250, "2.50", "3")
    for wrong in ("a", "1.234", "-5", "NaN", "9" * 20):
        with pytest.raises(Invalid) as refused:
            fen_of(wrong, "wage_0")
        assert (refused.value.code, refused.value.field) == ("amount-invalid", "wage_0")


def test_a_refusal_stands_beside_its_field_or_above_the_form(page_of: PageOf) -> None:
    page = page_of("zh")
    fields = frozenset({"village"})
    beside = errors_of(Conflict("x", code="linkage-exists", field="village"), page, fields=fields)
    assert beside == ({"village": "同一方式、同一村、同一起始日已经录过，请修改那一条。"}, "")
    assert errors_of(Conflict("x", code="linkage-status"), page, fields=fields)[1].startswith("它的状态已经变了")


def test_every_refusal_of_the_catalog_has_a_sentence(page_of: PageOf, language: str) -> None:
    page = page_of(language)
    for code in (
        "linkage-status", "linkage-exists", "linkage-without-households", "household-number-empty", "household-twice",
        "household-numbers-needed", "period-empty", "village-missing", "supplier-missing", "profit-contract-status",
        "share-below-floor", "deduction-not-allowed", "shares-exceed-whole", "payout-exists", "payout-nothing-due",
        "period-not-over", "period-not-a-month", "paid-in-future", "rule-case-invalid", "rule-version-status",
        "rule-version-later", "rule-from-past", "fact-unknown", "fact-value-invalid", "fact-later", "subject-missing",
        "county-unknown", "stale", "not-your-supplier", "product-unknown", "supplier-unknown",
    ):  # fmt: skip
        assert page.refusal_text(code), code
