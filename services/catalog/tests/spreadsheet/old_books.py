"""Workbooks in the formats of before, made byte by byte: no library that we keep writes them."""

import struct
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

_SECTOR = 512
_FREE, _END, _OF_TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def write_xls(path: Path, rows: list[list[str | float]]) -> None:
    """An xls file (BIFF8 in a compound document) with one sheet."""
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    sheet += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            at = struct.pack("<HHH", number, place, 0)
            if isinstance(cell, str):
                sheet += _record(0x0204, at + struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le"))
            else:
                sheet += _record(0x0203, at + struct.pack("<d", cell))
    sheet += _record(0x000A, b"")
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    begin += _record(0x0042, struct.pack("<H", 1200))
    name = "数据"
    length = len(begin) + 4 + 8 + 2 * len(name) + 4
    begin += _record(0x0085, struct.pack("<IHBB", length, 0, len(name), 1) + name.encode("utf-16-le"))
    begin += _record(0x000A, b"")
    write_compound(path, "Workbook", begin + sheet)


def write_compound(path: Path, name: str, content: bytes) -> None:
    """A compound document with one stream, too long for the store of short ones."""
    content = content.ljust(4096, b"\x00")
    content += b"\x00" * (-len(content) % _SECTOR)
    count = len(content) // _SECTOR
    of_table = -(-(count + 2) // 127)
    table = [_OF_TABLE] * of_table + [_END] + [*range(of_table + 2, of_table + 1 + count), _END]
    table += [_FREE] * (of_table * 128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, of_table, of_table, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", *range(of_table), *[_FREE] * (109 - of_table))
    directory = _entry("Root Entry", 5, child=1, start=_END, size=0) + _entry(
        name, 2, child=_FREE, start=of_table + 1, size=len(content)
    )
    directory = directory.ljust(_SECTOR, b"\x00")
    path.write_bytes(header + struct.pack(f"<{len(table)}I", *table) + directory + content)


def write_ods(path: Path, rows: list[list[str | float]]) -> None:
    """An ods file with one sheet."""
    name = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{each}="{name}:{each}:1.0"' for each in ("office", "table", "text"))
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    body = f'<office:spreadsheet><table:table table:name="数据">{lines}</table:table></office:spreadsheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr(
            "content.xml",
            f'<office:document-content {spaces} office:version="1.2"><office:body>{body}</office:body>'
            "</office:document-content>",
        )
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            '<manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )


def _ods_cell(cell: str | float) -> str:
    if isinstance(cell, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
    return (
        f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p></table:table-cell>'
    )


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    text = (name + "\x00").encode("utf-16-le")
    found = text.ljust(64, b"\x00") + struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
    return found + b"\x00" * 36 + struct.pack("<IQ", start, size)
