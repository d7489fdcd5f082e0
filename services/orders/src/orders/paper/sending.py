"""A paper as an answer: PDF or xlsx, to be shown or kept."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import Query, Request, Response

from shared.errors import Conflict
from shared.papers.paper import Paper
from shared.papers.press import PDF, XLSX, pdf_of, xlsx_of

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
    is_pdf = kind == "pdf"
    content = (
        await pdf_of(papers, fonts_path=request.app.state.settings.paper_fonts) if is_pdf else await xlsx_of(papers)
    )
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
