"""Reading a bank's export (csv or xlsx): what came in, line by line, and what is wrong with every line that cannot be
taken. Heads differ from bank to bank (columns.toml), and stand below some lines about the account."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Final

from shared.errors import Invalid
from shared.spreadsheet import cells
from shared.spreadsheet.cells import Cell, CellWrong
from shared.spreadsheet.formats import TableRefused, file_format
from shared.spreadsheet.sheet import Row
from shared.spreadsheet.tables import Table, open_tables

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_LINES: Final = 20_000
_MOST_INFLATED: Final = 200 * 1024 * 1024
_HEAD_WITHIN: Final = 30
_LONGEST = {"number": 64, "payer": 120, "remark": 300}
_SHOWN: Final = 120
_HIGHEST_FEN: Final = 10**13
_IN_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]|[\s_:：]")
_CLOCK = re.compile(r"[ T]?\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$")
_FEN = {"元": Decimal(100), "圆": Decimal(100), "分": Decimal(1)}


@dataclass(frozen=True, slots=True)
class Incoming:
    """Money that came in."""

    row_number: int
    bank_number: str
    received_on: date
    amount_fen: int
    payer: str
    remark: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a line was not taken: which column, and what stands there."""

    row_number: int
    code: str
    field: str
    content: str


@dataclass(slots=True)
class Contents:
    """All of a file."""

    lines: list[Incoming] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    outgoing_count: int = 0


class _Wrong(Exception):  # noqa: N818 - it tells of a line
    def __init__(self, code: str, column: str, content: Cell) -> None:
        super().__init__(code)
        self.code, self.column, self.content = code, column, cells.line(content)[:_SHOWN]


def read_statement(path: Path, *, today: date) -> Contents:
    """The file's lines. Refused whole (422) only what is no table of a bank's lines: `bank-file-unreadable` (with
    `why`), `bank-file-no-head`, `bank-file-too-long`."""
    try:
        found = file_format(path, max_inflated_bytes=_MOST_INFLATED)
        for table in open_tables(path, found, max_inflated_bytes=_MOST_INFLATED):
            places, head_row = _head(table)
            if places:
                return _read(table, places, head_row, today)
    except TableRefused as refused:
        raise Invalid(
            "This file cannot be read as a table.", code="bank-file-unreadable", field="file", why=refused.code
        ) from refused
    raise Invalid(
        "There is no head with the bank's number, the day, the amount and the remark.",
        code="bank-file-no-head",
        field="file",
        needed=["流水号", "交易日期", "收入金额", "附言"],
    )


def _read(table: Table, places: dict[str, list[int]], head_row: int, today: date) -> Contents:
    contents, seen = Contents(), dict[str, int]()
    for number, row in table.rows():
        if number <= head_row or _is_no_line(row):
            continue
        if len(contents.lines) + len(contents.findings) + contents.outgoing_count >= MOST_LINES:
            raise Invalid(
                f"Bring at most {MOST_LINES:,} lines at a time.",
                code="bank-file-too-long",
                field="file",
                most=MOST_LINES,
            )
        try:
            line = _line(_Line(number, row, places), today)
        except _Wrong as wrong:
            contents.findings.append(Finding(number, wrong.code, wrong.column, wrong.content))
            continue
        if line is None:
            contents.outgoing_count += 1
        elif seen.setdefault(line.bank_number, number) != number:
            contents.findings.append(Finding(number, "bank-number-twice", "number", line.bank_number))
        else:
            contents.lines.append(line)
    return contents


class _Line:
    """A row by the meaning of its columns."""

    def __init__(self, number: int, row: Sequence[Cell], places: dict[str, list[int]]) -> None:
        self.number, self._row, self._places = number, row, places

    def has(self, column: str) -> bool:
        return column in self._places

    def cells(self, column: str) -> Iterator[Cell]:
        for place in self._places.get(column, ()):
            if place < len(self._row):
                yield self._row[place]

    def cell(self, column: str) -> Cell:
        return next((each for each in self.cells(column) if cells.line(each)), None)

    def text(self, column: str) -> str:
        """What stands there, of several columns one after the other."""
        texts = dict.fromkeys(cells.line(each) for each in self.cells(column))
        return " ".join(each for each in texts if each)[: _LONGEST[column]]


def _line(line: _Line, today: date) -> Incoming | None:
    """The money that came in; None for what went out."""
    amount = _amount(line)
    if amount is None:
        return None
    number = line.text("number")
    if not number:
        raise _Wrong("bank-number-missing", "number", "")
    day = _day(line.cell("day"))
    if day > today:
        raise _Wrong("bank-day-future", "day", str(day))
    return Incoming(line.number, number, day, amount, line.text("payer"), line.text("remark"))


def _amount(line: _Line) -> int | None:
    if line.has("received"):
        fen = _fen(line.cell("received"), "received")
        if fen > 0:
            return fen
        if fen == 0 and _fen(line.cell("paid"), "paid") != 0:
            return None
        raise _Wrong("bank-amount-missing" if fen == 0 else "bank-amount-negative", "received", line.cell("received"))
    fen = _fen(line.cell("amount"), "amount")
    if fen == 0:
        raise _Wrong("bank-amount-missing", "amount", line.cell("amount"))
    if line.has("direction"):
        word = cells.folded(cells.line(line.cell("direction")))
        if word in _words()["outgoing"]:
            return None
        if word not in _words()["incoming"]:
            raise _Wrong("bank-direction-unknown", "direction", line.cell("direction"))
        if fen < 0:  # a booking taken back
            raise _Wrong("bank-amount-negative", "amount", line.cell("amount"))
    return fen if fen > 0 else None


def _fen(cell: Cell, column: str) -> int:
    text = cells.line(cell)
    if text in ("", "-", "--", "—"):
        return 0
    try:
        fen = cells.quantity(cell, units=_FEN, default=Decimal(100))
    except CellWrong as wrong:
        raise _Wrong("bank-amount-unreadable", column, cell) from wrong
    if abs(fen) > _HIGHEST_FEN:
        raise _Wrong("bank-amount-unreadable", column, cell)
    return fen


def _day(cell: Cell) -> date:
    try:
        return cells.day(_CLOCK.sub("", cell.strip()) if isinstance(cell, str) else cell)
    except CellWrong as wrong:
        raise _Wrong("bank-day-unreadable", "day", cell) from wrong


def _is_no_line(row: Sequence[Cell]) -> bool:
    """An empty row, or the bank's sums."""
    texts = [text for text in map(cells.line, row) if text]
    return not texts or any(texts[0].startswith(word) for word in _words()["sums"])


def _head(table: Table) -> tuple[dict[str, list[int]], int]:
    """Where the columns are, by meaning, and in which row the head is; empty if it is nowhere near the top."""
    first: Iterator[Row] = islice(table.rows(), _HEAD_WITHIN)
    for number, row in first:
        places: dict[str, list[int]] = {}
        for place, cell in enumerate(row):
            meaning = _meanings().get(_IN_BRACKETS.sub("", cells.folded(cells.line(cell))))
            if meaning:
                places.setdefault(meaning, []).append(place)
        if {"number", "day", "remark"} <= places.keys() and not places.keys().isdisjoint({"received", "amount"}):
            return places, number
    return {}, 0


@cache
def _meanings() -> dict[str, str]:
    columns = ("number", "day", "received", "paid", "amount", "direction", "payer", "remark")
    return {word: column for column in columns for word in _words()[column]}


@cache
def _words() -> dict[str, list[str]]:
    return tomllib.loads((files(__package__) / "columns.toml").read_text(encoding="utf-8"))
