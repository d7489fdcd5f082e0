"""Sets papers from standard input and writes the PDF to standard output: run as `python -m shared.papers.setting`.

A process of its own, because setting ten thousand rows takes some 650 MB that a process gives back when it ends, and
because one that hangs can be ended.
"""

import json
import sys
from pathlib import Path

import typst

_LOOK = Path(__file__).with_name("paper.typ")
_MOST_TAGGED_ROWS = 500


def set_papers(papers: str, *, fonts_path: Path) -> bytes:
    """The PDF, with the letters that it uses embedded. Tags for screen readers are left out of very long papers: a tag
    a cell makes them twenty times as large."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(fonts_path / "400Regular"), str(fonts_path / "700Bold")],
    )
    row_count = sum(len(table["rows"]) for paper in json.loads(papers) for table in paper["tables"])
    pdf = typst.Compiler(root=str(_LOOK.parent), font_paths=fonts).compile(
        input=str(_LOOK), format="pdf", sys_inputs={"papers": papers}, pdf_tags=row_count <= _MOST_TAGGED_ROWS
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a PDF is one file")
    return pdf


if __name__ == "__main__":
    sys.stdout.buffer.write(set_papers(sys.stdin.buffer.read().decode(), fonts_path=Path(sys.argv[1])))
