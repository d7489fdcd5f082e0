"""What a file is by its bytes, and whether it may be opened: a small archive can hold more than a machine's memory."""

import zipfile
import zlib
from pathlib import Path
from typing import Literal

FileFormat = Literal["xlsx", "xls", "ods", "csv"]

_ARCHIVE = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_OTHERS = (
    b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"MZ", b"\x7fELF",
)  # fmt: skip
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"{", b"[")
_LOOK = 4096
_CHUNK = 1 << 20


class TableRefused(Exception):  # noqa: N818 - a decision about a file
    """A file that is not imported at all. `code` is one of sentences.toml, `facts` fill it in."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def file_format(path: Path, *, max_inflated_bytes: int) -> FileFormat:
    """What the file is.

    Refuses `file-empty`, `file-no-spreadsheet`, and `file-inflates-too-large` by what an archive says that it holds.
    """
    with path.open("rb") as file:
        start = file.read(_LOOK)
    if not start.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        raise TableRefused("file-empty")
    if start.startswith(_OLE):
        return "xls"
    if start.startswith(_ARCHIVE):
        return _archive_format(path, max_inflated_bytes=max_inflated_bytes)
    is_binary = b"\x00" in start and not start.startswith(_WIDE)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if is_binary or start.startswith(_OTHERS) or text.startswith(_MARKUP):
        raise TableRefused("file-no-spreadsheet")
    return "csv"


def _archive_format(path: Path, *, max_inflated_bytes: int) -> FileFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            inflated = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise TableRefused("file-damaged") from error
    if inflated > max_inflated_bytes:
        raise TableRefused("file-inflates-too-large", max_bytes=max_inflated_bytes)
    if any(name.startswith("xl/workbook.") for name in names):
        return "xlsx"
    if "content.xml" in names and "mimetype" in names:
        return "ods"
    raise TableRefused("file-no-spreadsheet")


def ensure_inflates(path: Path, *, max_inflated_bytes: int) -> None:
    """Inflate an archive piece by piece, keeping nothing: what it says of its sizes may be a lie.

    Refuses `file-inflates-too-large` and `file-damaged`.
    """
    left = max_inflated_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            for each in archive.infolist():
                with archive.open(each) as member:
                    while piece := member.read(_CHUNK):
                        left -= len(piece)
                        if left < 0:
                            raise TableRefused("file-inflates-too-large", max_bytes=max_inflated_bytes)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError) as error:
        raise TableRefused("file-damaged") from error
