"""Documents over HTTP: the bytes are the body."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import may_edit, oversees
from catalog.document import actions, queries, rules
from catalog.document.schemas import DocumentSchema
from catalog.fields import DivisionCode, Title
from shared.auth import CallerDep, OptionalCaller
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden, TooLarge
from shared.files import Files
from shared.ids import new_id

router = APIRouter(prefix="/v1/documents", tags=["documents"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(rules.MEDIA_TYPES)},
    }
}


@router.post("", status_code=201, openapi_extra=_BODY)
async def upload_document(
    request: Request,
    db: Db,
    caller: CallerDep,
    *,
    name: Annotated[Title, Query(description="The file's name, as people will see it.")],
    county_code: Annotated[DivisionCode, Query(description="The county whose officials may read it.")],
) -> DocumentSchema:
    """Keep a scan or picture (PDF, JPEG, PNG or WebP, at most 10 MB), to be named by what it proves. An upload that
    nothing names does no harm, so it needs no Idempotency-Key.

    403 `organisation-missing`; 413 `file-too-large`; 415 `file-type-not-accepted`: the bytes decide.
    """
    if caller.organisation_id is None:
        raise Forbidden("Documents belong to organisations: choose the one you act for.", code="organisation-missing")
    document = await actions.store_document(
        db,
        _files(request),
        document_id=new_id(),
        organisation_id=caller.organisation_id,
        county_code=county_code,
        name=name,
        content=await read_body(request, max_bytes=rules.MAX_BYTES, refusal=_too_large()),
        now=utc_now(),
    )
    return DocumentSchema.model_validate(document)


@router.get("/{document_id}", response_class=Response)
async def get_document(request: Request, db: Read, caller: OptionalCaller, document_id: UUID) -> Response:
    """The document: to everybody if it is public, else to whose it is, to officials of its county and to operators.

    404 `document-unknown`, also for those who may not know of it.
    """
    document = await queries.get_document(db, document_id)
    is_own = caller is not None and caller.organisation_id == document.organisation_id
    may_read = (
        document.is_public
        or is_own
        or may_edit(caller, document.organisation_id)
        or oversees(caller, document.county_code)
    )
    if not may_read:
        raise queries.unknown_document()
    stored = await _files(request).get(f"documents/{document.key}")
    headers = {
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(document.name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(stored.content, media_type=document.content_type, headers=headers)


def _too_large() -> TooLarge:
    return TooLarge("A document may have at most 10 MB.", code="file-too-large", max_bytes=rules.MAX_BYTES)


def _files(request: Request) -> Files:
    files: Files = request.app.state.files
    return files
