"""Shared lists over HTTP: the file is the body."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import ensure_oversees
from catalog.credit.rules import SUPERVISORS
from catalog.credit_share import actions, queries, rules
from catalog.credit_share.schemas import HitPage, HitSchema, ImportResult, LineAnswer
from catalog.cursors import cursor_id
from catalog.fields import Line, Title
from catalog.newest import cut, sheet_batches
from shared.auth import Caller, CallerDep
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import TooLarge
from shared.page import CursorText, Limit
from shared.sheets import Row, SheetFormat, sheet_response

router = APIRouter(prefix="/v1/credit-shares", tags=["credit"])

Wanted = Annotated[Line | None, Query(description="Part of a name, credit code, document number or source.")]
_MOST_BYTES = 4 * 1024 * 1024
_BODY = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}}


@router.post("", openapi_extra=_BODY)
async def import_shared_list(
    request: Request,
    db: Db,
    caller: CallerDep,
    *,
    source: Annotated[Title, Query(description="The authority that shares it.")],
) -> ImportResult:
    """Take another authority's list (market supervision, operators) as CSV in UTF-8 or GBK. The same file twice changes
    nothing, so it needs no Idempotency-Key. 413 `file-too-large`; 422 `file-unreadable`, `share-head-invalid`,
    `share-lines-invalid` with each line and column at fault, `file-too-long`."""
    _ensure_supervises(caller)
    too_large = TooLarge("A shared list may have at most 4 MB.", code="file-too-large", max_bytes=_MOST_BYTES)
    content = await read_body(request, max_bytes=_MOST_BYTES, refusal=too_large)
    taken = await actions.import_shared(db, source=source, content=content, caller=caller, now=utc_now())
    return ImportResult(
        line_count=len(taken.outcomes),
        known_count=sum(outcome == "known" for _, outcome in taken.outcomes),
        lines=[
            LineAnswer(number=line.number, uscc=line.uscc, name=line.name, list=line.list, outcome=outcome)
            for line, outcome in taken.outcomes
        ],
        hits=[HitSchema.model_validate(each) for each in taken.hits],
    )


@router.get("/hits")
async def list_hits(
    db: Read, caller: CallerDep, *, q: Wanted = None, cursor: CursorText = None, limit: Limit = 20
) -> HitPage:
    """Lines that name suppliers of the caller's regions, the newest first (market supervision, operators)."""
    _ensure_supervises(caller)
    found = await queries.list_hits(db, regions=_regions(caller), q=q, after=cursor_id(cursor), limit=limit + 1)
    shown, next_cursor = cut(found, limit, lambda each: each.line_id)
    return HitPage(items=[HitSchema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/hits/export", response_class=Response)
async def export_hits(request: Request, caller: CallerDep, kind: SheetFormat, *, q: Wanted = None) -> Response:
    """The same list as a spreadsheet."""
    _ensure_supervises(caller)
    regions = _regions(caller)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_hits(db, regions=regions, q=q, after=after, limit=limit),
        key=lambda each: each.line_id,
        row=lambda each: (
            each.uscc,
            each.name,
            each.list,
            each.reason,
            each.document_number,
            each.starts_on,
            each.ends_on,
            each.source,
        ),
    )
    return await sheet_response(kind, name="共享名单", head=(*rules.HEAD, "来源"), batches=batches)


@router.get("/template", response_class=Response)
async def get_template(kind: SheetFormat) -> Response:
    """An empty file with the head that an import needs."""
    return await sheet_response(kind, name="共享名单模板", head=rules.HEAD, batches=_nothing())


def _ensure_supervises(caller: Caller) -> None:
    ensure_oversees(caller, caller.regions[0] if caller.regions else "000000", *SUPERVISORS)


def _regions(caller: Caller) -> Sequence[str] | None:
    return None if caller.is_operator else caller.regions


async def _nothing() -> AsyncIterator[Sequence[Row]]:
    yield []
