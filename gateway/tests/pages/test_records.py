"""Pages of recognition, directories, credit and brands, drawn by the routes from answers of the catalog: what
was typed stays, refusals have sentences, and nobody is offered what is not theirs."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from starlette.datastructures import FormData

from gateway.pages import credit, credit_shelves, directories, recognitions, record_fields, records, standings
from gateway.pages.records import Shelf
from gateway.pages.shell import Page
from gateway.pages.wording import wording
from gateway.services import Answer
from gateway.visitor import Language, Visitor
from shared.errors import Conflict, Invalid

PageOf = Callable[..., Page]
VisitorOf = Callable[..., Visitor]
ID = "0192a1b2-0000-7000-8000-000000000009"
TRAIL = [
    {
        "verb": "apply",
        "from_status": "",
        "to_status": "APPLIED",
        "reason": "",
        "person_id": None,
        "caller_kind": "supplier",
        "happened_at": "2026-11-20T02:00:00Z",
    }
]
RECOGNITION: dict[str, Any] = {
    "recognition_id": ID,
    "product_id": ID,
    "product_title": "香菇 <b>",
    "supplier_id": ID,
    "supplier_name": "大山合作社",
    "county_code": "420325",
    "township": "土城镇",
    "status": "PUBLIC_NOTICE",
    "statement": "自产",
    "status_reason": "",
    "attempt": 1,
    "notice_from_on": "2026-11-20",
    "notice_until_on": "2026-11-26",
    "valid_from_on": None,
    "valid_until_on": None,
    "open_objections": 1,
    "applied_at": "2026-11-19T02:00:00Z",
    "trail": TRAIL,
    "objections": [
        {
            "objection_id": ID,
            "status": "OPEN",
            "answer": "",
            "raised_at": "2026-11-21T02:00:00Z",
            "answered_at": None,
            "name": "路人",
            "contact": "13900000000",
            "grounds": "不是本县产的",
            "revision": 1,
        }
    ],
}
ISSUE: dict[str, Any] = {
    "issue_id": ID,
    "number": "420325-2026-02",
    "region_code": "420325",
    "region_name": "房县",
    "level": "county",
    "year": 2026,
    "title": "房县特色农产品目录",
    "preface": "前言",
    "status": "PUBLISHED",
    "withdrawn_reason": "",
    "previous_id": ID,
    "entry_count": 1,
    "revision": 3,
    "published_at": "2026-11-20T02:00:00Z",
    "withdrawn_at": None,
}
ENTRY: dict[str, Any] = {
    "product_id": ID,
    "position": 1,
    "note": "主推",
    "content": {
        "title": "香菇",
        "title_en": "Shiitake",
        "category": "mushroom",
        "supplier_name": "大山合作社",
        "county": "房县",
        "packs": [{"specification": "500克", "net_weight_g": 500, "price_fen": 3380}],
        "certificates": [{"type": "organic", "number": "1", "until": None}],
        "recognised_until": "2028-12-31",
    },
}
CHANGES = {"previous": "420325-2026-01", "added": [ENTRY], "removed": [], "changed": []}


class Catalog:
    """Answers by path, as the catalog gives them; notes what was sent."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.sent: list[tuple[str, str, Any]] = []

    async def get(self, path: str, **_: Any) -> Any:
        found = self.answers[path]
        if isinstance(found, Exception):
            raise found
        return found

    async def post(self, path: str, *, json: Any = None, **_: Any) -> Any:
        self.sent.append(("POST", path, json))
        return await self.get(path)

    async def answer(self, method: str, path: str, *, json: Any = None, **_: Any) -> Answer:
        if method != "GET":
            self.sent.append((method, path, json))
        found = await self.get(path)

        return Answer(200, {"etag": '"3"'}, orjson.dumps(found))


class Wire:
    """What a route is given to call."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.catalog = Catalog(answers)


def services(answers: dict[str, Any]) -> Any:
    return Wire(answers)


def text_of(response: Any) -> str:
    return str(response.body.decode())


@pytest.mark.parametrize(
    "shelf", [recognitions.SHELF, directories.SHELF, *credit_shelves.TABS], ids=lambda each: each.key
)
def test_every_name_that_a_shelf_uses_has_a_text_in_both_languages(shelf: Shelf) -> None:
    for language in ("zh", "en"):
        t = wording(language)
        names = t.names
        assert getattr(t.records, shelf.key).title
        fields = [each.name for each in (*shelf.form, *(part for act in shelf.acts for part in act.fields))]
        assert [each for each in (*shelf.columns, *shelf.facts, *fields) if each not in names["record_field"]] == []
        assert [each.name for each in shelf.acts if each.name not in names["record_verb"]] == []
        statuses = {*shelf.statuses, *(each for act in shelf.acts for each in act.statuses)}
        assert statuses - set(names["record_status"]) == set()


async def test_a_list_is_whole_and_offers_files(
    page_of: PageOf, visitor_of: VisitorOf, markup: Any, language: Language
) -> None:
    page = page_of(language, path="/work/recognitions", kind="official")
    visitor = visitor_of(language, "official", frozenset({"township"}))
    answers = {"/v1/recognitions": {"items": [RECOGNITION], "next_cursor": "more"}}
    drawn = markup(text_of(await recognitions.get_recognitions(page, services(answers), visitor)))
    assert drawn.faults == []
    assert "香菇 <b>" in drawn.text
    links = [each.attributes["href"] for each in drawn.find("a")]
    assert {f"/work/recognitions/{ID}", "/work/recognitions.csv", "/work/recognitions.xlsx"} <= set(links)
    assert "/work/recognitions/new" not in links  # an official does not apply
    assert any("cursor=more" in each for each in links)


async def test_an_empty_list_says_what_comes_next(
    page_of: PageOf, visitor_of: VisitorOf, markup: Any, language: Language
) -> None:
    page = page_of(language, path="/work/recognitions", kind="supplier")
    answers = {"/v1/recognitions": {"items": [], "next_cursor": None}}
    drawn = markup(
        text_of(await recognitions.get_recognitions(page, services(answers), visitor_of(language, "supplier")))
    )
    assert drawn.faults == []
    assert len(drawn.find("a", href="/work/recognitions/new")) == 2


@pytest.mark.parametrize(
    ("kind", "role", "verbs"),
    [
        ("official", "decider", {"conclude", "dismissed", "upheld"}),
        ("official", "township", {"dismissed", "upheld"}),
        ("operator", "operator", {"conclude", "dismissed", "upheld"}),
    ],
)
async def test_one_offers_what_its_status_and_the_role_allow(
    page_of: PageOf, visitor_of: VisitorOf, markup: Any, kind: str, role: str, verbs: set[str]
) -> None:
    page = page_of("zh", path=f"/work/recognitions/{ID}", kind=kind)
    visitor = visitor_of("zh", kind, frozenset({role}))
    answers = {f"/v1/recognitions/{ID}": RECOGNITION}
    drawn = markup(text_of(await recognitions.get_recognition(page, services(answers), visitor, ID)))  # type: ignore[arg-type]
    assert drawn.faults == []
    assert {each.attributes["value"] for each in drawn.find("button", name="verb")} == verbs
    assert "13900000000" in drawn.text


async def test_a_refused_verb_keeps_the_reason_and_says_why(
    page_of: PageOf, visitor_of: VisitorOf, markup: Any
) -> None:
    page = page_of("zh", path=f"/work/recognitions/{ID}", kind="official")
    visitor = visitor_of("zh", "official", frozenset({"decider"}))
    path = f"/v1/recognitions/{ID}"
    answers = {path: RECOGNITION, f"{path}/conclude": Conflict("…", code="objection-open")}
    made = services(answers)
    form = FormData({"verb": "conclude", "reason": "看过了", "etag": '"3"', "key": "k"})
    response = await recognitions.post_verb(page, made, visitor, form, ID)  # type: ignore[arg-type]
    drawn = markup(text_of(response))
    assert response.status_code == 409
    assert "还有异议没有答复" in drawn.text
    assert "看过了" in drawn.find("textarea", id="decision-reason")[0].text
    assert made.catalog.sent == [("POST", f"{path}/conclude", {"reason": "看过了"})]


async def test_a_form_that_is_refused_comes_back_as_typed(page_of: PageOf, visitor_of: VisitorOf, markup: Any) -> None:
    page = page_of("zh", path="/work/credit/brands/new", kind="operator")
    answers: dict[str, Any] = {"/v1/brands": Invalid("…", code="brand-exists", field="name")}
    form = FormData(
        {
            "name": "房县山珍",
            "region_code": "420325",
            "owner_office": "局",
            "categories": "fruit",
            "quality_rule": "一级",
        }
    )
    response = await credit.post_new(page, services(answers), visitor_of("zh", "operator"), form, "brands")
    drawn = markup(text_of(response))
    assert (response.status_code, drawn.faults) == (422, [])
    assert drawn.find("input", name="name")[0].attributes["value"] == "房县山珍"
    assert drawn.find("input", name="name")[0].attributes["aria-invalid"] == "true"
    assert "已有同名品牌" in drawn.text


def test_a_form_reads_yuan_numbers_and_what_may_be_empty() -> None:
    fields = (
        record_fields.Field("fine_fen", "yuan", is_required=False),
        record_fields.Field("months", "number"),
        record_fields.Field("note", is_required=False),
        record_fields.Field("is_passed", "flag"),
    )
    form = FormData({"fine_fen": "3,000.50", "months": "12", "note": " ", "is_passed": "no"})
    assert record_fields.body_of(fields, form) == {"fine_fen": 300050, "months": 12, "is_passed": False}
    for wrong in ("abc", "1.5"):
        with pytest.raises(Invalid) as refused:
            record_fields.body_of(fields, FormData({"months": wrong}))
        assert (refused.value.code, refused.value.field) == ("number-invalid", "months")


async def test_a_draft_is_edited_entry_by_entry(
    page_of: PageOf, visitor_of: VisitorOf, markup: Any, language: Language
) -> None:
    page = page_of(language, path=f"/work/directories/{ID}", kind="official")
    visitor = visitor_of(language, "official", frozenset({"decider"}))
    path = f"/v1/directory-issues/{ID}"
    answers = {
        path: ISSUE | {"status": "DRAFT", "number": None},
        f"{path}/entries": {"items": [ENTRY], "next_cursor": None},
        f"{path}/changes": CHANGES,
    }
    drawn = markup(text_of(await directories.get_one(page, services(answers), visitor, ID)))  # type: ignore[arg-type]
    assert drawn.faults == []
    verbs = [each.attributes["value"] for each in drawn.find("button", name="verb")]
    assert verbs == ["keep", "leave-out", "publish", "collect"]


async def test_a_published_issue_is_a_document_for_everybody(page_of: PageOf, markup: Any, language: Language) -> None:
    page = page_of(language, path="/directory/420325-2026-02", kind="anonymous")
    path = "/v1/directory-issues/420325-2026-02"
    answers = {
        path: ISSUE | {"status": "WITHDRAWN", "withdrawn_reason": "有误"},
        f"{path}/entries": {"items": [ENTRY], "next_cursor": None},
        f"{path}/changes": CHANGES,
        "/v1/directory-issues": {"items": [ISSUE], "next_cursor": None},
    }
    drawn = markup(text_of(await directories.get_issue(page, services(answers), "420325-2026-02")))
    assert drawn.faults == []
    assert all(each in drawn.text for each in ("420325-2026-02", "500克", "主推", "有误"))
    listed = markup(text_of(await directories.get_public(page, services(answers))))
    assert (listed.faults, len(listed.find("a", href="/directory/420325-2026-02"))) == ([], 1)


async def test_public_lists_notices_and_the_check_are_drawn(page_of: PageOf, markup: Any, language: Language) -> None:
    page = page_of(language, path="/credit", kind="anonymous")
    placement = {
        "placement_id": ID, "supplier_id": ID, "supplier_name": "某某", "uscc": "93420325MA4000001X",
        "list": "ABNORMAL", "basis": "八号", "status": "IN_FORCE", "starts_on": "2026-11-01", "ends_on": "2029-10-31",
    }  # fmt: skip
    rule = {
        "zh": "经营异常名录", "en": "Abnormal", "bans_orders": False, "listed_skus": 3, "rank": -400, "months": 36,
        "objection_days": 30, "source": "出处",
    }  # fmt: skip
    answers: dict[str, Any] = {
        "/v1/credit-placements": {"items": [placement], "next_cursor": None},
        "/v1/credit-rules": {"lists": [rule]},
        "/v1/recognitions": {"items": [RECOGNITION], "next_cursor": None},
        f"/v1/recognitions/{ID}": RECOGNITION,
        "/v1/brand-check": Invalid("…", code="brand-number-invalid"),
    }
    lists = markup(text_of(await standings.get_credit(page, services(answers))))
    assert (lists.faults, "93420325MA4000001X" in lists.text) == ([], True)
    notices = markup(text_of(await standings.get_recognitions(page, services(answers))))
    assert (notices.faults, len(notices.find("a", href=f"/recognitions/{ID}"))) == ([], 1)
    notice = markup(text_of(await standings.get_recognition(page, services(answers), ID)))  # type: ignore[arg-type]
    assert (notice.faults, len(notice.find("textarea", name="grounds"))) == ([], 1)
    wrong = await standings.get_brand_check(page, services(answers), "PB1")
    assert (wrong.status_code, markup(text_of(wrong)).faults) == (422, [])
    assert page.refusal_text("brand-number-invalid") in text_of(wrong)


def test_every_refusal_of_ours_has_a_sentence(page_of: PageOf) -> None:
    codes = {
        "recognition-status", "decided-before", "notice-running", "objection-open", "directory-status",
        "directory-empty", "entry-not-recognised", "placement-status", "placement-open", "appeal-open", "appeal-status",
        "repair-too-early", "supplier-order-banned", "supplier-listing-capped", "product-under-measure", "case-status",
        "measure-standing", "grant-exists", "quota-exceeded", "brand-number-unknown", "demonstration-status",
    }  # fmt: skip
    assert {code for code in codes if not page_of("zh").refusal_text(code)} == set()
    assert records.REFUSED
