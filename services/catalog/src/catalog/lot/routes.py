"""Lots over HTTP: suppliers enter their own; suppliers, officials of the county and operators hold and release."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, ensure_oversees, may_edit, may_see
from catalog.certificate.schemas import ReasonIn
from catalog.cursors import cursor_instant_and_id
from catalog.fields import DivisionCode, Line
from catalog.lot import actions, queries
from catalog.lot.models import Lot
from catalog.lot.queries import LotFilter
from catalog.lot.schemas import LotDetail, LotIn, LotItem, LotPage, LotPatch, LotStatus, ProofsIn
from catalog.product import queries as product_queries
from catalog.reach import queries as reach_queries
from catalog.trail import queries as trail_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["lots"])

_HEAD = ["追溯码", "品名", "采收日", "数量(克)", "村", "产地区划", "状态", "说明", "冻结方", "外部追溯码", "建立时间"]
_STATUSES_ZH = {"OPEN": "可售", "HELD": "冻结", "CLOSED": "结束", "RECALLED": "召回"}
_HOLDERS_ZH = {"supplier": "供应商", "clock": "系统", "official": "监管部门", "operator": "平台"}
_EXPORT_BATCH = 500


def _wanted(
    *,
    status: LotStatus | None = None,
    product_id: UUID | None = None,
    supplier_id: UUID | None = None,
    county: DivisionCode | None = None,
    harvested_from: date | None = None,
    harvested_to: date | None = None,
    q: Annotated[Line, Query(max_length=64, description="In code, village or product.")] = "",
) -> LotFilter:
    return LotFilter(status, product_id, supplier_id, county, harvested_from, harvested_to, q or None)


Wanted = Annotated[LotFilter, Depends(_wanted)]


@router.get("/lots")
async def list_lots(
    db: Read, caller: CallerDep, wanted: Wanted, *, cursor: CursorText = None, limit: Limit = 20
) -> LotPage:
    """Lots, the latest first: a supplier sees its own, an official those of the own regions, an operator all."""
    found = await queries.list_visible(db, caller, wanted=wanted, after=cursor_instant_and_id(cursor), limit=limit + 1)
    last = found[limit - 1].lot if len(found) > limit else None
    return LotPage(
        items=[LotItem.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.created_at.isoformat(), last.lot_id) if last else None,
    )


@router.get("/lots/export", response_class=Response)
async def export_lots(
    request: Request, caller: CallerDep, wanted: Wanted, sheet_format: SheetFormat = "csv"
) -> Response:
    """The same list as a table, whole."""
    return await sheet_response(sheet_format, name="追溯批次", head=_HEAD, batches=_rows(request, caller, wanted))


@router.get("/lots/{lot_id}")
async def get_lot(db: Read, caller: CallerDep, lot_id: UUID, response: Response) -> LotDetail:
    """The lot with packs, papers and trail; the ETag is for its verbs. 404 `lot-unknown`."""
    lot = await queries.get_lot(db, lot_id)
    if not may_see(caller, supplier_id=lot.supplier_id, county_code=lot.county_code):
        raise queries.unknown_lot()
    return await _detail(db, lot, response)


@router.post("/lots", status_code=201, response_model=LotDetail)
async def create_lot(db: Db, caller: CallerDep, once: Once, body: LotIn, response: Response) -> Response:
    """Enter a lot of an own product; it gets its trace code.

    403 `not-your-supplier`; 404 `product-unknown`; 409 `lot-serials-exhausted`; 422 `harvest-in-future`,
    `lot-sku-unknown`.
    """
    product = await product_queries.get_product(db, body.product_id)
    ensure_may_edit(caller, product.supplier_id)
    lot = await actions.create_lot(db, **body.model_dump(), lot_id=new_id(), caller=caller, now=utc_now())
    answer = await once.answer(db, await _detail(db, lot, response), status=201)
    answer.headers["ETag"] = etag_of(lot.revision)
    return answer


@router.patch("/lots/{lot_id}")
async def edit_lot(
    db: Db, caller: CallerDep, expected: IfMatch, lot_id: UUID, body: LotPatch, response: Response
) -> LotDetail:
    """Correct the village, the quantity or the external code. 403; 404; 409 `lot-status`; 412; 428."""
    await _ensure_own(db, caller, lot_id)
    lot = await actions.edit_lot(
        db,
        lot_id=lot_id,
        expected_revision=expected,
        changes=body.model_dump(exclude_unset=True, exclude_none=True),
        caller=caller,
        now=utc_now(),
    )
    return await _detail(db, lot, response)


@router.put("/lots/{lot_id}/proofs")
async def attach_proofs(
    db: Db, caller: CallerDep, expected: IfMatch, lot_id: UUID, body: ProofsIn, response: Response
) -> LotDetail:
    """The certificates and reports that go with the lot. 403; 404; 412; 422 `lot-proof-unknown`; 428."""
    await _ensure_own(db, caller, lot_id)
    lot = await actions.attach_proofs(
        db, **body.model_dump(), lot_id=lot_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _detail(db, lot, response)


@router.post("/lots/{lot_id}/hold")
async def hold_lot(
    db: Db, caller: CallerDep, expected: IfMatch, lot_id: UUID, body: ReasonIn, response: Response
) -> LotDetail:
    """Nothing of it is sold or sent from now on: by its supplier, agriculture or market supervision of the county, or
    an operator; also over the hold of a lower one.

    403 `officials-only`, `not-your-region`, `role-missing`; 404; 409 `lot-status`; 412; 428.
    """
    await _ensure_may_hold(db, caller, lot_id)
    lot = await actions.hold_lot(
        db,
        lot_id=lot_id,
        holder=actions.holder_of(caller),
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await _detail(db, lot, response)


@router.post("/lots/{lot_id}/release")
async def release_lot(
    db: Db, caller: CallerDep, expected: IfMatch, lot_id: UUID, body: ReasonIn, response: Response
) -> LotDetail:
    """It may be sold and sent again: by who holds it, or a higher one. 403 `held-by-higher`; otherwise as for
    holding."""
    await _ensure_may_hold(db, caller, lot_id)
    lot = await actions.release_lot(
        db,
        lot_id=lot_id,
        releaser=actions.holder_of(caller),
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await _detail(db, lot, response)


@router.post("/lots/{lot_id}/close")
async def close_lot(
    db: Db, caller: CallerDep, expected: IfMatch, lot_id: UUID, body: ReasonIn, response: Response
) -> LotDetail:
    """It is sold out or used up; by its supplier or an operator. 403; 404; 409 `lot-status`; 412; 428."""
    await _ensure_own(db, caller, lot_id)
    lot = await actions.close_lot(
        db, lot_id=lot_id, reason=body.reason, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _detail(db, lot, response)


@router.post("/lots/{lot_id}/recall")
async def recall_lot(
    db: Db, caller: CallerDep, expected: IfMatch, lot_id: UUID, body: ReasonIn, response: Response
) -> LotDetail:
    """It is taken back: never sold or sent again, its trace warns, and all suppliers who sent of it are told. By who
    may hold. 403; 404; 409 `lot-status`; 412; 428."""
    await _ensure_may_hold(db, caller, lot_id)
    found = await queries.get_lot(db, lot_id)
    lot = await actions.recall_lot(
        db,
        lot_id=lot_id,
        reason=body.reason,
        others=await reach_queries.list_senders(db, found.code),
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await _detail(db, lot, response)


async def _ensure_own(db: AsyncSession, caller: Caller, lot_id: UUID) -> None:
    ensure_may_edit(caller, (await queries.get_lot(db, lot_id)).supplier_id)


async def _ensure_may_hold(db: AsyncSession, caller: Caller, lot_id: UUID) -> None:
    lot = await queries.get_lot(db, lot_id)
    if not may_edit(caller, lot.supplier_id):
        ensure_oversees(caller, lot.county_code, "agriculture", "market_supervision")


async def _detail(db: AsyncSession, lot: Lot, response: Response) -> LotDetail:
    response.headers["ETag"] = etag_of(lot.revision)
    product = await product_queries.get_product(db, lot.product_id)
    return LotDetail.told(
        lot,
        product_title=product.title,
        packs=(await queries.list_packs(db, [lot.lot_id])).get(lot.lot_id, []),
        certificate_ids=list(await queries.list_certificate_ids(db, lot.lot_id)),
        inspection_ids=list(await queries.list_inspection_ids(db, lot.lot_id)),
        trail=list(await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=lot.lot_id)),
    )


async def _rows(request: Request, caller: Caller, wanted: LotFilter) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after: tuple[datetime, UUID] | None = None
    while True:
        async with request.app.state.database.read() as db:
            found = await queries.list_visible(db, caller, wanted=wanted, after=after, limit=_EXPORT_BATCH)
        if not found:
            return
        after = (found[-1].lot.created_at, found[-1].lot.lot_id)
        yield [
            [
                row.lot.code,
                row.product_title,
                row.lot.harvested_on,
                row.lot.quantity_g,
                row.lot.village,
                row.lot.county_code,
                _STATUSES_ZH[row.lot.status],
                row.lot.status_reason,
                _HOLDERS_ZH[row.lot.held_by] if row.lot.held_by else "",
                row.lot.external_trace_code,
                row.lot.created_at,
            ]
            for row in found
        ]
