"""Sites over HTTP: a supplier's own, an operator's all."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from orders.site import actions, queries, schemas
from shared.auth import Caller, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Invalid
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/sites", tags=["stock"])
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]


@router.get("", response_model=Page[schemas.Site])
async def list_sites(
    caller: SupplierCaller,
    db: Read,
    supplier_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> Page[schemas.Site]:
    """The places that a supplier ships from."""
    rows = await queries.list_sites(db, caller, supplier_id=supplier_id, after=_after(cursor), limit=limit + 1)
    items = [schemas.Site.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].site_id)) if len(rows) > limit else None)


@router.post("", status_code=201, response_model=schemas.Site)
async def open_site(body: schemas.SiteIn, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Ship from a further place. 409 `site-exists`; 422 `supplier-missing` where an operator does not say whose."""
    supplier_id = body.supplier_id if caller.is_operator else caller.organisation_id
    if supplier_id is None:
        raise Invalid("Say whose site it is.", code="supplier-missing", field="supplier_id")
    site_id = await actions.open_site(
        db, site_id=new_id(), now=utc_now(), **body.model_dump(exclude={"supplier_id"}), supplier_id=supplier_id
    )
    return await once.answer(db, await _site(db, site_id, caller), status=201)


@router.get("/{site_id}", response_model=schemas.Site)
async def get_site(site_id: UUID, caller: SupplierCaller, db: Read, response: Response) -> schemas.Site:
    """One. 404 `site-not-found`."""
    return _tagged(response, await _site(db, site_id, caller))


@router.put("/{site_id}", response_model=schemas.Site)
async def edit_site(
    site_id: UUID, body: schemas.SiteEdit, caller: SupplierCaller, db: Db, expected: IfMatch, response: Response
) -> schemas.Site:
    """Another name, place or temperature classes. 404 `site-not-found`; 409 `site-exists`; 412, 428."""
    await actions.edit_site(db, site_id=site_id, expected_revision=expected, caller=caller, **body.model_dump())
    return _tagged(response, await _site(db, site_id, caller))


@router.post("/{site_id}/close", response_model=schemas.Site)
async def close_site(
    site_id: UUID, caller: SupplierCaller, db: Db, expected: IfMatch, response: Response
) -> schemas.Site:
    """Nothing comes there any more. 404 `site-not-found`; 409 `site-status`, `site-default`, `site-not-empty`; 412."""
    await actions.move_site(db, site_id=site_id, verb="close", expected_revision=expected, caller=caller)
    return _tagged(response, await _site(db, site_id, caller))


@router.post("/{site_id}/reopen", response_model=schemas.Site)
async def reopen_site(
    site_id: UUID, caller: SupplierCaller, db: Db, expected: IfMatch, response: Response
) -> schemas.Site:
    """It is used again. 404 `site-not-found`; 409 `site-status`; 412."""
    await actions.move_site(db, site_id=site_id, verb="reopen", expected_revision=expected, caller=caller)
    return _tagged(response, await _site(db, site_id, caller))


@router.post("/{site_id}/make-default", response_model=schemas.Site)
async def make_default(
    site_id: UUID, caller: SupplierCaller, db: Db, expected: IfMatch, response: Response
) -> schemas.Site:
    """What names no site means this one from now on. 404 `site-not-found`; 409 `site-closed`; 412."""
    await actions.make_default(db, site_id=site_id, expected_revision=expected, caller=caller)
    return _tagged(response, await _site(db, site_id, caller))


async def _site(db: Db, site_id: UUID, caller: Caller) -> schemas.Site:
    return schemas.Site.model_validate(await queries.get_site(db, site_id, caller))


def _tagged(response: Response, site: schemas.Site) -> schemas.Site:
    response.headers["ETag"] = etag_of(site.revision)
    return site


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
