"""Reading providers' statement files line by line: WeChat's CSV with backticks, Alipay's zip of GBK tables.

Both end with sums. A file whose lines do not come to its own sums, or that ends before them, is refused whole.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Final, Literal

from orders.statement.rules import Entry, EntryStatus
from shared.clock import business_day, parse_instant
from shared.errors import Invalid

Format = Literal["wechat", "alipay"]
MOST_INFLATED_BYTES: Final = 512 * 1024 * 1024
_TICK: Final = "`"
_REFUND_STATUSES: dict[str, EntryStatus] = {"SUCCESS": "SUCCEEDED", "PROCESSING": "PROCESSING"}
_TRADES_SUM = re.compile(r"#交易合计：(\d+)笔，商家实收共(-?[\d.,]+)元")
_REFUNDS_SUM = re.compile(r"#退款合计：(\d+)笔，商家实收退款共(-?[\d.,]+)元")


def read_entries(path: Path, kind: Format, day: date) -> Iterator[Entry]:
    """The file's lines in order, read as they are asked for. An empty file is a day on which nothing happened.

    Invalid (422) `statement-unreadable`, `statement-cut-short`, `statement-sums-differ`, `statement-other-day`,
    `statement-inflates-too-large`, each with the `line` where there is one.
    """
    if path.stat().st_size == 0:
        return
    try:
        yield from _read_alipay(path, day) if kind == "alipay" else _read_wechat(path, day)
    except (UnicodeDecodeError, zipfile.BadZipFile, csv.Error, OSError, EOFError) as error:
        raise _refused("The file cannot be read as a statement of this provider.", "statement-unreadable") from error


class _Row:
    """The cells of one line by the head's names."""

    def __init__(self, line: int, head: Sequence[str], cells: Sequence[str]) -> None:
        self.line = line
        self._cells = dict(zip(head, cells, strict=True))

    def text(self, *names: str) -> str:
        """The cell under the first of the names that the head has; 422 if it has none."""
        for name in names:
            if name in self._cells:
                return self._cells[name].strip()
        raise _refused(f"There is no column {names[0]}.", "statement-unreadable", self.line)

    def fen(self, *names: str) -> int:
        """An amount in yuan as fen, half a fen and more rounded up."""
        return _fen(self.text(*names), self.line)

    def day_ensured(self, day: date, name: str) -> None:
        """Refuse a line of another day: it is another day's file."""
        try:
            found = business_day(parse_instant(self.text(name)))
        except ValueError as error:
            raise _refused(f"{name} is no time.", "statement-unreadable", self.line) from error
        if found != day:
            raise _refused(f"This line is of {found}, not of {day}.", "statement-other-day", self.line)


def _read_wechat(path: Path, day: date) -> Iterator[Entry]:
    """The head, one line a trade or refund with a backtick before each cell, the sums' head, the sums."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline().strip().split(",")
        if head[0] != "交易时间":
            raise _refused("WeChat's statement begins with 交易时间.", "statement-unreadable", 1)
        count = total = refunded = 0
        for line, text in enumerate(file, 2):
            if not text.startswith(_TICK):
                if text.strip():
                    _ensure_wechat_sums(text, next(file, ""), line, (count, total, refunded))
                    return
                continue
            cells = text.strip("\r\n").removeprefix(_TICK).split(",`")
            if len(cells) != len(head):
                raise _refused("This line has another number of cells than the head.", "statement-unreadable", line)
            row = _Row(line, head, cells)
            count += 1
            total += row.fen("订单金额", "总金额")
            refunded += row.fen("申请退款金额", "退款金额")
            yield _wechat_entry(row, day)
    raise _refused("The file ends before its sums.", "statement-cut-short", count + 1)


def _wechat_entry(row: _Row, day: date) -> Entry:
    happened_at = parse_instant(row.text("交易时间"))
    if row.text("交易状态") == "SUCCESS":
        row.day_ensured(day, "交易时间")
        return Entry(
            line_number=row.line,
            kind="PAYMENT",
            number=row.text("商户订单号"),
            provider_number=row.text("微信订单号"),
            status="SUCCEEDED",
            amount_fen=row.fen("订单金额", "总金额"),
            fee_fen=row.fen("手续费"),
            happened_at=happened_at,
        )
    return Entry(
        line_number=row.line,
        kind="REFUND",
        number=row.text("商户退款单号"),
        provider_number=row.text("微信退款单号"),
        status=_REFUND_STATUSES.get(row.text("退款状态"), "CLOSED"),
        amount_fen=row.fen("申请退款金额", "退款金额"),
        fee_fen=-abs(row.fen("手续费")),
        happened_at=happened_at,
    )


def _ensure_wechat_sums(head: str, sums: str, line: int, found: tuple[int, int, int]) -> None:
    names, cells = head.strip().split(","), sums.strip().removeprefix(_TICK).split(",`")
    if len(names) != len(cells):
        raise _refused("The file ends before its sums.", "statement-cut-short", line)
    row = _Row(line + 1, names, cells)
    told = [int(row.text("总交易单数")) if row.text("总交易单数").isdigit() else -1]
    told += [row.fen("订单总金额", "总交易额"), row.fen("申请退款总金额", "退款总金额", "总退款金额")]
    if told != list(found):
        raise _refused("The lines do not come to the file's sums.", "statement-sums-differ", line + 1)


def _read_alipay(path: Path, day: date) -> Iterator[Entry]:
    """A zip of two GBK tables: the lines (业务明细), and their summary, which is not needed."""
    with zipfile.ZipFile(path) as bundle:
        if sum(each.file_size for each in bundle.infolist()) > MOST_INFLATED_BYTES:
            raise _refused("The file holds more than we take.", "statement-inflates-too-large")
        for member in bundle.infolist():
            with bundle.open(member) as raw, io.TextIOWrapper(raw, encoding="gb18030", newline="") as file:
                head = _alipay_head(file)
                if head is not None:
                    yield from _alipay_entries(file, *head, day)
                    return
    raise _refused("There is no table of 支付宝交易号 in the file.", "statement-unreadable")


def _alipay_head(file: io.TextIOWrapper) -> tuple[int, list[str]] | None:
    for line, text in enumerate(file, 1):
        if text.startswith("支付宝交易号"):
            return line, [each.strip() for each in next(csv.reader([text]))]
        if not text.startswith("#"):
            return None
    return None


def _alipay_entries(file: io.TextIOWrapper, head_line: int, head: list[str], day: date) -> Iterator[Entry]:
    counts, received = {"PAYMENT": 0, "REFUND": 0}, {"PAYMENT": 0, "REFUND": 0}
    name_place = head.index("商品名称") if "商品名称" in head else 0
    checked = 0
    for line, text in enumerate(file, head_line + 1):
        if text.startswith("#"):
            for kind, pattern in (("PAYMENT", _TRADES_SUM), ("REFUND", _REFUNDS_SUM)):
                if told := pattern.match(text):
                    if (int(told[1]), abs(_fen(told[2], line))) != (counts[kind], received[kind]):
                        raise _refused("The lines do not come to the file's sums.", "statement-sums-differ", line)
                    checked += 1
            continue
        cells = next(csv.reader([text.strip("\r\n")]), [])
        if not cells:
            continue
        extra = len(cells) - len(head)  # a goods' name with commas in it
        if extra > 0:
            cells[name_place : name_place + extra + 1] = [",".join(cells[name_place : name_place + extra + 1])]
        if len(cells) != len(head):
            raise _refused("This line has another number of cells than the head.", "statement-unreadable", line)
        row = _Row(line, head, cells)
        entry = _alipay_entry(row, day)
        counts[entry.kind] += 1
        received[entry.kind] += abs(row.fen("商家实收（元）"))
        yield entry
    if checked != len(counts):
        raise _refused("The file ends before its sums.", "statement-cut-short", head_line)


def _alipay_entry(row: _Row, day: date) -> Entry:
    is_refund = row.text("业务类型") == "退款"
    row.day_ensured(day, "完成时间")
    fee_fen = abs(row.fen("服务费（元）"))
    return Entry(
        line_number=row.line,
        kind="REFUND" if is_refund else "PAYMENT",
        number=row.text("退款批次号/请求号" if is_refund else "商户订单号"),
        provider_number=row.text("支付宝交易号"),
        status="SUCCEEDED",
        amount_fen=abs(row.fen("订单金额（元）")),
        fee_fen=-fee_fen if is_refund else fee_fen,
        happened_at=parse_instant(row.text("完成时间")),
    )


def _fen(text: str, line: int) -> int:
    try:
        return int((Decimal(text.replace(",", "") or "0") * 100).quantize(Decimal(1), ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise _refused(f"{text[:40]} is no amount.", "statement-unreadable", line) from error


def _refused(message: str, code: str, line: int | None = None) -> Invalid:
    return Invalid(message, code=code, field="file", **({} if line is None else {"line": line}))


FORMATS: dict[str, Format] = {"sandbox": "wechat", "wechat": "wechat", "alipay": "alipay"}
