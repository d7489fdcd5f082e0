"""Origins, seasons, places to visit and fairs, drawn from answers that the catalog really gave."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages import harvest, tourism
from gateway.pages import harvest_view as view
from gateway.pages.drawings import kind_of, product_picture, product_text
from gateway.pages.regions import RegionBook
from gateway.pages.shell import CONTENT_SECURITY_POLICY, Page
from gateway.visitor import Language
from shared.errors import NotFound

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]
SPOT = "00000000-0000-7000-8000-000000000001"
FAIR = "00000000-0000-7000-8000-000000000002"


class Recorded:
    """The catalog as it once answered; a path that nobody recorded is a fault of the test."""

    def __init__(self, answer: Answer, *, is_empty: bool = False) -> None:
        self._answer = answer
        self._is_empty = is_empty
        self.asked: list[tuple[str, dict[str, Any]]] = []

    @property
    def catalog(self) -> "Recorded":
        return self

    async def get(self, path: str, *, visitor: Any, params: Any = None) -> Any:
        del visitor
        self.asked.append((path, dict(params or {})))
        found = self._answer(self._name(path, dict(params or {})))
        return self._emptied(found) if self._is_empty else found

    def _name(self, path: str, params: dict[str, Any]) -> str:
        if path == "/v1/harvest/areas":
            if params["level"] == "province":
                return "harvest_provinces"
            return "harvest_county" if params["region"] == "420325" else "harvest_counties"
        if path == "/v1/regions":
            return "region_cities" if params.get("parent") else "provinces"
        names = {
            "/v1/harvest/months": "harvest_months",
            "/v1/harvest/seasonal": "harvest_seasonal",
            "/v1/regions/420000": "region_province",
            "/v1/regions/420325": "region_county",
            "/v1/products": "products",
            "/v1/supply-entries": "supply_entries",
            "/v1/scale-units": "scale_units",
            "/v1/tourism/spots": "spots",
            "/v1/tourism/routes": "routes",
            f"/v1/tourism/spots/{SPOT}": "spot",
            "/v1/fairs": "fairs",
            f"/v1/fairs/{FAIR}": "fair",
        }
        return names[path]

    def _emptied(self, found: Any) -> Any:
        lists = {"items", "rows", "months", "categories", "scales", "spots"}
        return {key: [] if key in lists and not key.startswith("name") else each for key, each in found.items()}


@pytest.fixture(autouse=True)
def own_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divisions are remembered for an hour: each test asks anew."""
    for module in (harvest, tourism):
        monkeypatch.setattr(module, "book", RegionBook())


async def drawn(page: Page, services: Recorded) -> str:
    path = page.request.url.path
    if path == "/origins":
        answer = await harvest.get_origins(page, services)  # type: ignore[arg-type]
    elif path == "/in-season":
        answer = await harvest.get_in_season(page, services)  # type: ignore[arg-type]
    elif path == "/tourism":
        answer = await tourism.get_tourism(page, services)  # type: ignore[arg-type]
    elif path == "/fairs":
        answer = await tourism.get_fairs(page, services)  # type: ignore[arg-type]
    elif path.startswith("/fairs/"):
        answer = await tourism.get_fair(page, services, FAIR)  # type: ignore[arg-type]
    else:
        answer = await tourism.get_spot(page, services, SPOT)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return bytes(answer.body).decode()


ADDRESSES = [
    ("/origins", "month=11"),
    ("/origins", "view=table"),
    ("/origins", "region=420000"),
    ("/origins", "region=420325&month=11"),
    ("/in-season", "month=11&category=fruit&region=420000"),
    ("/tourism", "kind=folk&month=3"),
    (f"/tourism/spots/{SPOT}", ""),
    ("/fairs", ""),
    (f"/fairs/{FAIR}", ""),
]


@pytest.mark.parametrize(("path", "query"), ADDRESSES)
async def test_each_page_is_whole_labelled_and_within_the_browsers_rules(
    page_of: PageOf, answer: Answer, markup: Any, language: Language, path: str, query: str
) -> None:
    text = await drawn(page_of(language, path=path, query=query, kind="anonymous"), Recorded(answer))
    page = markup(text)
    assert page.faults == []
    assert len(page.find("h1")) == 1
    assert not re.search(r'\sstyle="|\son[a-z]+="|<script(?! src)', text), CONTENT_SECURITY_POLICY
    assert all("alt" in image.attributes for image in page.find("img"))
    assert all(link.text or link.attributes.get("aria-label") for link in page.find("a"))
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for section in page.find("section"):
        assert section.attributes.get("aria-labelledby") in ids


@pytest.mark.parametrize(
    ("path", "query"), [each for each in ADDRESSES if not each[0].startswith(("/tourism/s", "/fairs/"))]
)
async def test_each_page_stands_while_the_registers_are_empty(
    page_of: PageOf, answer: Answer, markup: Any, path: str, query: str
) -> None:
    page = markup(await drawn(page_of(path=path, query=query, kind="anonymous"), Recorded(answer, is_empty=True)))
    assert page.faults == []
    assert page.find("div", class_="empty") or page.find("p", class_="notice")


async def test_the_map_has_every_province_and_leads_to_those_with_entries(
    page_of: PageOf, answer: Answer, markup: Any
) -> None:
    page = markup(await drawn(page_of(path="/origins", query="month=11"), Recorded(answer)))
    names = {each.text for each in page.find("span", class_="tile-name")}
    assert {"台湾", "香港", "澳门", "西藏", "湖北", "新疆"} <= names
    assert len(page.find("span", class_="tile-name")) == 34
    linked = {each.attributes["href"] for each in page.find("a", class_="tile")}
    assert linked == {f"/origins?region={row['code']}&month=11" for row in answer("harvest_provinces")["rows"]}


def test_no_two_provinces_stand_at_the_same_place() -> None:
    assert len(set(view.PLACES.values())) == len(view.PLACES) == 34


async def test_an_address_with_nonsense_still_opens(page_of: PageOf, answer: Answer) -> None:
    services = Recorded(answer)
    await drawn(page_of(path="/in-season", query="month=13&region=abc&category=stone"), services)
    asked = next(params for path, params in services.asked if path == "/v1/harvest/seasonal")
    assert (asked["region"], asked["category"]) == (None, None)
    assert 1 <= asked["month"] <= 12


async def test_a_county_that_is_none_is_not_found(page_of: PageOf, answer: Answer) -> None:
    class Nowhere(Recorded):
        def _name(self, path: str, params: dict[str, Any]) -> str:
            return "region_province" if path.startswith("/v1/regions/") else super()._name(path, params)

    with pytest.raises(NotFound):
        await drawn(page_of(path="/origins", query="region=420399"), Nowhere(answer, is_empty=True))


@given(st.integers(0, 10**15))
def test_a_weight_is_said_in_both_languages(grams: int) -> None:
    assert view.weight_text(grams, "zh").endswith(("公斤", "吨"))
    assert view.weight_text(grams, "en").endswith(("kg", " t", "kt"))


@pytest.mark.parametrize(
    ("grams", "zh", "en"),
    [
        (999_000, "999 公斤", "999 kg"),
        (1_500_000, "1.5 吨", "1.5 t"),
        (320_000_000, "320 吨", "320 t"),
        (15_000_000_000, "1.5 万吨", "15.0 kt"),
        (0, "0 公斤", "0 kg"),
    ],
)
def test_weights_at_the_size_that_people_say(grams: int, zh: str, en: str) -> None:
    assert (view.weight_text(grams, "zh"), view.weight_text(grams, "en")) == (zh, en)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_shades_and_shares_stay_within_their_bounds(part: int, whole: int) -> None:
    assert 0 <= view.shade_of(part, whole) <= view.SHADES or part > whole
    assert (view.shade_of(part, max(part, whole)) == 0) == (part == 0)
    assert 0 <= view.share_of(min(part, whole), whole) <= 100


def test_a_season_over_the_new_year_is_drawn_at_both_ends() -> None:
    assert view.season_cells(11, 2) == (True, True, *(False,) * 8, True, True)


def test_what_is_grown_everywhere_hides_nothing_else() -> None:
    rows = [{"product_name": name, "n": number} for number, name in enumerate(["苹果", "苹果", "苹果", "茶", "蜜"])]
    assert [row["n"] for row in view.varied(rows)] == [0, 3, 4, 1, 2]


def test_products_have_drawings_and_english_words() -> None:
    assert kind_of("房县黑木耳") == "wood_ear"
    assert kind_of("葡萄干") == "raisin"
    assert product_text("脐橙", "en") == "Oranges"
    assert product_text("无名果", "en") == "无名果"
    assert "empty" in product_picture("无名果")


def test_a_fair_that_ended_yesterday_is_past(page_of: PageOf, answer: Answer) -> None:
    fair = answer("fairs")["items"][0]
    last = date.fromisoformat(fair["until_on"])
    assert tourism.fair_line(fair, last, page_of()).is_past is False
    assert tourism.fair_line(fair, date.fromordinal(last.toordinal() + 1), page_of()).is_past is True
