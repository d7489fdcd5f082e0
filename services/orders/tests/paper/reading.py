"""What a paper says, for tests."""

import io
from collections.abc import Callable
from typing import Any

import httpx2
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from shared.auth import Caller

Headers = Callable[..., dict[str, str]]


def text_of(answer: httpx2.Response) -> str:
    """All that the PDF says, without gaps."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return "".join(page.extract_text() for page in pages).replace("\n", "").replace(" ", "")


async def rows_of(client: httpx2.AsyncClient, path: str, headers: dict[str, str], **params: str) -> list[list[Any]]:
    """The first sheet of the paper as a workbook."""
    answer = await client.get(path, params={"format": "xlsx", **params}, headers=headers)
    assert answer.status_code == 200, answer.text
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


def as_person(as_caller: Headers, caller: Caller) -> dict[str, str]:
    """The caller's headers."""
    return as_caller(
        person_id=caller.person_id,
        kind=caller.kind,
        organisation_id=caller.organisation_id,
        roles=tuple(caller.roles),
        regions=tuple(caller.regions),
    )


async def ensure_unknown(client: httpx2.AsyncClient, path: str, code: str, *strangers: dict[str, str]) -> None:
    """To strangers the paper does not exist."""
    for stranger in strangers:
        answer = await client.get(path, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
