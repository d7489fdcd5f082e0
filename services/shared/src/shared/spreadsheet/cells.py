"""Cells as values: what people type for numbers, weights, prices, dates, months and shares, and what is no such thing.

A cell that cannot be read is `CellWrong`, never a value that somebody guessed: a bad price is not 0.
"""

import re
import tomllib
import unicodedata
from collections.abc import Container
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any

Cell = str | int | float | bool | date | datetime | time | timedelta | None

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028\u2029\u2060\ufeff\ud800-\udfff]|_x000D_")
_BLANKS = re.compile(r"\s+")
_AMOUNT = re.compile(
    r"(?:¥|rmb|cny|人民币)?\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[+-]?\.\d+)\s*(万|亿|千|百)?\s*(.*)"
)
_MULTIPLES = {"": 1, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_PLAIN_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
_RANGE_MARK = re.compile(r"\s*(?:~|—+|–|－|-|至|到|to)\s*")
_DATE_FORMS = (
    re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]0{1,2}:00(?::00)?)?"),
    re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?"),
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
)
_MONTH_DAY = re.compile(r"(\d{1,2})月(\d{1,2})日")
_MONTH = re.compile(r"(?:次年|翌年|来年)?\s*(\d{1,2})\s*月?(?:份|底|初|中旬|上旬|下旬)?")
_HAN_MONTHS = {
    "十二月": "12月", "十一月": "11月", "十月": "10月", "九月": "9月", "八月": "8月", "七月": "7月",
    "六月": "6月", "五月": "5月", "四月": "4月", "三月": "3月", "二月": "2月", "一月": "1月",
}  # fmt: skip
_YEAR_ROUND = frozenset({"全年", "常年", "四季", "周年", "allyear", "yearround"})
_YES = frozenset({"是", "有", "公开", "对", "y", "yes", "true", "1", "√", "✓"})
_NO = frozenset({"否", "无", "不", "不公开", "没有", "n", "no", "false", "0", "×", "-"})
_FIRST_SERIAL, _LAST_SERIAL = 32_874, 73_415
_SERIAL_ZERO = date(1899, 12, 30)
_FORMULA_STARTS = ("'=", "'+", "'-", "'@", "'\t", "'\r")


class CellWrong(Exception):  # noqa: N818 - it tells of a cell, not of a fault
    """A cell that cannot be read as what its column holds. `code` is one of sentences.toml, `facts` fill it in."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@cache
def unit_tables() -> dict[str, dict[str, Decimal]]:
    """What each unit is worth, by table."""
    found = tomllib.loads(files("shared.spreadsheet").joinpath("units.toml").read_text(encoding="utf-8"))
    return {table: {unit: Decimal(str(worth)) for unit, worth in units.items()} for table, units in found.items()}


def shown(cell: Cell) -> str:
    """The cell as a person sees it: no stray ends, no invisible characters, on one line or as many as were typed."""
    if isinstance(cell, str):
        text = cell.strip()
        if not text.isprintable():
            text = _INVISIBLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n").strip()
        return text[1:] if text[:1] == "'" and text.startswith(_FORMULA_STARTS) else text
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.12g}"  # noqa: PLR2004 - exact
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    return str(cell)


def line(cell: Cell) -> str:
    """The same on one line, blanks as single spaces."""
    return one_line(shown(cell))


def one_line(text: str) -> str:
    """What is shown, on one line."""
    return text if text.isprintable() and "  " not in text else _BLANKS.sub(" ", text)


def folded(text: str) -> str:
    """For comparing and for numbers: full-width forms as plain ones, lower case, no blanks at the ends."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).strip().lower()


def number(cell: Cell) -> tuple[Decimal, str]:
    """A number and the unit written behind it ("" if none). Thousands are parted by commas, 万 and 亿 multiply."""
    if isinstance(cell, bool):
        raise CellWrong("number-unreadable")
    if isinstance(cell, int):
        return Decimal(cell), ""
    if isinstance(cell, float):
        if not isfinite(cell):
            raise CellWrong("number-unreadable")
        return Decimal(f"{cell:.12g}"), ""
    if isinstance(cell, date | datetime | time | timedelta):
        raise CellWrong("date-instead-of-number")
    text = shown(cell)
    if _PLAIN_NUMBER.fullmatch(text) and text.isascii():
        return Decimal(text), ""
    found = _AMOUNT.fullmatch(folded(text).replace("−", "-"))
    if found is None:
        raise CellWrong("number-unreadable")
    digits, multiple, unit = found.groups()
    return Decimal(digits.replace(",", "")) * _MULTIPLES[multiple or ""], _BLANKS.sub("", unit)


def quantity(cell: Cell, *, units: dict[str, Decimal], default: Decimal | None, is_rounded: bool = False) -> int:
    """A whole number of what is stored (grams, fen, days): the cell's own unit, else the column's.

    `unit-missing`, `unit-unknown`; `too-fine` for a part of the smallest unit, unless rounding is right.
    """
    amount, unit = number(cell)
    worth = units.get(unit) if unit else default
    if worth is None:
        raise CellWrong("unit-unknown" if unit else "unit-missing", unit=unit, units=" ".join(units))
    value = amount * worth
    whole = value.to_integral_value(ROUND_HALF_UP)
    if whole != value and not is_rounded:
        raise CellWrong("too-fine")
    return int(whole)


def quantity_range(cell: Cell, *, units: dict[str, Decimal], default: Decimal | None) -> tuple[int, int]:
    """The least and the most: "3-5元/斤", "3元至5元", or one value that is both. The second one's unit serves both."""
    if isinstance(cell, date | datetime):
        raise CellWrong("date-instead-of-range")
    if not isinstance(cell, str):
        value = quantity(cell, units=units, default=default, is_rounded=True)
        return value, value
    text = folded(shown(cell))
    parts = [part for part in _RANGE_MARK.split(text) if part]
    if not 1 <= len(parts) <= 2 or text.startswith(("-", "−", "－")):  # noqa: PLR2004 - from and to
        raise CellWrong("range-unreadable")
    unit = number(parts[-1])[1]
    if unit and unit not in units:
        raise CellWrong("unit-unknown", unit=unit, units=" ".join(units))
    behind = units[unit] if unit else default
    values = [quantity(part, units=units, default=behind, is_rounded=True) for part in parts]
    if values[0] > values[-1]:
        raise CellWrong("range-backwards")
    return values[0], values[-1]


def measure(cell: Cell, *, units: Container[str], default: str) -> tuple[str, str]:
    """A size as decimal text and its unit: "500亩", "2,000头"; "" if neither the cell nor `default` names a unit."""
    value, unit = number(cell)
    unit = unit or default
    if unit and unit not in units:
        raise CellWrong("unit-unknown", unit=unit, units="")
    hundredths = value * 100
    if hundredths != hundredths.to_integral_value():
        raise CellWrong("too-fine")
    return format(value, "f"), unit


def share_bp(cell: Cell) -> int:
    """A share in basis points: "35%", 35 and, from a cell in the format of percents, 0.35."""
    value, unit = number(cell)
    if unit not in ("", "%"):
        raise CellWrong("unit-unknown", unit=unit, units="%")
    is_fraction = isinstance(cell, float) and abs(value) <= 1
    exact = value * (10_000 if is_fraction else 100)
    if exact != exact.to_integral_value():
        raise CellWrong("too-fine")
    return int(exact)


def day(cell: Cell) -> date:
    """A day: a date cell, 2026-11-22, 2026/11/22, 2026.11.22, 2026年11月22日, 20261122, or a spreadsheet's number."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and float(cell).is_integer():
        if _FIRST_SERIAL <= cell <= _LAST_SERIAL:
            return _SERIAL_ZERO + timedelta(days=int(cell))
        cell = str(int(cell))
    text = folded(shown(cell)) if isinstance(cell, str) else ""
    for form in _DATE_FORMS:
        if found := form.fullmatch(text):
            try:
                return date(*(int(part) for part in found.groups()))
            except ValueError:
                break
    raise CellWrong("date-unreadable")


def season(cell: Cell) -> tuple[int, int]:
    """The first and the last month: "6-9月", "11月至次年2月", "六月到九月", "全年", "10月".

    A spreadsheet takes 6-9 for the ninth of June: such a date is read as the months it was typed as.
    """
    if isinstance(cell, date | datetime):
        return _months(cell.month, cell.day)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _months(int(cell), int(cell)) if float(cell).is_integer() else _no_season()
    text = "".join(folded(shown(cell)).split())
    if text in _YEAR_ROUND:
        return 1, 12
    for han, digits in _HAN_MONTHS.items():
        text = text.replace(han, digits)
    if found := _MONTH_DAY.fullmatch(text):
        return _months(int(found[1]), int(found[2]))
    parts = [_MONTH.fullmatch(part) for part in _RANGE_MARK.split(text)]
    if not 1 <= len(parts) <= 2 or None in parts:  # noqa: PLR2004 - from and to
        return _no_season()
    return _months(int(parts[0][1]), int(parts[-1][1]))  # type: ignore[index]  # None was refused


def yes_or_no(cell: Cell) -> bool:
    """是 or 否, in the words and signs that people use."""
    if isinstance(cell, bool):
        return cell
    text = folded(line(cell))
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise CellWrong("yes-or-no-unreadable")


def _months(first: int, last: int) -> tuple[int, int]:
    if not (1 <= first <= 12 and 1 <= last <= 12):  # noqa: PLR2004 - months
        raise CellWrong("season-unreadable")
    return first, last


def _no_season() -> tuple[int, int]:
    raise CellWrong("season-unreadable")
