"""Money, weights, dates and names as people read them."""

import pytest

from gateway.pages import figures, places
from gateway.pages.cards import season_months, season_text
from gateway.pages.cold_chain import degrees
from gateway.pages.devices import device_name
from gateway.pages.products import fen_of


def test_a_price_has_a_small_sign_a_large_yuan_and_a_small_fen() -> None:
    assert figures.price(123450) == '<span class="price"><small>¥</small>1,234<small>.50</small></span>'
    assert figures.price(-5) == '<span class="price"><small>−¥</small>0<small>.05</small></span>'


def test_nothing_to_pay_has_a_word() -> None:
    assert figures.price_or(0, "免运费") == "免运费"
    assert "12" in figures.price_or(1200, "免运费")


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (99_99, "99.99 元", "¥99.99"),
        (512_400_00, "51.24 万元", "¥512.4 k"),
        (23_456_789_012, "2.35 亿元", "¥234.57 M"),
        (0, "0.00 元", "¥0.00"),
    ],
)
def test_large_amounts_are_said_as_a_person_would(fen: int, zh: str, en: str) -> None:
    assert figures.large_yuan(fen, "zh") == zh
    assert figures.large_yuan(fen, "en") == en


def test_unit_prices_are_of_a_jin_in_chinese_and_500_grams_in_english() -> None:
    assert figures.unit_price(840, "zh") == "8.40 元/斤"
    assert figures.unit_price(840, "en") == "¥8.40 / 500 g"
    assert figures.unit_price(None, "zh") == ""


@pytest.mark.parametrize(
    ("grams", "zh", "en"),
    [(250, "250 克", "250 g"), (1000, "1 千克（2 斤）", "1 kg"), (2500, "2.5 千克（5 斤）", "2.5 kg"), (None, "", "")],
)
def test_weights(grams: int | None, zh: str, en: str) -> None:
    assert figures.weight(grams, "zh") == zh
    assert figures.weight(grams, "en") == en


def test_instants_are_told_in_beijing_time() -> None:
    assert figures.time_text("2026-11-22T16:30:00Z", "zh") == "2026年11月23日 00:30"
    assert figures.time_text("2026-11-22T16:30:00Z", "en") == "23 Nov 2026 00:30"
    assert figures.short_time_text("2026-11-22T16:30:00Z", "zh") == "11月23日 00:30"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("阜平县", "Fuping County"),
        ("镇安县", "Zhen'an County"),
        ("威宁彝族回族苗族自治县", "Weining Autonomous County"),
        ("都安瑶族自治县", "Du'an Autonomous County"),
        ("绿春县", "Lüchun County"),
        ("和田地区", "Hotan Prefecture"),
        ("神农架林区", "Shennongjia Forestry District"),
    ],
)
def test_counties_in_latin_letters(name: str, spelled: str) -> None:
    assert places.romanised(name) == spelled


def test_a_season_may_run_over_the_new_year() -> None:
    assert season_months(11, 2) == {11, 12, 1, 2}
    assert season_months(1, 12) == frozenset(range(1, 13))
    assert season_months(4, 3) == frozenset(range(1, 13))
    assert season_text({"from_month": 11, "to_month": 2}, "zh") == "11月–2月"
    assert season_text({"from_month": 6, "to_month": 5}, "zh") == "全年"
    assert season_text({"from_month": 6, "to_month": 6}, "en") == "Jun"


@pytest.mark.parametrize(("typed", "fen"), [("", None), ("12", 1200), ("12.50", 1250), ("¥1,200", 120_000), ("0", 0)])
def test_typed_prices_are_read(typed: str, fen: int | None) -> None:
    assert fen_of(typed) == fen


@pytest.mark.parametrize("typed", ["abc", "-1", "NaN", "Infinity", "1e12", "１２元"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        fen_of(typed)


def test_temperatures_have_a_real_minus_sign() -> None:
    assert degrees(-18.04) == "−18.0"
    assert degrees(None) == "—"


def test_a_browser_is_told_by_name() -> None:
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
    assert device_name(chrome, "?") == "Chrome · Windows"
    assert device_name("curl/8", "?") == "?"
