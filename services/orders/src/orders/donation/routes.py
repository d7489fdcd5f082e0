"""Recipients of donations over HTTP: public to read without any address, kept by a county's officials and operators."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.donation import actions, queries, rules, schemas
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/donation-recipients", tags=["donations"])
Keeper = Annotated[Caller, Depends(require_kind("official"))]
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a name or purpose.")]
County = Annotated[str | None, Query(pattern=r"^[0-9]{2,6}$", description="Division code, or its start.")]
_BATCH = 500
_HEAD = ("编号", "县区代码", "类别", "名称", "英文名称", "状态", "用途", "受赠单数", "受赠件数", "核实时间", "关闭时间")


@router.get("")
async def list_recipients(
    db: Read, *, q: Wanted = None, county: County = None, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.RecipientItem]:
    """For everybody: verified recipients, the newest first. No contact, no phone, no street."""
    found = await queries.list_recipients(
        db, wanted=q, county=county, status="VERIFIED", after=_after(cursor), limit=limit + 1
    )
    items = [schemas.RecipientItem.model_validate(each) for each in found[:limit]]
    return Page[schemas.RecipientItem](items=items, next_cursor=_next(items, len(found) > limit))


@router.get("/managed")
async def list_managed(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    county: County = None,
    status: schemas.Status | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.KeptRecipient]:
    """Those of an official's regions or of the caller's organisation, an operator's all. 403 `kind-not-allowed`."""
    queries.ensure_keeps_any(caller)
    found = await queries.list_recipients(
        db, kept_by=caller, wanted=q, county=county, status=status, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.KeptRecipient.model_validate(each) for each in found[:limit]]
    return Page[schemas.KeptRecipient](items=items, next_cursor=_next(items, len(found) > limit))


@router.get("/managed/export", response_class=Response)
async def export_managed(
    request: Request,
    caller: CallerDep,
    *,
    q: Wanted = None,
    county: County = None,
    status: schemas.Status | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, without contacts, phones and streets. 403 `kind-not-allowed`."""
    queries.ensure_keeps_any(caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_recipients(
                    db, kept_by=caller, wanted=q, county=county, status=status, after=after, limit=_BATCH
                )
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].recipient_id

    return await sheet_response(sheet, name="受赠方", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.KeptRecipient)
async def propose_recipient(body: schemas.RecipientIn, caller: Keeper, db: Db, once: Once) -> Response:
    """Propose a recipient. 403 `kind-not-allowed`, `region-not-yours`; 409 `recipient-exists`."""
    taker = await actions.propose_recipient(db, recipient_id=new_id(), facts=body.facts(), caller=caller, now=utc_now())
    return await once.answer(db, await _kept(db, taker.recipient_id, caller), status=201)


@router.get("/{recipient_id}")
async def get_recipient(recipient_id: UUID, db: Read) -> schemas.RecipientItem:
    """A verified one for everybody. 404 `recipient-unknown`."""
    found = await queries.get_recipient(db, recipient_id)
    if found.status != "VERIFIED":
        raise rules.recipient_unknown()
    return schemas.RecipientItem.model_validate(found)


@router.get("/{recipient_id}/managed")
async def get_managed(recipient_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.KeptRecipient:
    """One with its address, for those who keep it or speak for it. 404 `recipient-unknown`."""
    found = await _kept(db, recipient_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.put("/{recipient_id}")
async def edit_recipient(
    recipient_id: UUID, body: schemas.RecipientIn, caller: Keeper, db: Db, expected: IfMatch, response: Response
) -> schemas.KeptRecipient:
    """Change it; it is to be verified again. 403 `kind-not-allowed`, `region-not-yours`; 404 `recipient-unknown`; 409
    `donation-recipient-status`, `recipient-exists`; 412 `stale`; 428 `precondition-missing`."""
    taker = await actions.edit_recipient(
        db, recipient_id=recipient_id, expected_revision=expected, facts=body.facts(), caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(taker.revision)
    return await _kept(db, recipient_id, caller)


@router.post("/{recipient_id}/verify", response_model=schemas.KeptRecipient)
async def verify_recipient(
    recipient_id: UUID, body: schemas.DecisionIn, caller: Keeper, db: Db, expected: IfMatch, once: Once
) -> Response:
    """It is who it says. 403 `kind-not-allowed`; 404 `recipient-unknown`; 409 `donation-recipient-status`; 412 `stale`;
    428 `precondition-missing`."""
    await actions.verify_recipient(
        db, recipient_id=recipient_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _kept(db, recipient_id, caller))


@router.post("/{recipient_id}/close", response_model=schemas.KeptRecipient)
async def close_recipient(
    recipient_id: UUID, body: schemas.DecisionIn, caller: Keeper, db: Db, expected: IfMatch, once: Once
) -> Response:
    """It takes nothing any more. 403 `kind-not-allowed`; 404 `recipient-unknown`; 409 `donation-recipient-status`; 412
    `stale`; 428 `precondition-missing`."""
    await actions.close_recipient(
        db, recipient_id=recipient_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _kept(db, recipient_id, caller))


@router.get("/{recipient_id}/trail")
async def list_trail(recipient_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `recipient-unknown`."""
    await _kept(db, recipient_id, caller)
    rows = await trail_queries.list_trail(db, recipient_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _kept(db: Any, recipient_id: UUID, caller: Caller) -> schemas.KeptRecipient:
    return schemas.KeptRecipient.model_validate(await queries.get_kept(db, recipient_id, caller))


def _row(taker: Any) -> list[Any]:
    return [
        str(taker.recipient_id),
        taker.county_code,
        taker.kind,
        taker.name,
        taker.name_en,
        taker.status,
        taker.purpose,
        taker.gift_count,
        taker.piece_count,
        taker.verified_at,
        taker.closed_at,
    ]


def _next(items: Sequence[schemas.RecipientItem], has_more: bool) -> str | None:
    return encode_cursor(str(items[-1].recipient_id)) if has_more else None


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
