"""Dispatch files over HTTP: a template, an upload that only checks, what is wrong, and the sending."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from logistics import jobs
from logistics.dispatch_file import actions, queries, rules
from logistics.dispatch_file.models import DispatchFile, DispatchFileRow
from logistics.dispatch_file.schemas import DispatchFileOut, DispatchFileRowOut, RowStatus
from logistics.dispatch_file.sheet import limits, read_rows, sentence
from logistics.fields import Line
from shared.auth import CallerDep
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, TooLarge
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/dispatch-files", tags=["shipments"])
_BATCH = 500
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv")
        },
    }
}
_HEAD = tuple(each.zh for each in rules.COLUMNS)
_FILES_HEAD = ("文件", "状态", "行数", "待发出", "已发出", "有错", "被拒", "上传时间", "开始时间", "完成时间")
_FILE_STATUSES = {"CHECKED": "已核对，未发货", "APPLYING": "发货中", "DONE": "已完成"}


@router.get("/template", response_class=Response)
async def get_template(request: Request, caller: CallerDep, kind: SheetFormat = "xlsx") -> Response:
    """The file to fill in, with all that the supplier still has to send: write quantity, carrier, waybill number and
    lot. 403 `not-the-supplier`."""
    supplier_id = queries.ensure_supplier(caller)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        async for found in queries.list_open_batches(request.app.state.database, supplier_id):
            yield [
                (
                    each.order_number,
                    str(each.shipment_id),
                    each.product_title,
                    each.specification,
                    str(each.sku_id),
                    each.to_send,
                    each.to_send,
                    "",
                    "",
                    "",
                )
                for each in found
            ]

    return await sheet_response(kind, name="待发货", head=_HEAD, batches=batches())


@router.post("", status_code=201, openapi_extra=_BODY)
async def upload_file(
    request: Request,
    caller: CallerDep,
    db: Db,
    response: Response,
    *,
    name: Annotated[Line, Query(description="The file's name, as people will see it.")],
) -> DispatchFileOut:
    """Take a file (xlsx, xls, ods or CSV; the bytes are the body) and check each row; nothing is sent.

    The same bytes again answer 200 with the file of before: no Idempotency-Key is needed. 403 `not-the-supplier`;
    413 `file-too-large`; 422 `file-empty`, `file-no-spreadsheet`, `file-damaged`, `file-binary`, `file-locked`,
    `file-inflates-too-large`, `encoding-unknown`, `row-unreadable`, `head-wrong`, `too-many-rows-at-once`,
    `too-many-rows`, `no-rows`, each with a sentence.
    """
    supplier_id = queries.ensure_supplier(caller)
    most = limits()["most_bytes"]
    refusal = TooLarge(f"The file may have at most {most:,} bytes.", code="file-too-large", max_bytes=most)
    content = await read_body(request, max_bytes=most, refusal=refusal)
    rows = await asyncio.to_thread(_rows_of, content)
    file, is_new = await actions.store_file(
        db,
        file_id=new_id(),
        supplier_id=supplier_id,
        person_id=caller.person_id,
        name=name,
        digest=hashlib.sha256(content).digest(),
        rows=rows,
        now=utc_now(),
    )
    if not is_new:
        response.status_code = 200
    return (await _present(db, [file]))[0]


@router.get("")
async def list_files(
    caller: CallerDep, db: Read, cursor: CursorText = None, limit: Limit = 20
) -> Page[DispatchFileOut]:
    """The supplier's files, the newest first. 403 `not-the-supplier`."""
    supplier_id = queries.ensure_supplier(caller)
    found = await queries.list_files(db, supplier_id, after=_place(cursor) if cursor else None, limit=limit + 1)
    items, has_more = found[:limit], len(found) > limit
    next_cursor = encode_cursor(items[-1].uploaded_at.isoformat(), str(items[-1].file_id)) if has_more else None
    return Page(items=await _present(db, items), next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_files(request: Request, caller: CallerDep, kind: SheetFormat = "csv") -> Response:
    """The same list as a file. 403 `not-the-supplier`."""
    supplier_id = queries.ensure_supplier(caller)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_files(db, supplier_id, after=after, limit=_BATCH)
                shown = await _present(db, found)
            yield [_file_row(each) for each in shown]
            if len(found) < _BATCH:
                return
            after = found[-1].uploaded_at, found[-1].file_id

    return await sheet_response(kind, name="发货文件", head=_FILES_HEAD, batches=batches())


@router.get("/{file_id}")
async def read_file(file_id: UUID, caller: CallerDep, db: Read) -> DispatchFileOut:
    """A file and how far it is. 404 `dispatch-file-not-found`; 403 `not-the-supplier`."""
    return (await _present(db, [await queries.get_file(db, file_id, queries.ensure_supplier(caller))]))[0]


@router.get("/{file_id}/rows")
async def list_rows(
    file_id: UUID,
    caller: CallerDep,
    db: Read,
    status: Annotated[list[RowStatus] | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[DispatchFileRowOut]:
    """The rows of a file in the order of the sheet, with what is wrong. 404 `dispatch-file-not-found`."""
    await queries.get_file(db, file_id, queries.ensure_supplier(caller))
    found = await queries.list_rows(db, file_id, statuses=status or (), after=_after_row(cursor), limit=limit + 1)
    items, has_more = found[:limit], len(found) > limit
    next_cursor = encode_cursor(items[-1].row_number) if has_more else None
    return Page(items=[_row(each) for each in items], next_cursor=next_cursor)


@router.get("/{file_id}/corrections", response_class=Response)
async def get_corrections(
    request: Request, file_id: UUID, caller: CallerDep, db: Read, kind: SheetFormat = "xlsx"
) -> Response:
    """The rows that were not sent because something is wrong, as a file to correct and upload: cell and sentence behind
    each. 404 `dispatch-file-not-found`."""
    await queries.get_file(db, file_id, queries.ensure_supplier(caller))
    heads = {each.key: each.zh for each in rules.COLUMNS}

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after, statuses = 0, (rules.WRONG, rules.REFUSED)
        while True:
            async with request.app.state.database.read() as reading:
                found = await queries.list_rows(reading, file_id, statuses=statuses, after=after, limit=_BATCH)
            if not found:
                return
            yield [
                (
                    *(each.cells.get(column.key, "") for column in rules.COLUMNS),
                    each.row_number,
                    heads.get(each.column_key, ""),
                    sentence(each.code, each.facts, "zh"),
                    sentence(each.code, each.facts, "en"),
                )
                for each in found
            ]
            after = found[-1].row_number

    head = (*_HEAD, "原行号", "有误的格子", "怎么改", "What to do")
    return await sheet_response(kind, name="发货更正", head=head, batches=batches())


@router.post("/{file_id}/apply")
async def apply_file(file_id: UUID, caller: CallerDep, db: Db) -> DispatchFileOut:
    """Send the good rows, a shipment at a time; what is refused then is told beside its row. Asking twice changes
    nothing: no Idempotency-Key is needed. 403 `not-the-supplier`; 404 `dispatch-file-not-found`;
    409 `nothing-to-send`."""
    file = await actions.start_file(db, file_id=file_id, caller=caller, now=utc_now())
    if file.status == rules.APPLYING:
        await jobs.jobs.defer(db, jobs.send_file, lock=f"dispatch file {file_id}", file_id=str(file_id))
    return (await _present(db, [file]))[0]


def _file_row(file: DispatchFileOut) -> list[Any]:
    return [
        file.name,
        _FILE_STATUSES[file.status],
        file.row_count,
        file.ready_count,
        file.sent_count,
        file.wrong_count,
        file.refused_count,
        file.uploaded_at,
        file.started_at,
        file.ended_at,
    ]


def _rows_of(content: bytes) -> list[rules.FileRow]:
    with tempfile.NamedTemporaryFile(prefix="dispatch-") as file:
        file.write(content)
        file.flush()
        return read_rows(Path(file.name))


async def _present(db: Read, files: Sequence[DispatchFile]) -> list[DispatchFileOut]:
    counts = await queries.count_rows(db, [each.file_id for each in files])
    return [
        DispatchFileOut(
            file_id=each.file_id,
            name=each.name,
            status=each.status,
            uploaded_at=each.uploaded_at,
            started_at=each.started_at,
            ended_at=each.ended_at,
            row_count=sum(counts[each.file_id].values()),
            ready_count=counts[each.file_id].get(rules.READY, 0),
            wrong_count=counts[each.file_id].get(rules.WRONG, 0),
            sent_count=counts[each.file_id].get(rules.SENT, 0),
            refused_count=counts[each.file_id].get(rules.REFUSED, 0),
        )
        for each in files
    ]


def _row(row: DispatchFileRow) -> DispatchFileRowOut:
    shown = ("order_number", "product", "quantity", "carrier", "waybill_number", "lot_code")
    return DispatchFileRowOut(
        row_number=row.row_number,
        status=row.status,
        **{key: row.cells.get(key, "") for key in shown},
        shipment_id=row.shipment_id,
        code=row.code,
        column=row.column_key,
        sentence=sentence(row.code, row.facts, "zh") if row.code else "",
        sentence_en=sentence(row.code, row.facts, "en") if row.code else "",
    )


def _after_row(cursor: str | None) -> int:
    (value,) = decode_cursor(cursor, size=1) if cursor else (0,)
    if not isinstance(value, int) or not 0 <= value <= rules.MOST_PIECES:
        raise _no_cursor()
    return value


def _place(cursor: str) -> tuple[datetime, UUID]:
    uploaded_at, file_id = decode_cursor(cursor, size=2)
    try:
        found = datetime.fromisoformat(str(uploaded_at))
        if found.tzinfo is None:
            raise _no_cursor()
        return found, UUID(str(file_id))
    except ValueError as error:
        raise _no_cursor() from error


def _no_cursor() -> BadRequest:
    return BadRequest("The cursor is not one of ours.", code="cursor-invalid", field="cursor")
