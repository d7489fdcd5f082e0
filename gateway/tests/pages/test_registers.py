"""The registers' work pages: forms in and out, who sees and does what, texts for every refusal, pages drawn whole."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from gateway.pages import register_items, register_options, registers
from gateway.pages.regions import RegionBook
from gateway.pages.register_forms import (
    DEEDS,
    FORMS,
    GRAMS,
    Field,
    body_of,
    parts_of,
    typed_from,
    typed_of,
    weight_typed,
)
from gateway.pages.register_options import errors_of
from gateway.pages.register_tables import REGISTERS, TONES, registers_for, verbs_for
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.pages.wording import wording
from gateway.visitor import Language, Visitor
from shared.errors import Forbidden, Invalid, NotFound

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]
VisitorOf = Callable[..., Visitor]
SLICES = ("supply", "survey", "tourism", "labour", "workshop", "job", "placement", "fair", "demand")
CATALOG = Path(__file__).parents[3] / "services" / "catalog" / "src" / "catalog"
ITEM = UUID("00000000-0000-7000-8000-000000000009")

WEIGHT = Field("weight_g", "weight")
YUAN = Field("price_fen", "yuan")


@given(st.integers(0, 10**12))
def test_a_weight_that_is_shown_to_be_edited_comes_back_the_same(grams: int) -> None:
    typed, _ = typed_from([WEIGHT], {"weight_g": grams})
    assert body_of([WEIGHT], typed, {}) == {"weight_g": grams}
    assert typed["weight_g_unit"] in GRAMS


@given(st.integers(0, 10**8))
def test_an_amount_that_is_shown_to_be_edited_comes_back_the_same(fen: int) -> None:
    typed, _ = typed_from([YUAN], {"price_fen": fen})
    assert body_of([YUAN], typed, {}) == {"price_fen": fen}


@pytest.mark.parametrize(
    ("grams", "typed"),
    [(1_500_000, ("1.5", "t")), (3_000, ("3", "kg")), (500, ("1", "jin")), (750, ("1.5", "jin")), (0, ("0", "jin"))],
)
def test_weights_are_shown_in_the_unit_in_which_they_are_short(grams: int, typed: tuple[str, str]) -> None:
    assert weight_typed(grams) == typed


@pytest.mark.parametrize("text", ["很多", "-1", "nan", "1e99", "0.0001"])
def test_what_is_no_number_is_refused_beside_its_field(text: str, page_of: PageOf) -> None:
    typed = Typed({"weight_g": text, "weight_g_unit": "jin"})
    with pytest.raises(Invalid) as refused:
        body_of([WEIGHT], typed, {})
    assert refused.value.code == "number-invalid"
    assert errors_of(refused.value, (WEIGHT,), page_of()) == {"weight_g": page_of().refusal_text("number-invalid")}


def test_what_must_be_filled_in_is_asked_for(page_of: PageOf) -> None:
    fields = FORMS["supply"].fields
    with pytest.raises(Invalid) as refused:
        body_of(fields, Typed(), {})
    assert (refused.value.code, refused.value.field) == ("field-missing", "county_code")
    assert errors_of(refused.value, fields, page_of("en")) == {"county_code": "Fill this in."}


def test_a_refusal_of_a_month_stands_beside_the_season(page_of: PageOf) -> None:
    refusal = Invalid("no", code="month-invalid", field="season_to_month")
    assert list(errors_of(refusal, FORMS["supply"].fields, page_of())) == ["season"]


def test_a_form_is_read_as_the_browser_sends_it() -> None:
    fields = FORMS["spots"].fields
    sent = [("name", " 老街 "), ("kind", "folk"), ("open_from", "11"), ("open_to", "2"), ("description", "")]
    typed, ticked = typed_of(
        FormData([*sent, ("county_code", "420325"), ("township", "镇"), ("village", "村")]), fields
    )
    body = body_of(fields, typed, ticked)
    assert (body["name"], body["open_from_month"], body["open_to_month"], body["description"]) == ("老街", 11, 2, "")
    jobs = FORMS["jobs"].fields
    _, ticked = typed_of(FormData([("skills", "tea"), ("skills", "sewing")]), jobs)
    assert ticked["skills"] == ["tea", "sewing"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_has_a_name_in_both_languages(language: Language) -> None:
    names = wording(language).names
    for register in REGISTERS.values():
        assert names["register"][register.key]
        assert names["register_intro"][register.key]
        assert all(names["register_field"][column.name] for column in register.columns)
        assert all(names["register_status"][status] and status in TONES for status in register.statuses)
        assert all(names["register_verb"][verb.name] for verb in register.verbs)
        assert all(names["register_verb"][deed] for deed in register.deeds)
    for form in (*FORMS.values(), *DEEDS.values()):
        assert all(names["register_field"][field.name] for field in form.fields)
        assert all(parts_of(field) for field in form.fields)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_refusal_of_the_registers_has_a_sentence(page_of: PageOf, language: Language) -> None:
    page = page_of(language)
    codes = {
        code
        for name in SLICES
        for path in (CATALOG / name).glob("*.py")
        for code in re.findall(r'code="([a-z-]+)"', path.read_text())
    }
    common = {"officials-only", "not-your-region", "role-missing", "document-unknown", "supplier-unknown", "job-pushed"}
    assert len(codes) > 40
    assert sorted(code for code in codes - common if not page.refusal_text(code)) == []


def test_each_kind_of_visitor_opens_its_registers(visitor_of: VisitorOf) -> None:
    def keys(kind: str) -> set[str]:
        return {each.key for each in registers_for(visitor_of(kind=kind))}

    assert keys("supplier") == {"supply", "jobs"}
    assert "workers" in keys("official")
    assert not {"workers", "placements", "jobs"} & keys("operator")
    assert keys("consumer") == set()


def test_only_the_county_confirms_and_only_what_was_submitted(visitor_of: VisitorOf) -> None:
    county = visitor_of(kind="official", roles=frozenset({"agriculture"}))
    village = visitor_of(kind="official", roles=frozenset({"township"}))

    def verbs(visitor: Visitor, status: str) -> list[str]:
        return [each.name for each in verbs_for(REGISTERS["supply"], status, visitor)]

    assert verbs(county, "SUBMITTED") == ["confirm", "return"]
    assert verbs(village, "SUBMITTED") == []
    assert verbs(village, "DRAFT") == ["submit"]
    assert verbs(county, "CONFIRMED") == ["return", "reopen"]


def test_who_opens_no_register_is_refused(visitor_of: VisitorOf) -> None:
    with pytest.raises(Forbidden) as refused:
        registers.register_of("workers", visitor_of(kind="supplier"))
    assert refused.value.code == "kind-not-allowed"
    with pytest.raises(NotFound):
        registers.register_of("secrets", visitor_of(kind="official"))


@pytest.fixture(autouse=True)
def own_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divisions are remembered for an hour: each test asks anew."""
    monkeypatch.setattr(register_options, "book", RegionBook())


class Recorded:
    """The catalog as it once answered to an office."""

    def __init__(self, answer: Answer, *, is_empty: bool = False) -> None:
        self._answer = answer
        self._is_empty = is_empty

    @property
    def catalog(self) -> "Recorded":
        return self

    async def get(self, path: str, *, visitor: Any, params: Any = None) -> Any:
        del visitor, params
        names = {
            "/v1/supply-entries": "office_supply",
            "/v1/survey-reports": "office_survey",
            "/v1/tourism/spots": "spots",
            "/v1/tourism/routes": "routes",
            "/v1/labour/workers": "office_workers",
            "/v1/labour/workshops": "office_workshops",
            "/v1/labour/jobs": "office_jobs",
            "/v1/labour/placements": "office_placements",
            "/v1/fairs": "fairs",
            "/v1/scale-units": "scale_units",
        }
        if path in names:
            found: dict[str, Any] = self._answer(names[path])
            return found | {"items": []} if self._is_empty else found
        folder, _, last = path.rpartition("/")
        alone = {"trail": "office_trail", "candidates": "office_candidates"}.get(last)
        alone = alone or {"/v1/regions": "region_county", "/v1/fairs": "fair"}.get(folder)
        if alone:
            return self._answer(alone)
        item: dict[str, Any] = self._answer(names[folder])["items"][0]
        return item | ({"absorptions": []} if folder == "/v1/survey-reports" else {})


def whole(text: str, markup: Any) -> Any:
    page = markup(text)
    assert page.faults == []
    assert len(page.find("h1")) == 1
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    labelled = {each.attributes.get("for") for each in page.find("label")}
    for field in page.find("input", class_="input"):
        assert field.attributes.get("id") in labelled or field.attributes.get("aria-label")
    return page


@pytest.mark.parametrize("key", list(REGISTERS))
async def test_each_list_is_drawn_with_and_without_entries(
    page_of: PageOf, answer: Answer, markup: Any, language: Language, key: str
) -> None:
    page = page_of(language, path=f"/work/registers/{key}", kind="official")
    for is_empty in (False, True):
        found = await registers.get_register(page, Recorded(answer, is_empty=is_empty), page.visitor, key)  # type: ignore[arg-type]
        drawn = whole(bytes(found.body).decode(), markup)
        assert bool(drawn.find("table")) is not is_empty
        assert bool(drawn.find("div", class_="empty")) is is_empty


@pytest.mark.parametrize("key", list(FORMS))
async def test_each_form_is_drawn_empty(page_of: PageOf, answer: Answer, markup: Any, key: str) -> None:
    page = page_of(path=f"/work/registers/{key}/new", kind="official")
    found = await registers.get_new(page, Recorded(answer), page.visitor, key)  # type: ignore[arg-type]
    drawn = whole(bytes(found.body).decode(), markup)
    assert drawn.find("input", name="csrf_token")
    assert drawn.find("input", name="key")


@pytest.mark.parametrize("key", [each for each in REGISTERS if each != "placements"])
async def test_each_entry_is_drawn_with_what_may_be_done(
    page_of: PageOf, answer: Answer, markup: Any, language: Language, key: str
) -> None:
    page = page_of(language, path=f"/work/registers/{key}/{ITEM}", kind="official")
    found = await register_items.get_item(page, Recorded(answer), page.visitor, key, ITEM)  # type: ignore[arg-type]
    whole(bytes(found.body).decode(), markup)


@pytest.mark.parametrize("key", ["supply", "spots", "routes", "workers", "fairs"])
async def test_an_entry_comes_back_into_its_form(page_of: PageOf, answer: Answer, markup: Any, key: str) -> None:
    page = page_of(path=f"/work/registers/{key}/{ITEM}/edit", kind="official")
    found = await registers.get_edit(page, Recorded(answer), page.visitor, key, ITEM)  # type: ignore[arg-type]
    text = bytes(found.body).decode()
    drawn = whole(text, markup)
    assert "identity_number" not in text
    assert all(each.attributes["value"] for each in drawn.find("input", required="") if each.attributes.get("name"))
