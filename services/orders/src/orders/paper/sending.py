"""A paper as an answer: PDF or xlsx, to be shown or kept."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import Query, Request, Response

from shared.errors import Conflict
from shared.papers.paper import Bound, Paper
from shared.papers.press import PDF, XLSX, bound_pdf_of, pdf_of, xlsx_of

PaperFormat = Annotated[
    Literal["pdf", "xlsx"], Query(alias="format", description="pdf to print and sign, xlsx to work with.")
]
PAPER_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": {PDF: {}, XLSX: {}}}
}


async def paper_response(
    request: Request, papers: Sequence[Paper], *, kind: Literal["pdf", "xlsx"], name: str
) -> Response:
    """The papers as one file called `name`. A PDF opens in the browser, a workbook is downloaded.

    503 `papers-unavailable` where papers cannot be set.
    """
    fonts_path = request.app.state.settings.paper_fonts
    content = await pdf_of(papers, fonts_path=fonts_path) if kind == "pdf" else await xlsx_of(papers)
    return file_response(content, kind=kind, name=name)


async def bound_response(request: Request, bound: Bound, *, name: str) -> Response:
    """Papers and files as one PDF. 503 `papers-unavailable`."""
    content = await bound_pdf_of(bound, fonts_path=request.app.state.settings.paper_fonts)
    return file_response(content, kind="pdf", name=name)


def file_response(content: bytes, *, kind: Literal["pdf", "xlsx"], name: str) -> Response:
    """The bytes under their name, for this person only."""
    is_pdf = kind == "pdf"
    where = "inline" if is_pdf else "attachment"
    return Response(
        content,
        media_type=PDF if is_pdf else XLSX,
        headers={
            "Content-Disposition": f"{where}; filename*=UTF-8''{quote(f'{name}.{kind}')}",
            "Cache-Control": "private, no-store",
        },
    )


def ensure_fits(count: int, most: int) -> None:
    """409 `paper-too-long` for more lines than anybody prints: the list's own export gives all of them."""
    if count > most:
        raise Conflict("This is too long for a paper. Export the list instead.", code="paper-too-long", most_lines=most)
