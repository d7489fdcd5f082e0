"""Binds papers and files from standard input into one PDF on standard output: run as `python -m shared.papers.binding`.

A process of its own, as setting is: a file that somebody uploaded may take any time and memory to read, and this one
can be ended.
"""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import typst
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from shared.papers.setting import set_papers

_PICTURE: Final = """
#set page(paper: "a4", margin: 12mm)
#align(center + horizon, image(sys.inputs.path, width: 100%, height: 100%, fit: "contain"))
"""
_PDF: Final = "application/pdf"
_LOCKED: Final = "已加密，未并入，请另附原件"
_BROKEN: Final = "文件损坏或无法识别，未并入，请另附原件"
_LONG: Final = "页数过多，未并入，请另附原件"
_HEADS: Final = ("序号", "名称", "页码", "页数", "备注")
_WIDTHS: Final = (1, 7, 1, 1, 4)


def bind(told: dict[str, Any], *, fonts_path: Path) -> bytes:
    """The PDF: contents, then each part, a bookmark for each."""
    found = [_part(each, fonts_path=fonts_path, most_pages=told["most_pages"]) for each in told["parts"]]
    counts = [0 if isinstance(each, str) else len(each.pages) for each in found]
    contents = _contents(told, found, counts, first_page=1, fonts_path=fonts_path)
    offset = len(contents.pages)
    contents = _contents(told, found, counts, first_page=offset + 1, fonts_path=fonts_path)
    writer = PdfWriter()
    writer.append(contents, outline_item="目录", import_outline=False)
    for part, each in zip(told["parts"], found, strict=True):
        if not isinstance(each, str):
            writer.append(each, outline_item=part["title"], import_outline=False)
    for page in writer.pages:
        page.pop("/AA", None)  # nothing runs when somebody turns to a page
    writer.add_metadata({"/Title": told["title"], "/Author": "助农 Zhunong"})
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _part(part: dict[str, Any], *, fonts_path: Path, most_pages: int) -> PdfReader | str:
    """Its pages, or why there are none."""
    if "paper" in part:
        return PdfReader(io.BytesIO(set_papers(json.dumps([part["paper"]]), fonts_path=fonts_path)))
    if part["refusal"]:
        return str(part["refusal"])
    path = Path(part["path"])
    return _read(path, most_pages) if part["media_type"] == _PDF else _picture(path)


def _read(path: Path, most_pages: int) -> PdfReader | str:
    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            return _LOCKED
        count = len(reader.pages)
        if not count:
            return _BROKEN
        if count > most_pages:
            return _LONG
        PdfWriter().append(reader, import_outline=False)  # whether all of it can be copied
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError):
        return _BROKEN
    return reader


def _picture(path: Path) -> PdfReader | str:
    """A page with the picture, as large as the page lets it be."""
    try:
        pdf = typst.Compiler(root=str(path.parent)).compile(
            input=_PICTURE.encode(), format="pdf", sys_inputs={"path": f"/{path.name}"}
        )
    except (typst.TypstError, RuntimeError):
        return _BROKEN
    return PdfReader(io.BytesIO(pdf)) if isinstance(pdf, bytes) else _BROKEN


def _contents(
    told: dict[str, Any],
    found: Sequence[PdfReader | str],
    counts: Sequence[int],
    *,
    first_page: int,
    fonts_path: Path,
) -> PdfReader:
    rows, page = [], first_page
    for number, (part, each, count) in enumerate(zip(told["parts"], found, counts, strict=True), start=1):
        is_bound = not isinstance(each, str)
        rows.append(
            [str(number), part["title"], str(page) if is_bound else "", str(count) if is_bound else "",
             "" if is_bound else str(each)]
        )  # fmt: skip
        page += count
    table = {
        "caption": "目录",
        "heads": _HEADS,
        "widths": _WIDTHS,
        "numbers": [True, False, True, True, False],
        "rows": rows,
        "total": None,
    }
    paper = told["contents"] | {"tables": [table]}
    return PdfReader(io.BytesIO(set_papers(json.dumps([paper]), fonts_path=fonts_path)))


if __name__ == "__main__":
    sys.stdout.buffer.write(bind(json.loads(sys.stdin.buffer.read()), fonts_path=Path(sys.argv[1])))
