"""Reading a shared list (涉企信息归集共享, seed S32): a CSV with a Chinese head, line by line."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.errors import Invalid

HEAD = ("统一社会信用代码", "名称", "名单", "事由", "文号", "列入日期", "截止日期")
MOST_LINES = 5_000
_MOST_FAULTS = 50
_LONGEST = 200


@dataclass(frozen=True)
class Line:
    """One line: who is on which list since when, by which document. `number` is where it stands in the file."""

    number: int
    uscc: str
    name: str
    list: str
    reason: str
    document_number: str
    starts_on: date
    ends_on: date | None


def decode(content: bytes) -> str:
    """UTF-8 with or without a mark, or GBK; 422 `file-unreadable` for anything else."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Invalid("The file is neither UTF-8 nor GBK text.", code="file-unreadable", field="body")


def read_lines(content: bytes, lists: Mapping[str, str]) -> list[Line]:
    """All lines; `lists` are the lists' codes by their Chinese names. All or nothing: 422 `share-lines-invalid` names
    each line and column at fault, `share-head-invalid` another head, `file-too-long` more than 5,000 lines."""
    rows = list(csv.reader(io.StringIO(decode(content))))
    if not rows or [cell.strip() for cell in rows[0]] != list(HEAD):
        raise Invalid(
            f"The first line must read: {','.join(HEAD)}", code="share-head-invalid", field="body", head=list(HEAD)
        )
    body = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    if len(body) > MOST_LINES:
        raise Invalid(f"At most {MOST_LINES} lines at once.", code="file-too-long", field="body")
    faults: list[dict[str, str | int]] = []
    lines = [line for number, row in body if (line := _line(number, row, lists, faults)) is not None]
    if faults:
        raise Invalid(
            "Some lines cannot be read. Nothing was taken: mend them and send the file again.",
            code="share-lines-invalid",
            field="body",
            faults=faults[:_MOST_FAULTS],
        )
    return lines


def _line(number: int, row: list[str], lists: Mapping[str, str], faults: list[dict[str, str | int]]) -> Line | None:
    cells = dict(zip(HEAD, (cell.strip() for cell in row), strict=False))
    before = len(faults)

    def fault(column: str, code: str, sentence: str) -> None:
        faults.append({"line": number, "column": column, "code": code, "sentence": sentence})

    for column in HEAD[:6]:
        if not cells.get(column):
            fault(column, "cell-empty", f"{column}不能为空")
        elif len(cells[column]) > _LONGEST:
            fault(column, "cell-too-long", f"{column}太长")
    which = cells.get("名单", "")
    if which and which not in lists and which not in lists.values():
        fault("名单", "list-unknown", f"没有“{which}”这个名单")
    starts_on = _day(cells.get("列入日期", ""))
    ends_on = _day(cells.get("截止日期", ""))
    if cells.get("列入日期") and starts_on is None:
        fault("列入日期", "day-unreadable", "日期写成 2026-03-01")
    if cells.get("截止日期") and ends_on is None:
        fault("截止日期", "day-unreadable", "日期写成 2026-03-01")
    if len(faults) > before or starts_on is None:
        return None
    return Line(
        number=number,
        uscc=cells["统一社会信用代码"].upper(),
        name=cells["名称"],
        list=lists.get(which, which),
        reason=cells["事由"],
        document_number=cells["文号"],
        starts_on=starts_on,
        ends_on=ends_on,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
