"""What units owe and pay, over HTTP."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.settlement import actions, queries, reviewing, schemas
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["settlements"])
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Number, code or other side's name.")]
_BATCH = 500
_HEAD = (
    "订单号",
    "采购单位",
    "供应商",
    "识别码",
    "阶段",
    "经费",
    "应付（元）",
    "已付（元）",
    "到期日",
    "逾期天数",
    "验收",
    "结清",
)
_STAGES = {"ACCEPTED": "待验票", "INVOICE_CHECKED": "待结算", "SETTLED": "待评价", "COMPLETED": "已完成"}
_FUNDS = {"CANTEEN": "食堂", "UNION": "工会", "OTHER": "其他"}


@router.get("/settlements")
async def list_settlements(
    caller: CallerDep,
    db: Read,
    stage: schemas.SettlementStage | None = None,
    is_late: bool = False,
    q: Wanted = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.SettlementItem]:
    """What is owed for accepted orders, the earliest due first: a unit's own and those below it, a supplier's, a
    finance office's region's, an operator's all."""
    today = business_day(utc_now())
    filters = queries.Filters(stage, is_late, q.strip(), today)
    rows = await queries.list_settlements(db, caller, filters=filters, after=_after(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[schemas.SettlementItem.of(row, today) for row in rows[:limit]],
        next_cursor=encode_cursor(last.due_on, last.order_id) if last else None,
    )


@router.get("/settlements/export", response_class=Response)
async def export_settlements(
    request: Request,
    caller: CallerDep,
    kind: SheetFormat = "csv",
    stage: schemas.SettlementStage | None = None,
    is_late: bool = False,
    q: Wanted = "",
) -> Response:
    """The same list as a file."""
    today = business_day(utc_now())
    filters = queries.Filters(stage, is_late, q.strip(), today)

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[date, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                rows = await queries.list_settlements(db, caller, filters=filters, after=after, limit=_BATCH)
            yield [_cells(schemas.SettlementItem.of(row, today)) for row in rows]
            if len(rows) < _BATCH:
                return
            after = rows[-1].due_on, rows[-1].order_id

    return await sheet_response(kind, name="结算", head=_HEAD, batches=batches())


@router.get("/settlements/{order_id}")
async def get_settlement(order_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.SettlementWhole:
    """One, with what was bought, what the unit told and what money pays for it. 404 `settlement-not-found`."""
    row = await queries.get_seen(db, order_id, caller)
    response.headers["ETag"] = etag_of(row.revision)
    return schemas.SettlementWhole.model_validate(
        {
            **schemas.SettlementWhole.facts(row, business_day(utc_now())),
            "lines": [schemas.BoughtLine.of(each) for each in await queries.list_order_lines(db, order_id)],
            "payments": [schemas.PaymentOut.model_validate(each) for each in await queries.list_payments(db, order_id)],
            "matches": [schemas.MatchOut.of(each) for each in await queries.list_matches(db, order_id)],
        }
    )


@router.post("/settlements/{order_id}/payments", status_code=201, response_model=schemas.PaymentOut)
async def tell_payment(order_id: UUID, body: schemas.PaymentIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """The unit tells that it paid. A transfer with its code books itself from the supplier's statement.

    403 `unit-needed`, `duty-missing`; 404 `settlement-not-found`; 409 `unit-closed`, `settlement-stage`,
    `settlement-disputed`; 422 `match-too-much`, `payment-day-future`.
    """
    payment = await actions.tell_payment(
        db,
        payment_id=new_id(),
        order_id=order_id,
        way=body.way,
        amount_fen=body.amount_fen,
        paid_on=body.paid_on,
        voucher=body.voucher,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.PaymentOut.model_validate(payment), status=201)


@router.post("/unit-payments/{payment_id}/{verb}")
async def move_payment(
    payment_id: UUID,
    verb: Literal["confirm", "refuse", "withdraw"],
    body: schemas.WhyIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.PaymentOut:
    """The supplier confirms that the money came or refuses, with the reason; the unit takes its word back.

    403 `unit-needed`, `duty-missing`; 404 `settlement-not-found`; 409 `payment-status`, `settlement-stage`,
    `settlement-disputed`, `unit-closed`; 412 `stale`; 422 `match-too-much`, `reason-missing`.
    """
    payment = await actions.move_payment(
        db,
        payment_id=payment_id,
        verb=verb,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(payment.revision)
    return schemas.PaymentOut.model_validate(payment)


@router.post("/settlement-matches/{match_id}/undo")
async def undo_match(match_id: UUID, body: schemas.WhyIn, caller: CallerDep, db: Db) -> schemas.MatchMade:
    """This money was for something else: it is free again, and the order waits for its money, until it is reviewed.

    404 `match-not-found`; 409 `match-undone`, `match-of-deposit`, `settlement-stage`, `order-disputed`; 422
    `reason-missing`.
    """
    match = await actions.undo_match(db, match_id=match_id, reason=body.reason, caller=caller, now=utc_now())
    return schemas.MatchMade.model_validate(match)


@router.post("/settlements/{order_id}/review", status_code=201, response_model=schemas.SettlementItem)
async def review_order(order_id: UUID, body: schemas.ReviewIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """The unit's stars and words for every line: the order is completed and counts.

    403 `unit-needed`, `duty-missing`; 404 `settlement-not-found`, `line-not-found`; 409 `settlement-stage`,
    `order-disputed`, `unit-closed`; 422 `reviews-incomplete`, `review-twice`.
    """
    now = utc_now()
    said = [reviewing.LineReview(each.line_id, each.rating, each.body) for each in body.lines]
    await reviewing.review_order(db, order_id=order_id, reviews=said, caller=caller, now=now)
    row = await queries.get_seen(db, order_id, caller)
    return await once.answer(db, schemas.SettlementItem.of(row, business_day(now)), status=201)


def _cells(item: schemas.SettlementItem) -> list[Any]:
    return [
        item.order_number,
        item.unit_name,
        item.supplier_name,
        item.payment_code,
        _STAGES[item.stage],
        _FUNDS[item.fund],
        float(yuan(item.payable_fen)),
        float(yuan(item.matched_fen)),
        item.due_on,
        item.days_late,
        item.accepted_at,
        item.settled_at,
    ]


def _after(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return date.fromisoformat(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
