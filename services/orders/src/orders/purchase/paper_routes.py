"""Papers beside a purchase over HTTP: the bytes are the body."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.purchase import filing, queries, rules, schemas
from orders.purchase.actions import fund_of
from orders.unit import queries as unit_queries
from shared.auth import Caller, CallerDep
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import TooLarge
from shared.files import Files
from shared.ids import new_id

router = APIRouter(prefix="/v1/purchases/{purchase_id}/papers", tags=["purchases"])
Name = Annotated[str, Query(min_length=1, max_length=80, pattern=r"^[^\x00]*$", description="What it is called.")]
Counted = Annotated[int, Query(ge=1, le=99, description="How many quotes, or people of the group, it proves.")]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(filing.MEDIA_TYPES)},
    }
}


@router.post("", status_code=201, openapi_extra=_BODY)
async def add_paper(
    request: Request,
    purchase_id: UUID,
    caller: CallerDep,
    db: Db,
    *,
    kind: schemas.PaperKind,
    name: Name,
    counted: Counted = 1,
) -> schemas.PaperOut:
    """Put a paper beside it (PDF, JPEG, PNG or WebP, at most 8 MB). The same file again is the same paper, so it needs
    no Idempotency-Key. 403 `unit-needed`, `duty-missing`; 404 `purchase-unknown`; 409 `unit-closed`, `purchase-status`,
    `purchase-papers-full`; 413 `file-too-large`; 415 `file-type-not-accepted`."""
    await _ensure_handled(db, caller, purchase_id)
    too_large = TooLarge("A paper may have at most 8 MB.", code="file-too-large", max_bytes=filing.MAX_BYTES)
    paper = await filing.add_paper(
        db,
        _files(request),
        paper_id=new_id(),
        purchase_id=purchase_id,
        kind=kind,
        counted=counted,
        name=name,
        content=await read_body(request, max_bytes=filing.MAX_BYTES, refusal=too_large),
        by=caller.person_id,
        now=utc_now(),
    )
    return schemas.PaperOut.model_validate(paper)


@router.get("/{paper_id}", response_class=Response)
async def get_paper(request: Request, purchase_id: UUID, paper_id: UUID, caller: CallerDep, db: Read) -> Response:
    """The file, for those who see the purchase. 404 `purchase-unknown`, `purchase-paper-unknown`."""
    await queries.get_purchase_for(db, caller, purchase_id)
    paper = await queries.get_paper(db, purchase_id, paper_id)
    stored = await _files(request).get(f"purchase-papers/{paper.key}")
    headers = {
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(stored.content, media_type=paper.content_type, headers=headers)


@router.delete("/{paper_id}", status_code=204, response_class=Response)
async def remove_paper(purchase_id: UUID, paper_id: UUID, caller: CallerDep, db: Db) -> Response:
    """Take it away. 403 `unit-needed`, `duty-missing`; 404 `purchase-unknown`, `purchase-paper-unknown`; 409
    `unit-closed`, `purchase-status`."""
    await _ensure_handled(db, caller, purchase_id)
    await filing.remove_paper(db, purchase_id=purchase_id, paper_id=paper_id)
    return Response(status_code=204)


async def _ensure_handled(db: Db, caller: Caller, purchase_id: UUID) -> None:
    unit = await unit_queries.get_acting_unit(db, caller)
    purchase = await queries.get_purchase_for(db, caller, purchase_id)
    if purchase.unit_id != unit.unit_id:
        raise queries.purchase_unknown()
    rules.ensure_may_handle(caller, fund_of(purchase))


def _files(request: Request) -> Files:
    files: Files = request.app.state.files
    return files
