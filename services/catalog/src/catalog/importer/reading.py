"""The process that reads a file: rows are checked cell by cell and leave as frames for COPY. It ends with the file, and
the memory that a workbook took ends with it. It knows no database.

In: one line of JSON (`Order`). Out: frames, each one line of JSON and, for `rows`, as many bytes as it says.
"""

import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from catalog.importer.column import Counties, Read, reader_of
from catalog.importer.heads import Heads, Place, column_letter, find_heads
from catalog.importer.kind import Kind
from catalog.importer.kinds_known import kind_named
from catalog.spreadsheet import cells
from catalog.spreadsheet.cells import Cell, CellWrong
from catalog.spreadsheet.formats import TableRefused, file_format
from catalog.spreadsheet.tables import Table, open_tables

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


@dataclass(frozen=True)
class _Placed:
    """A column of this file, ready to be read."""

    place: Place
    read: Read
    letter: str
    default: tuple[Any, ...] | None
    is_required: bool


class RowReader:
    """Turns the rows of one table into values and faults."""

    def __init__(self, kind: Kind, table: Table, heads: Heads, counties: Counties) -> None:
        self._kind = kind
        self._columns = [
            _Placed(
                place,
                reader_of(
                    place.column, head_unit=place.unit, options=kind.options_of(place.column.name), counties=counties
                ),
                column_letter(place.index + table.first_column),
                place.column.default,
                place.column.is_required,
            )
            for place in heads.places
        ]
        present = {place.column.name for place in heads.places}
        self._absent = {
            name: value
            for column in kind.columns.columns
            if column.name not in present
            for name, value in zip(column.names, column.default or (None,) * len(column.names), strict=True)
        }
        self._example = [each.place.column.example for each in self._columns]
        self._headed = {each.place.index for each in self._columns} | {
            index for index, text in enumerate(heads.texts) if text
        }
        self._first_rows: dict[int, int] = {}
        self._groups: dict[str, tuple[int, tuple[Any, ...]]] = {}
        self.unheaded: set[int] = set()

    def values(self, number: int, row: list[Cell]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The row's values, and what is wrong with it."""
        values: dict[str, Any] = dict(self._absent)
        faults: list[dict[str, Any]] = []
        width = len(row)
        for each in self._columns:
            cell = row[each.place.index] if each.place.index < width else None
            names = each.place.column.names
            if _is_empty(cell):
                if each.is_required:
                    faults.append(self._fault(each, cell, "missing", {}))
                else:
                    values.update(zip(names, each.default or (None,) * len(names), strict=True))
                continue
            try:
                value = each.read(cell)
            except CellWrong as wrong:
                faults.append(self._fault(each, cell, wrong.code, wrong.facts))
                continue
            if len(names) == 1:
                values[names[0]] = value
            else:
                values.update(zip(names, value, strict=True))
        if not faults:
            faults = self._joined_faults(number, row, values)
        if width > len(self._headed):
            self.unheaded.update(
                index for index, cell in enumerate(row) if index not in self._headed and not _is_empty(cell)
            )
        return values, faults

    def is_example(self, row: list[Cell]) -> bool:
        """Whether the row is the one that our template shows, in a file with all of our template's columns."""
        width = len(row)
        return len(self._columns) == len(self._kind.columns.columns) and all(
            (cells.line(row[each.place.index]) if each.place.index < width else "") == example
            for each, example in zip(self._columns, self._example, strict=True)
        )

    def _joined_faults(self, number: int, row: list[Cell], values: dict[str, Any]) -> list[dict[str, Any]]:
        faults = [self._named_fault(row, name, code, facts) for name, code, facts in self._kind.check(values)]
        if faults:
            return faults
        first = min(self._first_rows.setdefault(hash(key), number) for key in self._kind.keys(values))
        if first != number:
            columns = [self._kind.columns.by_name[name] for name in self._kind.key_columns]
            named = {
                "columns_zh": "、".join(each.zh for each in columns),
                "columns_en": ", ".join(each.en for each in columns),
            }
            return [self._named_fault(row, self._kind.key_columns[-1], "row-twice", {"other": first, **named})]
        return self._disagreement(number, row, values)

    def _disagreement(self, number: int, row: list[Cell], values: dict[str, Any]) -> list[dict[str, Any]]:
        group = self._kind.group(values)
        if group is None:
            return []
        other, agreed = self._groups.setdefault(group[0], (number, group[1]))
        if agreed == group[1]:
            return []
        names = self._kind.group_columns
        name = next(name for name, mine, theirs in zip(names, group[1], agreed, strict=True) if mine != theirs)
        return [self._named_fault(row, name, "rows-disagree", {"other": other})]

    def _named_fault(self, row: list[Cell], name: str, code: str, facts: dict[str, Any]) -> dict[str, Any]:
        for each in self._columns:
            if name in each.place.column.names:
                cell = row[each.place.index] if each.place.index < len(row) else None
                return self._fault(each, cell, code, facts)
        column = self._kind.columns.by_name[name]
        return {"column": column.name, "head": column.zh, "letter": "", "value": "", "code": code, **facts}

    def _fault(self, each: _Placed, cell: Cell, code: str, facts: dict[str, Any]) -> dict[str, Any]:
        return {
            "column": each.place.column.name,
            "head": each.place.head,
            "letter": each.letter,
            "value": cells.line(cell)[:_SHOWN_VALUE],
            "code": code,
            **facts,
        }


def _is_empty(cell: Cell) -> bool:
    return cell is None or cell == "" or (isinstance(cell, str) and not cells.shown(cell))


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
    for number, row in table.rows():
        if number <= heads.row or not any(not _is_empty(cell) for cell in row):
            continue
        if number <= heads.row + 2 and reader.is_example(row):
            warnings.append({"code": "example-skipped", "row": number})
            continue
        count += 1
        if count > order.max_rows:
            raise TableRefused("too-many-rows", most=order.max_rows)
        values, faults = reader.values(number, row)
        if number <= order.after:
            continue
        bad += bool(faults)
        lines.append(_line(batch, number, values, faults, row))
        if len(lines) == order.frame_rows:
            yield _rows_frame(lines, number, bad)
            lines, bad = [], 0
    if lines:
        yield _rows_frame(lines, number, bad)
    if not count:
        raise TableRefused("rows-none")
    warnings += [
        {
            "code": "head-merged" if (heads.row - 1, index + table.first_column) in table.covered else "head-blank",
            "column": column_letter(index + table.first_column),
        }
        for index in sorted(reader.unheaded)
    ]
    yield {"frame": "end", "row_count": count, "warnings": warnings}, b""


def _rows_frame(lines: list[bytes], last: int, bad: int) -> tuple[dict[str, Any], bytes]:
    payload = b"".join(lines)
    return {"frame": "rows", "count": len(lines), "bad": bad, "last": last, "bytes": len(payload)}, payload


def _line(batch: bytes, number: int, values: dict[str, Any], faults: list[dict[str, Any]], row: list[Cell]) -> bytes:
    """A row as COPY takes it: batch_id, row_number, values, cells, faults."""
    texts = orjson.dumps([cells.shown(cell) for cell in row]).replace(b"\\", b"\\\\")
    if faults:
        told = orjson.dumps(faults).replace(b"\\", b"\\\\")
        return b"%b\t%d\t\\N\t%b\t%b\n" % (batch, number, texts, told)
    told = orjson.dumps(values).replace(b"\\", b"\\\\")
    return b"%b\t%d\t%b\t%b\t\\N\n" % (batch, number, told, texts)


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
    spent = {"frame": "spent", "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_kib": usage.ru_maxrss}
    sink.write(orjson.dumps(spent) + b"\n")


def as_line(order: Order) -> bytes:
    """The order as the process reads it."""
    return orjson.dumps(asdict(order)) + b"\n"


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
