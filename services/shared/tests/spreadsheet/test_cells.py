"""Cells as people type them."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.spreadsheet import cells
from shared.spreadsheet.cells import CellWrong, unit_tables

WEIGHT = unit_tables()["weight"]
YUAN = unit_tables()["yuan"]
JIN = unit_tables()["yuan_per_jin"]


def fen(cell):
    return cells.quantity(cell, units=YUAN, default=Decimal(100))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12.5", 1250),
        ("¥12.50", 1250),
        ("１２．５元", 1250),
        ("￥1,234.50 元", 123450),
        ("1，234", 123400),
        ("39.9 元", 3990),
        ("5角", 50),
        ("1.2万元", 1_200_000),
        (12.5, 1250),
        (68, 6800),
        (49.900000000000006, 4990),
    ],
)
def test_prices_are_read_in_fen(cell, expected):
    assert fen(cell) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("面议", "number-unreadable"),
        ("十元", "number-unreadable"),
        ("12..5", "unit-unknown"),
        ("1,23", "unit-unknown"),
        ("12元/斤", "unit-unknown"),
        ("12.345", "too-fine"),
        (True, "number-unreadable"),
        (float("nan"), "number-unreadable"),
        (date(2026, 3, 5), "date-instead-of-number"),
    ],
)
def test_what_is_no_price_is_an_error_and_never_zero(cell, code):
    with pytest.raises(CellWrong) as wrong:
        fen(cell)
    assert wrong.value.code == code


@pytest.mark.parametrize(
    ("cell", "grams"),
    [
        ("500", 500_000),
        ("500斤", 250_000),
        ("0.5吨", 500_000),
        ("24万斤", 120_000_000),
        ("２公斤", 2000),
        ("3担", 150_000),
        ("250 g", 250),
        ("1.5KG", 1500),
    ],
)
def test_weights_have_the_unit_of_the_cell_or_else_of_the_column(cell, grams):
    assert cells.quantity(cell, units=WEIGHT, default=Decimal(1000)) == grams


def test_a_weight_without_any_unit_is_refused():
    with pytest.raises(CellWrong) as wrong:
        cells.quantity("5", units=WEIGHT, default=None)
    assert wrong.value.code == "unit-missing"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("3-5", (300, 500)),
        ("3～5元/斤", (300, 500)),
        ("3元至5元", (300, 500)),
        ("7-8 元/公斤", (350, 400)),
        ("4.5", (450, 450)),
        (6, (600, 600)),
        ("4000元/吨", (200, 200)),
    ],
)
def test_price_ranges_are_fen_for_500_grams(cell, expected):
    assert cells.quantity_range(cell, units=JIN, default=Decimal(100)) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("5-3", "range-backwards"),
        ("3-5-7", "range-unreadable"),
        ("-5", "range-unreadable"),
        (date(2026, 3, 5), "date-instead-of-range"),
        ("3-五", "number-unreadable"),
        ("3-5元/头", "unit-unknown"),
    ],
)
def test_what_is_no_price_range_is_told(cell, code):
    with pytest.raises(CellWrong) as wrong:
        cells.quantity_range(cell, units=JIN, default=Decimal(100))
    assert wrong.value.code == code


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-22",
        "2026/11/22",
        "2026.11.22",
        "2026年11月22日",
        "20261122",
        "２０２６-１１-２２",
        "2026-11-22 00:00:00",
        date(2026, 11, 22),
        datetime(2026, 11, 22, 8, 30),  # noqa: DTZ001 - a cell has no zone
        46348,
        46348.0,
        20261122,
    ],
)
def test_days_in_every_form_that_people_use(cell):
    assert cells.day(cell) == date(2026, 11, 22)


@pytest.mark.parametrize("cell", ["22/11/2026", "2026-13-01", "2026-02-30", "下周一", "12", 7, True])
def test_what_may_be_another_day_is_refused(cell):
    with pytest.raises(CellWrong) as wrong:
        cells.day(cell)
    assert wrong.value.code == "date-unreadable"


@pytest.mark.parametrize(
    ("cell", "months"),
    [
        ("6-9月", (6, 9)),
        ("6月至9月", (6, 9)),
        ("11月至次年2月", (11, 2)),
        ("六月到十二月", (6, 12)),
        ("全年", (1, 12)),
        ("10月", (10, 10)),
        (10, (10, 10)),
        (date(2026, 6, 9), (6, 9)),
        ("6月9日", (6, 9)),
        ("3月 — 5月", (3, 5)),
    ],
)
def test_seasons_also_as_a_spreadsheet_mistook_them(cell, months):
    assert cells.season(cell) == months


@pytest.mark.parametrize("cell", ["春天", "13月", "0-3", "6-9-11", date(2026, 6, 30), 6.5])
def test_what_names_no_months_is_refused(cell):
    with pytest.raises(CellWrong) as wrong:
        cells.season(cell)
    assert wrong.value.code == "season-unreadable"


@pytest.mark.parametrize(("cell", "bp"), [("35%", 3500), ("35", 3500), (0.35, 3500), ("3.5％", 350), (9, 900)])
def test_shares_in_basis_points(cell, bp):
    assert cells.share_bp(cell) == bp


def test_text_loses_what_nobody_typed():
    assert cells.line("　花菇\u200b \r\n 一级_x000D_") == "花菇 一级"
    assert cells.shown("第一行\r第二行\r\n第三行") == "第一行\n第二行\n第三行"
    assert cells.shown("'=cmd|calc") == "=cmd|calc"
    assert cells.shown(12.0) == "12"


@given(st.decimals(min_value="0.01", max_value="9999999.99", places=2))
def test_every_price_comes_back_whichever_way_it_is_written(price):
    wanted = int(price * 100)
    for written in (str(price), f"{price:,}", f"¥{price}", f"{price}元", float(price)):
        assert fen(written) == wanted


@given(st.text())
def test_no_text_breaks_a_reader(text):
    for read in (cells.day, cells.season, cells.share_bp, cells.yes_or_no, cells.number, fen):
        try:
            read(text)
        except CellWrong as wrong:
            assert wrong.code  # noqa: PT017 - either a value or a reason
