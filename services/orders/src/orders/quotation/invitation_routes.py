"""Requests for quotation over HTTP, for invited suppliers: read, ask, bid under seal."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import attaching, bidding, queries, rules, schemas
from orders.quotation.comparing import lines_told
from orders.quotation.models import Quotation, QuotationBid
from orders.quotation.routes import BATCH, STATUSES, Words, after, seal_of
from orders.quotation.sealing import Attachment, Seal
from orders.unit import queries as unit_queries
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/quotation-invitations", tags=["quotations"])
_HEAD = ("编号", "标题", "采购单位", "状态", "报价截止", "送达起", "送达止", "我方报价", "提交时间", "我方总价（元）")
_BIDS = {
    "SEALED": "已密封提交", "WITHDRAWN": "已撤回", "OPENED": "已开启", "WON": "成交", "PARTLY_WON": "部分成交",
    "LOST": "未成交",
}  # fmt: skip


@router.get("")
async def list_invitations(
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.InvitationItem]:
    """What the supplier is asked for, the newest first, and what became of its bids. 403 `kind-not-allowed`."""
    found = await queries.list_quotations(
        db,
        unit_ids=None,
        supplier_id=bidding.supplier_of(caller),
        now=utc_now(),
        status=status,
        q=q.strip(),
        after=after(cursor),
        limit=limit + 1,
    )
    items = [_item(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].quotation_id)) if len(found) > limit else None)


@router.get("/export", response_class=Response)
async def export_invitations(
    request: Request,
    caller: CallerDep,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`."""
    supplier_id = bidding.supplier_of(caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_quotations(
                    db, unit_ids=None, supplier_id=supplier_id, now=utc_now(), status=status, q=q.strip(), after=last,
                    limit=BATCH,
                )  # fmt: skip
            yield [_row(each) for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].quotation_id

    return await sheet_response(sheet, name="询价邀请", head=_HEAD, batches=batches())


@router.get("/{quotation_id}")
async def get_invitation(request: Request, quotation_id: UUID, caller: CallerDep, db: Read) -> schemas.InvitationOut:
    """What is asked, all questions and answers, and the supplier's own bid. 403 `kind-not-allowed`; 404
    `quotation-unknown`; 409 `bid-unreadable`."""
    supplier_id = bidding.supplier_of(caller)
    found = await queries.get_invited(db, quotation_id, supplier_id)
    return await _whole(db, found, await _own(db, seal_of(request), found, supplier_id))


@router.put("/{quotation_id}/bid")
async def put_bid(
    request: Request, quotation_id: UUID, body: schemas.BidIn, caller: CallerDep, db: Db
) -> schemas.OwnBid:
    """Bid under seal, or bid anew in place of the earlier bid. 403 `kind-not-allowed`; 404 `quotation-unknown`; 409
    `quotation-status`, `quotation-closed`; 422 `line-unknown`, `line-offered-twice`, `sku-offered-twice`,
    `sku-not-yours`, `sku-not-sellable`, `sku-differs`, `quantity-differs`, `promised-day-passed`."""
    bid, seal = body.bid(), seal_of(request)
    found = await bidding.put_bid(
        db, seal, quotation_id=quotation_id, bid_id=new_id(), bid=bid, caller=caller, now=utc_now()
    )
    return _told(found, bid, await _files(db, seal, found))


@router.delete("/{quotation_id}/bid")
async def withdraw_bid(quotation_id: UUID, caller: CallerDep, db: Db) -> schemas.OwnBid:
    """Take the bid back. 403 `kind-not-allowed`; 404 `quotation-unknown`; 409 `quotation-status`, `quotation-closed`,
    `quotation-bid-status`."""
    return _told(await bidding.withdraw_bid(db, quotation_id=quotation_id, caller=caller, now=utc_now()), None, [])


@router.post("/{quotation_id}/questions", status_code=201, response_model=schemas.QuestionOut)
async def ask_question(quotation_id: UUID, body: schemas.QuestionIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Ask what all invited will read. 403 `kind-not-allowed`; 404 `quotation-unknown`; 409 `quotation-status`,
    `quotation-closed`."""
    asked = await bidding.ask_question(
        db, quotation_id=quotation_id, question_id=new_id(), question=body.question, caller=caller, now=utc_now()
    )
    return await once.answer(db, schemas.QuestionOut.model_validate(asked), status=201)


async def _own(db: AsyncSession, seal: Seal, quotation: Quotation, supplier_id: UUID) -> schemas.OwnBid | None:
    bid = await queries.find_bid(db, quotation.quotation_id, supplier_id)
    if bid is None:
        return None
    return _told(bid, bidding.own_bid(seal, quotation, bid, supplier_id=supplier_id), await _files(db, seal, bid))


async def _files(db: AsyncSession, seal: Seal, bid: QuotationBid) -> list[schemas.FileOut]:
    return [
        file_told(each.file_id, attaching.facts_of(seal, each, bid.quotation_id), each.filed_at)
        for each in await queries.list_files(db, [bid.bid_id])
    ]


def file_told(file_id: UUID, told: Attachment, filed_at: datetime) -> schemas.FileOut:
    """An attachment for the supplier that filed it."""
    return schemas.FileOut(
        file_id=file_id,
        kind=told.kind,
        name=told.name,
        media_type=told.media_type,
        size_bytes=told.size_bytes,
        filed_at=filed_at,
    )


def _told(bid: QuotationBid, content: rules.Bid | None, files: list[schemas.FileOut]) -> schemas.OwnBid:
    told = schemas.OwnBid.model_validate({"status": bid.status, "submitted_at": bid.submitted_at, "files": files})
    if content is None:
        return told
    return told.model_copy(
        update={
            "promised_on": content.promised_on,
            "note": content.note,
            "warranty_days": content.warranty_days,
            "total_fen": sum(each.amount_fen for each in content.offers),
            "offers": [
                schemas.OfferIn(
                    line_id=each.line_id,
                    sku_id=each.sku_id,
                    piece_count=each.piece_count,
                    unit_price_fen=each.unit_price_fen,
                )
                for each in content.offers
            ],
        }
    )


def _item(found: Any) -> schemas.InvitationItem:
    return schemas.InvitationItem(**{**found._mapping, "bid_count": None, "awarded_fen": None, "is_late": False})  # noqa: SLF001


async def _whole(db: AsyncSession, quotation: Quotation, own: schemas.OwnBid | None) -> schemas.InvitationOut:
    unit = await unit_queries.get_unit(db, quotation.unit_id)
    questions = await queries.list_questions(db, quotation.quotation_id)
    return schemas.InvitationOut.model_validate(quotation).model_copy(
        update={
            "unit_name": unit.name,
            "lines": await lines_told(db, quotation.quotation_id),
            "questions": [schemas.QuestionOut.model_validate(each) for each in questions],
            "own_bid": own,
        }
    )


def _row(found: Any) -> list[Any]:
    return [
        str(found.quotation_id),
        found.title,
        found.unit_name,
        STATUSES[found.status],
        found.closes_at,
        found.deliver_from,
        found.deliver_until,
        _BIDS.get(found.bid_status, ""),
        found.submitted_at,
        None if found.own_total_fen is None else found.own_total_fen / 100,
    ]
