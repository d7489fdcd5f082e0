"""Rows of a roster: what is wrong with one, who may have a gift, and who may not and why."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from shared.spreadsheet import cells
from shared.spreadsheet.cells import CellWrong

_HERE = Path(__file__).parent
_PHONE = re.compile(r"\+?[0-9][0-9 \-]{5,18}[0-9]")
_LEFT_DIGITS, _RIGHT_DIGITS, _LONG = 3, 4, 9


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the roster by its names."""

    key: str
    zh: str
    en: str
    longest: int
    is_needed: bool = False


COLUMNS: Final = (
    Column("member_no", "会员编号", "Member number", 40, is_needed=True),
    Column("name", "姓名", "Name", 40, is_needed=True),
    Column("department", "部门", "Department", 60),
    Column("phone", "手机号", "Phone", 24),
    Column("joined_on", "入会日期", "Member since", 24),
    Column("standing", "会籍状态", "Standing", 24),
    Column("handing_out", "领取方式", "Handing out", 24),
)


@cache
def roster_data() -> Mapping[str, Any]:
    """Words that people write, and how large a file may be: roster.toml."""
    return tomllib.loads((_HERE / "roster.toml").read_text(encoding="utf-8"))


@cache
def _sentences() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((_HERE / "sentences.toml").read_text(encoding="utf-8"))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def sentence(code: str, facts: Mapping[str, Any], language: str) -> str:
    """What is wrong and what to do, in words."""
    return _sentences()[code][language].format_map(_Facts(facts))


@dataclass(frozen=True, slots=True)
class FileRow:
    """A filled row, its cells as texts, under its number in the sheet."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows are held against: by member number who is on the roster already (and eligible), who has a gift for
    one of the holidays (holiday, by which campaign), and what the year's standards sum up to."""

    members: Mapping[str, tuple[UUID, bool]] = field(default_factory=dict)
    gifts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    year_fen: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the campaign says about its members."""

    mode: str
    cutoff_on: date
    per_head_fen: int
    cap_fen: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is taken: a member, with the reason why not if it is not eligible."""

    member_no: str
    name: str
    department: str
    phone_masked: str
    joined_on: date | None
    reason: str
    takes_whole_lot: bool

    @property
    def is_eligible(self) -> bool:
        """May have a gift."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that is not taken: the cell, what is wrong with it, and what the sentence names."""

    row: FileRow
    column: str
    code: str
    facts: Mapping[str, Any]


class _RowWrong(Exception):  # noqa: N818 - it tells of a row, not of a fault
    def __init__(self, column: str, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.column, self.code, self.facts = column, code, facts


def masked_phone(phone: str) -> str:
    """Of a phone what tells two people of one name apart: 138****5678, or the end of a short number."""
    digits = re.sub(r"\D", "", phone)
    if not digits:
        return ""
    start = digits[:_LEFT_DIGITS] if len(digits) > _LONG else ""
    return f"{start}****{digits[-_RIGHT_DIGITS:]}"


def masked_name(name: str) -> str:
    """A name on a public list: 王小梅 is 王*梅, 王梅 is 王*."""
    if len(name) <= 1:
        return "*"
    return f"{name[0]}*" if len(name) == 2 else f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"  # noqa: PLR2004


def check_rows(rows: Sequence[FileRow], known: Known, terms: Terms) -> tuple[list[Taken], list[Wrong]]:
    """Each row either taken or wrong, in the order of the sheet; of two rows of one member the first counts."""
    taken: list[Taken] = []
    wrong: list[Wrong] = []
    seen: dict[str, int] = {}
    for row in rows:
        try:
            member = _read(row, terms)
            _ensure_first(member.member_no, seen)
            _ensure_may_have(member, known, terms)
        except _RowWrong as error:
            wrong.append(Wrong(row, error.column, error.code, error.facts))
        else:
            seen[member.member_no] = row.number
            taken.append(member)
    return taken, wrong


def _ensure_first(member_no: str, seen: Mapping[str, int]) -> None:
    if member_no in seen:
        raise _RowWrong("member_no", "member-repeated", value=member_no, row=seen[member_no])


def _read(row: FileRow, terms: Terms) -> Taken:
    texts = row.cells
    for column in COLUMNS:
        text = texts.get(column.key, "")
        if column.is_needed and not text:
            raise _RowWrong(column.key, f"{column.key.replace('_', '-')}-missing")
        if len(text) > column.longest:
            raise _RowWrong(column.key, "too-long", value=text[:20], most=column.longest)
    phone = texts.get("phone", "")
    if phone and not _PHONE.fullmatch(phone):
        raise _RowWrong("phone", "phone-wrong", value=phone)
    joined_on = _joined_on(texts.get("joined_on", ""))
    reason = _word("standing", texts.get("standing", ""))
    if not reason and joined_on is not None and joined_on > terms.cutoff_on:
        reason = "JOINED_AFTER_CUTOFF"
    return Taken(
        member_no=texts["member_no"],
        name=texts["name"],
        department=texts.get("department", ""),
        phone_masked=masked_phone(phone),
        joined_on=joined_on,
        reason=reason,
        takes_whole_lot=_takes_whole_lot(texts.get("handing_out", ""), terms.mode),
    )


def _joined_on(text: str) -> date | None:
    if not text:
        return None
    try:
        return cells.day(int(text) if text.isdigit() else text)
    except CellWrong as error:
        raise _RowWrong("joined_on", "date-unreadable", value=text) from error


def _word(column: str, text: str) -> str:
    """What a word of the column stands for; nothing typed is the usual."""
    for meaning, words in roster_data()[column].items():
        if cells.folded(text) in words:
            return "" if meaning == "USUAL" else str(meaning)
    raise _RowWrong(column, f"{column.replace('_', '-')}-unknown", value=text)


def _takes_whole_lot(text: str, mode: str) -> bool:
    wanted = _word("handing_out", text)
    if mode == "MIXED":
        return wanted == "WHOLE_LOT"
    if wanted and wanted != mode:
        raise _RowWrong("handing_out", "handing-out-not-offered", value=text)
    return mode == "WHOLE_LOT"


def _ensure_may_have(member: Taken, known: Known, terms: Terms) -> None:
    if not member.is_eligible:
        return
    if found := known.gifts.get(member.member_no):
        raise _RowWrong("member_no", "gift-taken", value=member.member_no, holiday=found[0], campaign=found[1])
    _, counts_already = known.members.get(member.member_no, (None, False))
    year_fen = known.year_fen.get(member.member_no, 0) - (terms.per_head_fen if counts_already else 0)
    if year_fen + terms.per_head_fen > terms.cap_fen:
        raise _RowWrong(
            "member_no",
            "over-yearly-cap",
            value=member.member_no,
            sum=f"{year_fen / 100:.2f}",
            standard=f"{terms.per_head_fen / 100:.2f}",
            cap=f"{terms.cap_fen / 100:.2f}",
        )


def changes_of(taken: Iterable[Taken], known: Known) -> tuple[list[Taken], list[UUID]]:
    """Who is newly eligible, and whose place on the roster is eligible no more."""
    gains: list[Taken] = []
    losses: list[UUID] = []
    for member in taken:
        member_id, was_eligible = known.members.get(member.member_no, (None, False))
        if member.is_eligible and not was_eligible:
            gains.append(member)
        if member_id is not None and was_eligible and not member.is_eligible:
            losses.append(member_id)
    return gains, losses
