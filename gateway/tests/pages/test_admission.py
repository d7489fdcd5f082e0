"""The pages of admission, licences and notices, drawn from answers that the catalog really gave."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.datastructures import FormData

from gateway.pages import admission_view, admissions, application, licences, notices, supplier_file
from gateway.pages.regions import RegionChoice, RegionOption
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.visitor import Language
from shared.errors import Invalid

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]
PLACE = {"province": "420000", "city": "420300", "county": "420325"}


def region_lists() -> RegionChoice:
    option = [RegionOption("420325", "房县")]
    return RegionChoice(option, option, option, is_complete=False)


def shown(response: Any) -> str:
    return str(response.body.decode())


def draw_file(page: Page, answer: Answer, **changes: Any) -> str:
    found = answer("admission_own") | changes
    draft = application.draft_of_answer(found, PLACE)
    context = supplier_file.file_context(page, found, answer("admission_trail"), draft, region_lists())
    return shown(page.render("supplier_file.html", **context, notice="", error="x"))


def draw_file_under_review(page: Page, answer: Answer) -> str:
    found = answer("admission_own")
    found["supplier"]["status"] = "SUBMITTED"
    found["due_on"] = "2026-11-25"
    return draw_file(page, answer, supplier=found["supplier"], due_on="2026-11-25")


def draw_new(page: Page, answer: Answer) -> str:
    del answer
    return shown(page.render("supplier_new.html", typed=Typed(name="甲"), errors=Typed(name="x")))


def draw_register(page: Page, answer: Answer) -> str:
    del answer
    return shown(
        page.render(
            "supplier_register.html",
            typed=Typed(name="甲", is_uscc_as_printed="1"),
            errors=Typed(uscc="x"),
            error="y",
            regions=region_lists(),
            kinds=[],
            notice="",
        )
    )


def draw_admitted(page: Page, answer: Answer) -> str:
    supplier = answer("admission_own")["supplier"] | {"status": "ACTIVE"}
    steps = admission_view.steps_of("ACTIVE", [], page)
    context = {"supplier": supplier, "steps": steps, "may_leave": True, "notice": "", "error": ""}
    return shown(page.render("supplier_admitted.html", **context))


def draw_licences(page: Page, answer: Answer) -> str:
    context = licences.own_context(page, answer("admission_own")["licences"], answer("licence_types"))
    errors = Typed(valid_until="x", document="y")
    return shown(page.render("licences.html", **context, typed=Typed(number="1"), errors=errors, error="", notice=""))


def draw_ending(page: Page, answer: Answer) -> str:
    context = licences.ending_context(page, licences.asked_list(page), answer("ending_licences"))
    return shown(page.render("ending_licences.html", **context, notice="", error=""))


def draw_waiting(page: Page, answer: Answer) -> str:
    found = answer("ending_licences")
    found["items"][0] |= {"status": "FILED", "valid_until": None, "days_left": None}
    return shown(
        page.render(
            "ending_licences.html",
            **licences.ending_context(page, licences.asked_list(page), found),
            notice="",
            error="",
        )
    )


def draw_desk(page: Page, answer: Answer) -> str:
    return shown(
        page.render(
            "admissions.html", **admissions.desk_context(page, admissions.asked_list(page), answer("admissions"))
        )
    )


def draw_empty_desk(page: Page, answer: Answer) -> str:
    del answer
    return shown(
        page.render("admissions.html", **admissions.desk_context(page, admissions.asked_list(page), {"items": []}))
    )


def draw_application(page: Page, answer: Answer) -> str:
    found = answer("admission") | {"may_let_code_through": True}
    found["supplier"] |= {"uscc_check": "FAILED"}
    changes = {
        "before_round": 1,
        "after_round": 2,
        "changes": [{"field": "linkage_ways", "before": ["purchase"], "after": ["dividend"]}],
    }
    form = FormData([("field", "products"), ("sentence", "写明村"), ("reason", "不符")])
    context = admissions.detail_context(page, found, answer("admission_trail"), changes, form=form)
    return shown(page.render("admission.html", **context, refused="opinion", notice="", error="x"))


def draw_active(page: Page, answer: Answer) -> str:
    found = answer("admission") | {"verbs": [], "parts": [], "due_on": None, "deadline": None}
    found["supplier"] |= {"status": "ACTIVE", "uscc_check": "LET_THROUGH", "uscc_reason": "原件如此"}
    context = admissions.detail_context(page, found, answer("admission_trail"), None)
    return shown(page.render("admission.html", **context, refused="", notice="x", error=""))


def draw_notices(page: Page, answer: Answer) -> str:
    context = notices.notices_context(page, notices.asked_list(page), answer("notices"))
    return shown(page.render("notices.html", **context))


DRAWN = {
    "file": (draw_file, "supplier"),
    "under_review": (draw_file_under_review, "supplier"),
    "new": (draw_new, "consumer"),
    "register": (draw_register, "supplier"),
    "admitted": (draw_admitted, "supplier"),
    "licences": (draw_licences, "supplier"),
    "ending": (draw_ending, "official"),
    "waiting": (draw_waiting, "official"),
    "desk": (draw_desk, "official"),
    "empty_desk": (draw_empty_desk, "operator"),
    "application": (draw_application, "official"),
    "active": (draw_active, "operator"),
    "notices": (draw_notices, "official"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_page_is_whole_and_every_field_has_a_label(
    name: str, language: Language, page_of: PageOf, answer: Answer, markup: Any
) -> None:
    draw, kind = DRAWN[name]
    page = markup(draw(page_of(language, kind=kind, path="/work/x"), answer))
    assert page.faults == []
    labelled = {each.attributes["for"] for each in page.find("label") if "for" in each.attributes}
    for each in [*page.find("input"), *page.find("select"), *page.find("textarea")]:
        kind_of = each.attributes.get("type", "")
        if kind_of in {"hidden", "checkbox", "radio"} or "aria-label" in each.attributes:
            continue
        assert each.attributes["id"] in labelled, each.attributes
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for form in page.find("form"):
        if form.attributes.get("method") == "post":
            assert form.attributes["action"].startswith("/work/")
    described = [each.attributes["aria-describedby"] for each in page.elements if "aria-describedby" in each.attributes]
    assert set(described) <= set(ids)


@pytest.mark.parametrize("name", [name for name in DRAWN if name not in {"empty_desk", "ending", "admitted"}])
def test_every_form_that_changes_something_carries_the_token(name: str, page_of: PageOf, answer: Answer) -> None:
    draw, kind = DRAWN[name]
    text = draw(page_of("zh", kind=kind, path="/work/x"), answer)
    assert text.count('method="post"') == text.count('name="csrf_token" value="a-form-token"')


def test_the_reasons_of_a_rejection_stand_beside_their_fields(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = markup(draw_file(page_of(kind="supplier"), answer))
    (field,) = page.find("input", id="linked_household_count")
    assert (field.attributes["aria-invalid"], field.attributes["value"]) == ("true", "97")
    notes = {each.attributes.get("id"): each.text for each in page.elements}
    assert notes["linked_household_count-note"].startswith("县级：户数与镇里上报的 79 户不符")
    assert notes["agreement-note"].startswith("县级：协议缺")


def test_reasons_of_an_earlier_round_are_history(page_of: PageOf, answer: Answer) -> None:
    found = answer("admission_own")
    found["round"] += 1
    assert application.found_errors(found, page_of()) == {}


def test_what_is_typed_goes_to_the_service_and_back() -> None:
    form = FormData(
        [
            ("name", " 甲社 "),
            ("kind", "cooperative"),
            ("uscc", ""),
            ("yearly_output_kg", "36,000"),
            ("linked_household_count", ""),
            ("yearly_income", "1234.5"),
            ("linkage_ways", "dividend"),
            ("linkage_ways", "gift"),
            ("agreement_document_ids", "d1"),
        ]
    )
    body = application.body_of(application.draft_of_form(form), "420325")
    assert (body["name"], body["uscc"], body["county_code"]) == ("甲社", None, "420325")
    assert (body["yearly_output_kg"], body["linked_household_count"], body["yearly_income_fen"]) == (
        36_000,
        None,
        123_450,
    )
    assert (body["linkage_ways"], body["agreement_document_ids"]) == (["dividend"], ["d1"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("linked_person_count", "一百"),
        ("linked_person_count", "-1"),
        ("yearly_income", "1.005"),
        ("yearly_income", "NaN"),
    ],
)
def test_what_is_no_number_is_said_so_by_its_field(name: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        application.body_of(application.draft_of_form(FormData([(name, text)])), "420325")
    assert (refused.value.code, refused.value.field) == ("number-invalid", name)


def test_all_faults_of_a_refused_application_are_told_by_field(page_of: PageOf) -> None:
    refusal = Invalid(
        "x",
        code="application-incomplete",
        field="products",
        faults=[
            {"field": "products", "code": "missing", "message": "x"},
            {"field": "licences", "code": "licence-missing", "message": "x"},
            {"field": "agreement_document_ids", "code": "missing", "message": "x"},
        ],
    )
    told = application.told_errors(refusal, page_of())
    assert told.keys() == {"products", "licences", "agreement"}
    assert told["licences"] == "缺少在有效期内的必备证照。"


@pytest.mark.parametrize(
    ("status", "states"),
    [
        ("DRAFT", ["current", "todo", "todo", "todo", "todo", "todo"]),
        ("COUNTY_REJECTED", ["done", "done", "refused", "todo", "todo", "todo"]),
        ("ACTIVE", ["done"] * 6),
        ("SUSPENDED", [*["done"] * 5, "refused"]),
        ("EXITED", [*["done"] * 6, "refused"]),
    ],
)
def test_the_way_shows_how_far_it_was_gone(page_of: PageOf, status: str, states: list[str]) -> None:
    assert [each.state for each in admission_view.steps_of(status, [], page_of())] == states


def test_the_desk_says_what_is_overdue_and_which_tab_is_open(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = markup(draw_desk(page_of(kind="official", path="/work/admissions", query="overdue=true"), answer))
    assert [each.text for each in page.find("a") if each.attributes.get("aria-current") == "page"][-1] == "已逾期"
    assert "逾期" in page.text
    first = next(
        each for each in answer("admissions")["items"] if each["opinion_parts"] and each["status"] == "COUNTY_REVIEW"
    )
    assert f"/work/admissions/{first['supplier_id']}" in [each.attributes["href"] for each in page.find("a")]


def test_a_code_that_fails_is_named_wherever_it_is_shown(page_of: PageOf) -> None:
    code = {"uscc": "93420325MA50000490"}
    told = [
        admissions.code_text(code | {"uscc_check": check}, page_of()) for check in ("PASSED", "FAILED", "LET_THROUGH")
    ]
    assert told == [
        "93420325MA50000490",
        "93420325MA50000490（校验位不符）",
        "93420325MA50000490（校验位不符，已人工放行）",
    ]
    assert admissions.code_text({"uscc": None, "uscc_check": "NONE"}, page_of()) == ""


def test_a_refused_rejection_keeps_its_reasons(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = markup(draw_application(page_of(kind="official"), answer))
    assert page.find("input", id="sentence-1")[0].attributes["value"] == "写明村"
    chosen = [each for each in page.find("option", value="products") if "selected" in each.attributes]
    assert len(chosen) == 1


def test_notices_are_sentences_with_a_way_to_what_they_are_about(page_of: PageOf, answer: Answer) -> None:
    page = page_of(kind="official")
    ending = {
        "code": "licence-ending",
        "subject_kind": "licence",
        "subject_id": "1",
        "facts": {"type": "food_business", "number": "甲1", "days": 7, "valid_until": "2026-11-29", "reason": ""},
    }
    assert notices.sentence_of(ending, page) == "食品经营许可证（甲1）还有 7 天到期（2026年11月29日），请及时续证。"
    assert notices.url_of(ending, page.visitor) == "/work/licences"
    strange = {"code": "never-heard-of", "subject_kind": "moon", "subject_id": "1", "facts": {}}
    assert (notices.sentence_of(strange, page), notices.url_of(strange, page.visitor)) == ("有一条新通知。", "")
    for each in answer("notices")["items"]:
        assert notices.sentence_of(each, page) != "有一条新通知。"
        assert "{" not in notices.sentence_of(each, page)


def test_a_sentence_for_every_notice_that_admission_sends(language: Language, page_of: PageOf) -> None:
    names = page_of(language).t.names["notice"]
    sent = {
        "admission-arrived-county",
        "admission-arrived-platform",
        "admission-recommended",
        "admission-rejected",
        "admission-admitted",
        "admission-overdue",
        "supplier-suspended",
        "supplier-resumed",
        "supplier-exited",
        "principal-gone",
        "licence-ending",
        "licence-ended",
        "licence-refused",
    }
    assert sent <= names.keys()
