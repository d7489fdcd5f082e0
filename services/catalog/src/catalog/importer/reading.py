"""The process that reads a file: rows are checked cell by cell and leave as frames for COPY. It ends with the file, and
the memory that a workbook took ends with it. It knows no database.

In: one line of JSON (`Order`). Out: frames, each one line of JSON and, for `rows`, as many bytes as it says.
"""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from catalog.importer.column import Column, Counties, reader_of
from catalog.importer.heads import Heads, Place, column_letter, find_heads
from catalog.importer.kind import Kind, Values
from catalog.importer.kinds_known import kind_named
from shared.spreadsheet import cells
from shared.spreadsheet.cells import Cell, CellWrong
from shared.spreadsheet.formats import TableRefused, file_format
from shared.spreadsheet.tables import Table, open_tables

_SHOWN_VALUE = 80
_NICE = 5


@dataclass(frozen=True)
class Order:
    """What to read: `after` is the last row that was taken over already; `frame_rows` how many rows a frame has."""

    path: str
    batch_id: str
    kind: str
    after: int
    frame_rows: int
    max_rows: int
    max_inflated_bytes: int
    max_memory_bytes: int
    counties: dict[str, str]
    county_names: dict[str, list[str]]
    regions: list[str] | None


class RowReader:
    """Turns the rows of one table into values and faults."""

    def __init__(self, kind: Kind, table: Table, heads: Heads, counties: Counties) -> None:
        self._kind = kind
        self._first_column = table.first_column
        self._columns = [
            (
                place.index,
                place.column.names,
                reader_of(
                    place.column, head_unit=place.unit, options=kind.options_of(place.column.name), counties=counties
                ),
                _default(place.column),
                place,
            )
            for place in heads.places
        ]
        present = {place.column.name for place in heads.places}
        self._absent = {
            name: value
            for column in kind.columns.columns
            if column.name not in present
            for name, value in zip(column.names, _default(column), strict=True)
        }
        self._headed = {index for index, text in enumerate(heads.texts) if text}
        self._first_rows: dict[int, int] = {}
        self._groups: dict[str, tuple[int, tuple[Any, ...]]] = {}
        self.unheaded: set[int] = set()

    def values(self, number: int, row: list[Cell], texts: list[str]) -> tuple[Values, list[dict[str, Any]]]:
        """The row's values, and what is wrong with it; `texts` are its cells as they are shown."""
        values: Values = dict(self._absent)
        faults: list[dict[str, Any]] = []
        width = len(row)
        for index, names, read, default, each in self._columns:
            text = texts[index] if index < width else ""
            if not text:
                if each.column.is_required:
                    faults.append(self._fault(each, text, "missing", {}))
                else:
                    values.update(zip(names, default, strict=True))
                continue
            cell = row[index]
            try:
                value = read(text if type(cell) is str else cell)
            except CellWrong as wrong:
                faults.append(self._fault(each, text, wrong.code, wrong.facts))
                continue
            if len(names) == 1:
                values[names[0]] = value
            else:
                values.update(zip(names, value, strict=True))
        if not faults:
            faults = self._joined_faults(number, texts, values)
        if width > len(self._headed):
            self.unheaded.update(index for index, text in enumerate(texts) if text and index not in self._headed)
        return values, faults

    def is_example(self, texts: list[str]) -> bool:
        """Whether the row is the one that our template shows, in a file with all of our template's columns."""
        return len(self._columns) == len(self._kind.columns.columns) and all(
            (texts[each.index] if each.index < len(texts) else "") == each.column.example for *_, each in self._columns
        )

    def _joined_faults(self, number: int, texts: list[str], values: Values) -> list[dict[str, Any]]:
        faults = [self._named_fault(texts, name, code, facts) for name, code, facts in self._kind.check(values)]
        if faults:
            return faults
        first = min(self._first_rows.setdefault(hash(key), number) for key in self._kind.keys(values))
        if first != number:
            columns = [self._kind.columns.by_name[name] for name in self._kind.key_columns]
            named = {
                "columns_zh": "、".join(each.zh for each in columns),
                "columns_en": ", ".join(each.en for each in columns),
            }
            return [self._named_fault(texts, self._kind.key_columns[-1], "row-twice", {"other": first, **named})]
        return self._disagreement(number, texts, values)

    def _disagreement(self, number: int, texts: list[str], values: Values) -> list[dict[str, Any]]:
        group = self._kind.group(values)
        if group is None:
            return []
        other, agreed = self._groups.setdefault(group[0], (number, group[1]))
        if agreed == group[1]:
            return []
        names = self._kind.group_columns
        name = next(name for name, mine, theirs in zip(names, group[1], agreed, strict=True) if mine != theirs)
        return [self._named_fault(texts, name, "rows-disagree", {"other": other})]

    def _named_fault(self, texts: list[str], name: str, code: str, facts: dict[str, Any]) -> dict[str, Any]:
        for index, names, *_, each in self._columns:
            if name in names:
                return self._fault(each, texts[index] if index < len(texts) else "", code, facts)
        column = self._kind.columns.by_name[name]
        return {"column": column.name, "head": column.zh, "letter": "", "value": "", "code": code, **facts}

    def _fault(self, each: Place, text: str, code: str, facts: dict[str, Any]) -> dict[str, Any]:
        return {
            "column": each.column.name,
            "head": each.head,
            "letter": column_letter(each.index + self._first_column),
            "value": cells.line(text)[:_SHOWN_VALUE],
            "code": code,
            **facts,
        }


def _default(column: Column) -> tuple[Any, ...]:
    return column.default or (None,) * len(column.names)


def frames(order: Order) -> Iterator[tuple[dict[str, Any], bytes]]:
    """`head` once, then `rows` as often as needed, then `end`; or `refused`, at any time."""
    try:
        path = Path(order.path)
        kind = kind_named(order.kind)
        found = file_format(path, max_inflated_bytes=order.max_inflated_bytes)
        tables = open_tables(path, found, max_inflated_bytes=order.max_inflated_bytes)
        table, heads = find_heads(tables, kind.columns)
        regions = None if order.regions is None else tuple(order.regions)
        reader = RowReader(kind, table, heads, Counties(order.counties, order.county_names, regions))
        yield (
            {
                "frame": "head",
                "format": found,
                "encoding": table.encoding,
                "separator": table.separator,
                "head_row": heads.row,
                "heads": heads.texts,
                "warnings": heads.warnings,
                "row_count": max(0, table.row_count - heads.row),
            },
            b"",
        )
        yield from _row_frames(order, table, heads, reader)
    except TableRefused as refused:
        yield {"frame": "refused", "code": refused.code, **refused.facts}, b""
    except MemoryError:
        yield {"frame": "refused", "code": "file-too-heavy"}, b""


def _row_frames(order: Order, table: Table, heads: Heads, reader: RowReader) -> Iterator[tuple[dict[str, Any], bytes]]:
    lines: list[bytes] = []
    warnings: list[dict[str, Any]] = []
    batch = order.batch_id.encode()
    count = bad = number = 0
    for number, row, texts in _rows_below(table, heads, reader, warnings):
        count += 1
        if count > order.max_rows:
            raise TableRefused("too-many-rows", most=order.max_rows)
        values, faults = reader.values(number, row, texts)
        if number <= order.after:
            continue
        bad += bool(faults)
        lines.append(_line(batch, number, values, faults, texts))
        if len(lines) == order.frame_rows:
            yield _rows_frame(lines, number, bad)
            lines, bad = [], 0
    if lines:
        yield _rows_frame(lines, number, bad)
    if not count:
        raise TableRefused("rows-none")
    warnings += _remarks(table, heads, reader.unheaded)
    yield {"frame": "end", "row_count": count, "warnings": warnings}, b""


def _rows_below(
    table: Table, heads: Heads, reader: RowReader, warnings: list[dict[str, Any]]
) -> Iterator[tuple[int, list[Cell], list[str]]]:
    """The rows below the heads that hold something, with their texts; our template's example is passed over."""
    for number, row in table.rows():
        if number <= heads.row:
            continue
        texts = [cells.shown(cell) for cell in row]
        if not any(texts):
            continue
        if number <= heads.row + 2 and reader.is_example(texts):
            warnings.append({"code": "example-skipped", "row": number})
            continue
        yield number, row, texts


def _remarks(table: Table, heads: Heads, unheaded: set[int]) -> list[dict[str, Any]]:
    """What is to be said of a table that was read to its end: columns below no head, formulas without a value."""
    places = [index + table.first_column for index in sorted(unheaded)]
    hidden = {place for place in places if (heads.row - 1, place) in table.remarks.covered}
    found: list[dict[str, Any]] = [
        {"code": "head-merged" if place in hidden else "head-blank", "column": column_letter(place)} for place in places
    ]
    if table.remarks.formula_errors:
        found.append({"code": "formula-errors", "count": table.remarks.formula_errors})
    return found


def _rows_frame(lines: list[bytes], last: int, bad: int) -> tuple[dict[str, Any], bytes]:
    payload = b"".join(lines)
    return {"frame": "rows", "count": len(lines), "bad": bad, "last": last, "bytes": len(payload)}, payload


def _line(batch: bytes, number: int, values: Values, faults: list[dict[str, Any]], texts: list[str]) -> bytes:
    """A row as COPY takes it: batch_id, row_number, values, cells, faults."""
    typed = orjson.dumps(texts).replace(b"\\", b"\\\\")
    if faults:
        return b"%b\t%d\t\\N\t%b\t%b\n" % (batch, number, typed, orjson.dumps(faults).replace(b"\\", b"\\\\"))
    return b"%b\t%d\t%b\t%b\t\\N\n" % (batch, number, orjson.dumps(values).replace(b"\\", b"\\\\"), typed)


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Carry out one order."""
    order = Order(**orjson.loads(source.readline()))
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (order.max_memory_bytes, order.max_memory_bytes))
    for head, payload in frames(order):
        sink.write(orjson.dumps(head) + b"\n")
        sink.write(payload)
        sink.flush()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = {"frame": "spent", "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": _peak_bytes()}
    sink.write(orjson.dumps(spent) + b"\n")


def _peak_bytes() -> int:
    """The most memory that this process had. The kernel's own figure for children begins with their parent's."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def as_line(order: Order) -> bytes:
    """The order as the process reads it."""
    return orjson.dumps(asdict(order)) + b"\n"


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
