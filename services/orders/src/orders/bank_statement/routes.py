"""Bank statements of suppliers and of the platform, over HTTP."""

import tempfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.bank_statement import actions, queries, schemas
from orders.bank_statement.models import BankLine
from orders.bank_statement.reading import MOST_BYTES
from orders.settlement import actions as settlement_actions
from orders.settlement import queries as settlement_queries
from orders.settlement import rules as settlement_rules
from orders.settlement.schemas import MatchIn, MatchMade
from shared.auth import Caller, require_kind
from shared.bodies import body_pieces
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, TooLarge
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["settlements"])
Account = Annotated[Caller, Depends(require_kind("supplier", "operator"))]
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a remark, payer or number.")]
_BATCH = 500
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_LINE_HEAD = ("入账日", "流水号", "付款方", "附言", "金额（元）", "已入账（元）", "状态", "说明")
_FINDING_HEAD = ("行", "原因", "列", "内容")
_STATES = {"OPEN": "待匹配", "PARTLY": "部分匹配", "MATCHED": "已匹配", "SET_ASIDE": "搁置"}
_FINDINGS = {
    "bank-number-missing": "没有流水号",
    "bank-number-twice": "同一文件中流水号重复",
    "bank-day-unreadable": "日期无法识别",
    "bank-day-future": "日期在今天之后",
    "bank-amount-missing": "没有金额",
    "bank-amount-unreadable": "金额无法识别",
    "bank-amount-negative": "金额为负（冲正）",
    "bank-direction-unknown": "借贷方向无法识别",
}


@router.get("/bank-statements")
async def list_statements(
    caller: Account, db: Read, q: Wanted = "", cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.StatementOut]:
    """Files that were brought, the latest first: a supplier's own, an operator's all."""
    after = _instant_after(cursor)
    found = await queries.list_statements(db, caller, wanted=q.strip(), after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[schemas.StatementOut.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.imported_at.isoformat(), last.statement_id) if last else None,
    )


@router.put("/bank-statements", openapi_extra=_BODY)
async def bring_statement(
    request: Request,
    caller: Account,
    db: Db,
    name: Annotated[
        str, Query(max_length=120, pattern=r"^[^\x00]*$", description="The file's name, as people will see it.")
    ] = "statement",
) -> schemas.StatementTaken:
    """Bring an export of your bank (csv, xlsx, xls), its bytes as the body. What names an order's code is booked by
    itself; every line that cannot be read is explained. The same bytes again change nothing.

    403 `accounts-only`; 413 `bank-file-too-large`; 422 `bank-file-unreadable`, `bank-file-no-head`,
    `bank-file-too-long`.
    """
    now = utc_now()
    with tempfile.NamedTemporaryFile(prefix="bank-") as file:
        too_large = TooLarge(f"A statement has at most {MOST_BYTES:,} bytes.", code="bank-file-too-large")
        async for piece in body_pieces(request, max_bytes=MOST_BYTES, refusal=too_large):
            file.write(piece)
        file.flush()
        statement, new = await actions.take_statement(
            db, Path(file.name), statement_id=new_id(), file_name=name, caller=caller, now=now
        )
    is_known = not new and statement.imported_at != now
    matched = await settlement_actions.match_open_lines(db, new, now=now) if new else 0
    told = schemas.StatementOut.model_validate(statement)
    return schemas.StatementTaken(
        **told.model_dump(), outcome="unchanged" if is_known else "taken", matched_count=matched
    )


@router.get("/bank-statements/{statement_id}")
async def get_statement(statement_id: UUID, caller: Account, db: Read) -> schemas.StatementOut:
    """One file. 404 `bank-statement-not-found`."""
    return schemas.StatementOut.model_validate(await queries.get_own_statement(db, statement_id, caller))


@router.get("/bank-statements/{statement_id}/findings")
async def list_findings(
    statement_id: UUID, caller: Account, db: Read, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.FindingOut]:
    """Lines of the file that were not taken, and why. 404 `bank-statement-not-found`."""
    await queries.get_own_statement(db, statement_id, caller)
    after = 0 if cursor is None else _row_after(cursor)
    found = await queries.list_findings(db, statement_id, after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[schemas.FindingOut.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.row_number) if last else None,
    )


@router.get("/bank-statements/{statement_id}/findings/export", response_class=Response)
async def export_findings(request: Request, statement_id: UUID, caller: Account, kind: SheetFormat = "csv") -> Response:
    """The same list as a file. 404 `bank-statement-not-found`."""
    database = request.app.state.database
    async with database.read() as db:
        await queries.get_own_statement(db, statement_id, caller)

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after = 0
        while True:
            async with database.read() as db:
                found = await queries.list_findings(db, statement_id, after=after, limit=_BATCH)
            yield [[each.row_number, _FINDINGS[each.code], each.field, each.content] for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].row_number

    return await sheet_response(kind, name="对账单问题行", head=_FINDING_HEAD, batches=batches())


@router.get("/bank-lines")
async def list_lines(
    caller: Account,
    db: Read,
    statement_id: UUID | None = None,
    state: queries.LineState | None = None,
    q: Wanted = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.LineOut]:
    """Money that came in, the latest first."""
    filters = queries.Filters(statement_id, state, q.strip())
    found = await queries.list_lines(db, caller, filters=filters, after=_day_after(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[schemas.LineOut.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.received_on, last.line_id) if last else None,
    )


@router.get("/bank-lines/export", response_class=Response)
async def export_lines(
    request: Request,
    caller: Account,
    kind: SheetFormat = "csv",
    statement_id: UUID | None = None,
    state: queries.LineState | None = None,
    q: Wanted = "",
) -> Response:
    """The same list as a file."""
    filters = queries.Filters(statement_id, state, q.strip())

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[date, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_lines(db, caller, filters=filters, after=after, limit=_BATCH)
            yield [_cells(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].received_on, found[-1].line_id

    return await sheet_response(kind, name="银行流水", head=_LINE_HEAD, batches=batches())


@router.get("/bank-lines/{line_id}")
async def get_line(line_id: UUID, caller: Account, db: Read, response: Response) -> schemas.Proposals:
    """A transfer, the orders that it may have meant (a code nearly right, the same amount, the same payer), and what of
    it is booked. 404 `bank-line-not-found`."""
    line = await queries.get_own_line(db, line_id, caller)
    open_orders = await settlement_queries.list_open_orders(db, supplier_id=line.supplier_id)
    left = line.amount_fen - line.matched_fen
    known = {each.order_id: (each, number) for each, number in open_orders}
    proposed = (
        settlement_rules.proposals(line.remark, line.payer, left, [each for each, _ in open_orders]) if left else []
    )
    response.headers["ETag"] = etag_of(line.revision)
    items = []
    for each in proposed:
        order, number = known[each.order_id]
        items.append(
            schemas.ProposalOut(
                order_id=order.order_id,
                order_number=number,
                payment_code=order.code,
                unit_name=order.payers[0],
                open_fen=order.open_fen,
                hints=list(each.hints),
            )
        )
    rows = await settlement_queries.list_matches_of_line(db, line_id)
    return schemas.Proposals(
        line=schemas.LineOut.of(line),
        items=items,
        matches=[schemas.LineMatch.model_validate(dict(row._mapping)) for row in rows],  # noqa: SLF001 - public
    )


@router.post("/bank-lines/{line_id}/match", status_code=201, response_model=MatchMade)
async def match_line(line_id: UUID, body: MatchIn, caller: Account, db: Db, once: Once) -> Response:
    """Say which order a transfer was for.

    404 `bank-line-not-found`, `settlement-not-found`; 409 `settlement-stage`, `settlement-disputed`,
    `bank-line-set-aside`; 422 `match-too-much`.
    """
    match = await settlement_actions.match_line(
        db,
        match_id=new_id(),
        line_id=line_id,
        order_id=body.order_id,
        amount_fen=body.amount_fen,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, MatchMade.model_validate(match), status=201)


@router.post("/bank-lines/{line_id}/{verb}")
async def move_line(
    line_id: UUID,
    verb: Literal["set-aside", "take-up"],
    body: schemas.WhyIn,
    caller: Account,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.LineOut:
    """What is left of a transfer is for no order, with the reason; or it is looked at again.

    404 `bank-line-not-found`; 409 `bank-line-matched`; 412 `stale`; 422 `reason-missing`.
    """
    line = await actions.set_aside(
        db, line_id=line_id, is_set_aside=verb == "set-aside", reason=body.reason, expected=expected, caller=caller
    )
    response.headers["ETag"] = etag_of(line.revision)
    return schemas.LineOut.of(line)


def _cells(line: BankLine) -> list[Any]:
    return [
        line.received_on,
        line.bank_number,
        line.payer,
        line.remark,
        float(yuan(line.amount_fen)),
        float(yuan(line.matched_fen)),
        _STATES[queries.state_of(line)],
        line.reason,
    ]


def _instant_after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise _foreign() from error


def _day_after(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return date.fromisoformat(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise _foreign() from error


def _row_after(cursor: str) -> int:
    [value] = decode_cursor(cursor, size=1)
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise _foreign()
    return value


def _foreign() -> BadRequest:
    return BadRequest("The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor")
