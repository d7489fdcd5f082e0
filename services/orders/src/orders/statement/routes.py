"""Statements over HTTP, for operators: other organisations have a finance role too."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row

from orders.payment.channels import ChannelsDep
from orders.statement import actions, fetching, queries, rules
from orders.statement.schemas import (
    Decision,
    DifferenceCount,
    DifferenceView,
    StatementTaken,
    StatementView,
    StatementWhole,
)
from shared.auth import CallerDep, require_kind
from shared.bodies import body_pieces
from shared.clock import business_day, utc_now
from shared.db import Db, Read, Transactions
from shared.errors import BadRequest, TooLarge
from shared.etag import IfMatch, etag_of
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["payment statements"], dependencies=[Depends(require_kind("operator"))])

MOST_BYTES: Final = 256 * 1024 * 1024
_BATCH: Final = 500
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_HEAD = (
    "账单日", "渠道", "差异", "类别", "我方单号", "渠道单号", "我方（元）", "渠道（元）", "我方状态", "渠道状态",
    "处理", "说明", "发现时间", "处理时间",
)  # fmt: skip
_KINDS = {
    "MISSING_HERE": "我方缺",
    "MISSING_THERE": "渠道缺",
    "AMOUNT": "金额不符",
    "STATUS": "状态不符",
    "FEE": "手续费不符",
}
_STATES = {"OPEN": "待处理", "EXPLAINED": "已说明", "SETTLED": "已了结"}
_SUBJECTS = {"PAYMENT": "付款", "REFUND": "退款"}

_DAYS_HEAD = (
    "账单日", "渠道", "收款笔数", "收款（元）", "退款笔数", "退款（元）", "手续费（元）", "我方收款（元）",
    "我方退款（元）", "待处理差异", "已处理差异", "取得时间",
)  # fmt: skip

ProviderChoice = Annotated[str | None, Query(max_length=32)]
OpenOnly = Annotated[bool, Query(description="Only days with differences that wait.")]
DayWords = Annotated[str, Query(pattern=r"^[0-9-]{0,10}$", description="How the day begins, such as 2026-11.")]
Kind = Annotated[rules.DifferenceKind | None, Query()]
State = Annotated[rules.DifferenceState | None, Query()]
Wanted = Annotated[str, Query(max_length=64, description="How a number of either side begins, or an order's number.")]


@router.get("/payment-statements")
async def list_statements(
    db: Read,
    *,
    provider: ProviderChoice = None,
    is_open: OpenOnly = False,
    q: DayWords = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[StatementView]:
    """Providers' days, the latest first. 403 `kind-not-allowed`."""
    rows = await queries.list_statements(
        db, provider=provider, is_open_only=is_open, day=q, before=_before(cursor), limit=limit + 1
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[StatementView.of(row) for row in rows[:limit]],
        next_cursor=None if last is None else encode_cursor(last.business_on, last.statement_id),
    )


@router.get("/payment-statements/export", response_class=Response)
async def export_statements(
    request: Request,
    *,
    provider: ProviderChoice = None,
    is_open: OpenOnly = False,
    q: DayWords = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, sums in yuan."""
    database: Transactions = request.app.state.database

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        before: tuple[date, UUID] | None = None
        while True:
            async with database.read() as db:
                rows = await queries.list_statements(
                    db, provider=provider, is_open_only=is_open, day=q, before=before, limit=_BATCH
                )
            yield [_day_cells(row) for row in rows]
            if len(rows) < _BATCH:
                return
            before = (rows[-1].business_on, rows[-1].statement_id)

    return await sheet_response(sheet, name="对账单", head=_DAYS_HEAD, batches=batches())


def _day_cells(row: Row[Any]) -> list[Any]:
    return [
        row.business_on,
        row.provider,
        row.payment_count,
        row.payment_fen / 100,
        row.refund_count,
        row.refund_fen / 100,
        row.fee_fen / 100,
        row.own_payment_fen / 100,
        row.own_refund_fen / 100,
        row.open_count,
        row.decided_count,
        row.taken_at,
    ]


@router.put(
    "/payment-statements/{provider}/{day}",
    openapi_extra=_BODY,
    responses={201: {"model": StatementTaken, "description": "The day's statement is new here."}},
)
async def upload_statement(
    request: Request,
    db: Db,
    caller: CallerDep,
    response: Response,
    provider: str,
    day: date,
    name: Annotated[str, Query(max_length=120, description="The file's name, as people will see it.")] = "statement",
) -> StatementTaken:
    """Take a file that an operator downloaded from the provider; its bytes are the body. 201 for a new day.

    The same bytes again change nothing; others replace the day's lines. 404 `provider-unknown`; 413
    `statement-too-large`; 422 `day-not-over`, `statement-unreadable`, `statement-cut-short`, `statement-sums-differ`,
    `statement-other-day`, `statement-inflates-too-large`.
    """
    rules.ensure_day_is_over(day, business_day(utc_now()))
    with tempfile.NamedTemporaryFile(prefix="statement-") as file:
        too_large = TooLarge(f"A statement has at most {MOST_BYTES:,} bytes.", code="statement-too-large")
        async for piece in body_pieces(request, max_bytes=MOST_BYTES, refusal=too_large):
            file.write(piece)
        file.flush()
        taken = await actions.take_statement(
            db,
            Path(file.name),
            statement_id=new_id(),
            provider=provider,
            business_on=day,
            file_name=name,
            source="UPLOADED",
            taken_by=caller.person_id,
            now=utc_now(),
        )
    response.status_code = 201 if taken.outcome == "taken" else 200
    return StatementTaken(statement_id=taken.statement_id, outcome=taken.outcome)


@router.post("/payment-statements/{provider}/{day}/fetch")
async def fetch_statement(
    request: Request, caller: CallerDep, channels: ChannelsDep, provider: str, day: date
) -> StatementTaken:
    """Download a day's file from the provider now. 404 `provider-unknown`; 422 as for an upload; 503
    `statement-not-ready`, `payment-provider-unavailable`."""
    database: Transactions = request.app.state.database
    taken = await fetching.fetch_day(
        database, channels, provider=provider, day=day, taken_by=caller.person_id, now=utc_now()
    )
    return StatementTaken(statement_id=taken.statement_id, outcome=taken.outcome)


@router.get("/payment-statements/{statement_id}")
async def get_statement(db: Read, statement_id: UUID) -> StatementWhole:
    """One day with the sums of both sides and its differences counted. 404 `statement-unknown`."""
    row = await queries.get_statement(db, statement_id)
    counts = [DifferenceCount(**each._mapping) for each in await queries.list_counts(db, statement_id)]  # noqa: SLF001
    return StatementWhole(**StatementView.of(row).model_dump(), counts=counts)


@router.post("/payment-statements/{statement_id}/compare")
async def compare_statement(db: Db, statement_id: UUID) -> StatementWhole:
    """Compare again with our books as they are now; what agrees by now is settled. 404 `statement-unknown`."""
    await actions.compare_statement(db, statement_id=statement_id, now=utc_now())
    return await get_statement(db, statement_id)


@router.get("/payment-statements/{statement_id}/differences")
async def list_differences(
    db: Read,
    statement_id: UUID,
    *,
    kind: Kind = None,
    state: State = None,
    q: Wanted = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[DifferenceView]:
    """What differs, the open ones first. 404 `statement-unknown`."""
    await queries.get_statement(db, statement_id)
    rows = await queries.list_differences(
        db, statement_id, kind=kind, state=state, q=q, after=_after(cursor), limit=limit + 1
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[DifferenceView.of(row) for row in rows[:limit]],
        next_cursor=None if last is None else encode_cursor(last.state != "OPEN", last.difference_id),
    )


@router.get("/payment-statements/{statement_id}/differences/export", response_class=Response)
async def export_differences(
    request: Request,
    statement_id: UUID,
    *,
    kind: Kind = None,
    state: State = None,
    q: Wanted = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, whole. 404 `statement-unknown`."""
    database: Transactions = request.app.state.database
    async with database.read() as db:
        statement = await queries.get_statement(db, statement_id)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after: tuple[bool, UUID] | None = None
        while True:
            async with database.read() as db:
                rows = await queries.list_differences(
                    db, statement_id, kind=kind, state=state, q=q, after=after, limit=_BATCH
                )
            yield [_cells(statement, row) for row in rows]
            if len(rows) < _BATCH:
                return
            after = (rows[-1].state != "OPEN", rows[-1].difference_id)

    name = f"对账差异-{statement.provider}-{statement.business_on}"
    return await sheet_response(sheet, name=name, head=_HEAD, batches=batches())


@router.post("/payment-differences/{difference_id}/{verb}")
async def move_difference(
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    response: Response,
    difference_id: UUID,
    verb: Literal["explain", "settle", "reopen"],
    body: Decision,
) -> DifferenceView:
    """Say what it was, say that it is settled, or open it again.

    404 `difference-unknown`; 409 `difference-status`; 412 `stale`; 422 `reason-missing`; 428.
    """
    row = await actions.move_difference(
        db,
        difference_id=difference_id,
        verb=verb,
        reason=body.reason,
        expected_revision=expected,
        decided_by=caller.person_id,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(row.revision)
    return DifferenceView.of(row)


def _before(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    try:
        day, statement_id = (str(each) for each in decode_cursor(cursor, size=2))
        return date.fromisoformat(day), UUID(statement_id)
    except ValueError as error:
        raise _foreign_cursor() from error


def _after(cursor: str | None) -> tuple[bool, UUID] | None:
    if cursor is None:
        return None
    try:
        is_decided, difference_id = decode_cursor(cursor, size=2)
        return bool(is_decided), UUID(str(difference_id))
    except ValueError as error:
        raise _foreign_cursor() from error


def _foreign_cursor() -> BadRequest:
    return BadRequest("The cursor is not one of this list.", code="cursor-invalid", field="cursor")


def _cells(statement: Any, row: Any) -> tuple[Any, ...]:
    return (
        statement.business_on,
        statement.provider,
        _KINDS[row.kind],
        _SUBJECTS[row.subject_kind],
        row.number,
        row.provider_number,
        None if row.here_fen is None else row.here_fen / 100,
        None if row.there_fen is None else row.there_fen / 100,
        row.here_status,
        row.there_status,
        _STATES[row.state],
        row.reason,
        row.found_at,
        row.decided_at,
    )
