"""A column of an import: its heads in both languages, what its cells may hold, and how they become values."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from shared.spreadsheet import cells
from shared.spreadsheet.cells import Cell, CellWrong

Type = Literal[
    "text", "prose", "code", "quantity", "range", "measure", "season", "date", "choice", "county", "yes_no", "share"
]
Read = Callable[[Cell], Any]

_REMARKS = frozenset({"必填", "选填", "可选", "可不填", "required", "optional"})
_LARGEST_MEASURE = 10_000_000_000


@dataclass(frozen=True)
class Option:
    """One of the values that a column allows, and the words for it."""

    value: str
    zh: str
    en: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """`names` are the values that a cell gives, more than one for a range, a season or a measure.

    `units` is a table of units.toml and `unit` the one that a bare number has, unless the head names another.
    `options` is a fixed list, `options_from` the name of one that the kind gives. `default` stands for an empty cell.
    """

    names: tuple[str, ...]
    type: Type
    zh: str
    en: str
    note_zh: str
    note_en: str
    example: str
    is_required: bool = False
    synonyms: tuple[str, ...] = ()
    max_length: int = 120
    units: str = ""
    unit: str = ""
    unit_en: str = ""
    least: int | None = None
    most: int | None = None
    is_rounded: bool = False
    options: tuple[Option, ...] = ()
    options_from: str = ""
    default: tuple[Any, ...] | None = None

    @property
    def name(self) -> str:
        """Its first value's name, by which errors name it."""
        return self.names[0]

    def head(self, language: str) -> str:
        """The head in a template: with its unit and, if it is required, a star."""
        title, unit = (self.en, self.unit_en or self.unit) if language == "en" else (self.zh, self.unit)
        return (
            title
            + (f"（{unit}）" if unit and language != "en" else f" ({unit})" if unit else "")
            + "*" * self.is_required
        )


@dataclass(frozen=True)
class KindColumns:
    """All columns of a kind, in the order of its template."""

    kind: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    about_zh: str = ""
    about_en: str = ""
    by_name: dict[str, Column] = field(default_factory=dict)


@cache
def kind_columns(kind: str) -> KindColumns:
    """The columns of a kind, from kinds/<kind>.toml."""
    found = tomllib.loads(files("catalog.importer.kinds").joinpath(f"{kind}.toml").read_text(encoding="utf-8"))
    columns = tuple(_column(each) for each in found["columns"])
    by_name = {name: column for column in columns for name in column.names}
    return KindColumns(kind, found["zh"], found["en"], columns, found["about_zh"], found["about_en"], by_name)


def _column(given: dict[str, Any]) -> Column:
    options = tuple(
        Option(each["value"], each["zh"], each["en"], tuple(each.get("words", ()))) for each in given.pop("options", ())
    )
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    return Column(**values, options=options)


@cache
def sentences() -> dict[str, dict[str, str]]:
    """What is wrong with a cell, a row or a file, in both languages, by code."""
    found: dict[str, dict[str, str]] = tomllib.loads(
        files("catalog.importer").joinpath("sentences.toml").read_text(encoding="utf-8")
    )
    return found


def sentence(code: str, language: str, facts: Mapping[str, Any]) -> str:
    """The sentence of a code, filled in; a fact that is missing reads as a dash. What no sentence knows, a rule's own
    refusal, is told in the rule's words."""
    known = sentences()
    return known.get(code, known["row-refused"])[language].format_map(_Facts(facts))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


@dataclass(frozen=True)
class Counties:
    """Divisions for reading cells: today's county code by every code and name, and the regions of whoever imports."""

    by_code: Mapping[str, str]
    by_name: Mapping[str, list[str]]
    regions: tuple[str, ...] | None = None
    """Prefixes of division codes; None is everywhere."""

    def read(self, cell: Cell) -> str:
        """A county by its six digits or by its name, with or without its province and city before it.

        `county-unknown`, `county-ambiguous`, `county-not-yours`.
        """
        text = cells.folded(cells.line(cell)).replace(" ", "")
        code = self.by_code.get(text)
        if code is None:
            found = self.by_name.get(text, [])
            own = [each for each in found if self._is_own(each)]
            if not found:
                raise CellWrong("county-unknown")
            if len(own or found) > 1:
                raise CellWrong("county-ambiguous", codes="、".join(own or found))
            code = (own or found)[0]
        if not self._is_own(code):
            raise CellWrong("county-not-yours")
        return code

    def _is_own(self, code: str) -> bool:
        return self.regions is None or code.startswith(self.regions)


def reader_of(column: Column, *, head_unit: str, options: tuple[Option, ...], counties: Counties) -> Read:
    """How to read this column's cells in this file, texts as `cells.shown` gives them; `head_unit` is the unit that the
    file's own head names."""
    read = _reader(column, head_unit=head_unit, options=options, counties=counties)
    return read if column.type in ("text", "prose", "code") else _remembering(read)


def _reader(column: Column, *, head_unit: str, options: tuple[Option, ...], counties: Counties) -> Read:  # noqa: PLR0911
    match column.type:
        case "text" | "prose" | "code":
            return _text_reader(column)
        case "quantity" | "range":
            return _quantity_reader(column, head_unit)
        case "measure":
            return _measure_reader(head_unit, options)
        case "season":
            return cells.season
        case "date":
            return lambda cell: cells.day(cell).isoformat()
        case "choice":
            return _choice_reader(options)
        case "county":
            return counties.read
        case "yes_no":
            return cells.yes_or_no
        case "share":
            return _bounded(column, Decimal(100), cells.share_bp)


def _quantity_reader(column: Column, head_unit: str) -> Read:
    """Whole numbers in the unit of the cell, of the head, or of the column. A head with a unit that is none of ours
    (a price for a weight over the price of a pack) leaves bare numbers without a meaning."""
    units = cells.unit_tables()[column.units] if column.units else {}
    default = units.get(column.unit) if column.units else Decimal(1)
    told = head_unit.removeprefix("单位").lstrip(":").strip()
    if column.units and told and told not in _REMARKS:
        default = units.get(told)
    worth = default or Decimal(1)
    is_rounded = column.is_rounded
    if column.type == "quantity":
        return _bounded(
            column, worth, lambda cell: cells.quantity(cell, units=units, default=default, is_rounded=is_rounded)
        )
    bounded = _bounded(column, worth, lambda value: value)

    def read(cell: Cell) -> tuple[int, int]:
        first, last = cells.quantity_range(cell, units=units, default=default)
        return bounded(first), bounded(last)

    return read


def _measure_reader(head_unit: str, options: tuple[Option, ...]) -> Read:
    """A size with its unit, whose id comes as the second value: None where neither cell nor head names one."""
    known = _known_words(options)
    default = head_unit if head_unit in known else ""

    def read(cell: Cell) -> tuple[str, str | None]:
        value, unit = cells.measure(cell, units=known, default=default)
        if not 0 < Decimal(value) < _LARGEST_MEASURE:
            raise CellWrong("out-of-range", least_shown="0.01", most_shown=f"{_LARGEST_MEASURE - 1:,}")
        return value, known[unit] if unit else None

    return read


def _text_reader(column: Column) -> Read:
    longest = column.max_length
    is_prose, is_code = column.type == "prose", column.type == "code"

    def read(cell: Cell) -> str:
        text = cell if isinstance(cell, str) else cells.shown(cell)
        if not is_prose:
            text = cells.one_line(text)
        if is_code:
            text = cells.folded(text).upper().replace(" ", "")
        if len(text) > longest:
            raise CellWrong("too-long", most=longest)
        return text

    return read


def _choice_reader(options: tuple[Option, ...]) -> Read:
    known = _known_words(options)
    shown = "、".join(option.zh for option in options[:20]), ", ".join(option.en for option in options[:20])

    def read(cell: Cell) -> str:
        found = known.get(cells.folded(cells.line(cell)).replace(" ", ""))
        if found is None:
            raise CellWrong("choice-unknown", choices_zh=shown[0], choices_en=shown[1])
        return found

    return read


def _known_words(options: tuple[Option, ...]) -> dict[str, str]:
    return {
        cells.folded(word).replace(" ", ""): option.value
        for option in reversed(options)
        for word in (*option.words, option.value, option.en, option.zh)
    }


def _bounded(column: Column, worth: Decimal, read: Callable[[Any], int]) -> Callable[[Any], int]:
    """The same, within the column's bounds; they are told in the unit in which the column is written."""
    least, most = column.least, column.most
    facts = {
        "least_shown": "–" if least is None else f"{_plain(Decimal(least) / worth)} {column.unit}".strip(),
        "most_shown": "–" if most is None else f"{_plain(Decimal(most) / worth)} {column.unit}".strip(),
    }

    def bounded(cell: Any) -> int:
        value = read(cell)
        if (least is not None and value < least) or (most is not None and value > most):
            raise CellWrong("out-of-range", **facts)
        return value

    return bounded


def _plain(value: Decimal) -> str:
    return format(value.normalize(), ",f")


_MISSING = object()
_MOST_REMEMBERED = 20_000


def _remembering(read: Read) -> Read:
    """The same text or number gives the same value: the rows of a table name the same few counties, shelves, prices."""
    known: dict[str | float, Any] = {}

    def remembered(cell: Cell) -> Any:
        if type(cell) is not str and type(cell) is not float:
            return read(cell)
        value = known.get(cell, _MISSING)
        if value is _MISSING:
            value = read(cell)
            if len(known) < _MOST_REMEMBERED:
                known[cell] = value
        return value

    return remembered
