"""Attachments of bids over HTTP: the bytes are the body. A supplier files them beside its own bid; who reads the
quotation sees them from the opening on."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.quotation import attaching, queries, rules, schemas
from orders.quotation.bidding import supplier_of
from orders.quotation.invitation_routes import file_told
from orders.quotation.routes import seal_of
from orders.quotation.sealing import Attachment
from shared.auth import CallerDep
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import TooLarge
from shared.files import Files
from shared.ids import new_id

router = APIRouter(prefix="/v1", tags=["quotations"])
_OWN = "/quotation-invitations/{quotation_id}/bid/files"
FileName = Annotated[
    str, Query(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$", description="What it is called.")
]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(rules.figures().file_types)
        },
    }
}


@router.post(_OWN, status_code=201, openapi_extra=_BODY)
async def file_attachment(
    request: Request, quotation_id: UUID, caller: CallerDep, db: Db, *, kind: rules.FileKind, name: FileName
) -> schemas.FileOut:
    """Put a file beside the own bid, under its seal (PDF, JPEG or PNG, at most 8 MB); one of the same kind and name is
    replaced, so it needs no Idempotency-Key. 403 `kind-not-allowed`; 404 `quotation-unknown`; 409 `quotation-status`,
    `quotation-closed`, `quotation-bid-status`, `bid-files-full`; 413 `file-too-large`; 415 `file-type-not-accepted`."""
    supplier_of(caller)
    most = rules.figures().most_file_bytes
    too_large = TooLarge("An attachment may have at most 8 MB.", code="file-too-large", max_bytes=most)
    content = await read_body(request, max_bytes=most, refusal=too_large)
    file_id, now = new_id(), utc_now()
    told = await attaching.file_attachment(
        db, _files(request), seal_of(request), quotation_id=quotation_id, file_id=file_id, kind=kind, name=name,
        content=content, caller=caller, now=now,
    )  # fmt: skip
    return file_told(file_id, told, now)


@router.delete(f"{_OWN}/{{file_id}}", status_code=204, response_class=Response)
async def remove_attachment(quotation_id: UUID, file_id: UUID, caller: CallerDep, db: Db) -> Response:
    """Take it away. 403 `kind-not-allowed`; 404 `quotation-unknown`, `bid-file-unknown`; 409 `quotation-status`,
    `quotation-closed`."""
    await attaching.remove_attachment(db, quotation_id=quotation_id, file_id=file_id, caller=caller, now=utc_now())
    return Response(status_code=204)


@router.get(f"{_OWN}/{{file_id}}", response_class=Response)
async def get_own_attachment(
    request: Request, quotation_id: UUID, file_id: UUID, caller: CallerDep, db: Read
) -> Response:
    """The own file, for its supplier alone. 403 `kind-not-allowed`; 404 `quotation-unknown`, `bid-file-unknown`; 409
    `bid-unreadable`."""
    supplier_id = supplier_of(caller)
    quotation = await queries.get_invited(db, quotation_id, supplier_id)
    bid = await queries.find_bid(db, quotation_id, supplier_id)
    found = await queries.get_file(db, file_id, bid_ids=[bid.bid_id] if bid else [])
    return _sent(*await attaching.read_attachment(_files(request), seal_of(request), quotation, found))


@router.get("/quotations/{quotation_id}/bids/{bid_id}/files/{file_id}", response_class=Response)
async def get_opened_attachment(
    request: Request, quotation_id: UUID, bid_id: UUID, file_id: UUID, caller: CallerDep, db: Read
) -> Response:
    """A file beside an opened bid, for who sees the quotation. 404 `quotation-unknown`, `unit-unknown`,
    `bid-file-unknown`, also before the opening; 409 `bid-unreadable`."""
    quotation = await queries.get_quotation_for(db, quotation_id, caller)
    opened = {each.bid_id for each in await queries.list_opened_bids(db, quotation_id)}
    found = await queries.get_file(db, file_id, bid_ids=opened & {bid_id})
    return _sent(*await attaching.read_attachment(_files(request), seal_of(request), quotation, found))


def _sent(told: Attachment, content: bytes) -> Response:
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(told.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type=told.media_type, headers=headers)


def _files(request: Request) -> Files:
    files: Files = request.app.state.files
    return files
