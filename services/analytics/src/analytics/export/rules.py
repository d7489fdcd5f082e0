"""Tables as text that spreadsheets open without harm (RFC 4180, UTF-8 with a BOM, no cell that runs as a formula)."""

from collections.abc import Iterable
from typing import Any

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NEEDS_QUOTES = (",", '"', "\r", "\n")


def cell(value: Any) -> str:
    """One value. A text that a spreadsheet would run gets an apostrophe before it; numbers stay as they are."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    safe = f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    if any(each in safe for each in _NEEDS_QUOTES):
        return '"' + safe.replace('"', '""') + '"'
    return safe


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as lines, each ended by CR LF."""
    return "".join(",".join([cell(value) for value in row]) + "\r\n" for row in rows).encode()
