"""Imports over HTTP: a template, an upload, the check's result, the bad rows to correct, and the applying."""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response

from catalog import jobs
from catalog.cursors import cursor_id, cursor_texts, invalid_cursor
from catalog.fields import Line, Title
from catalog.import_batch import actions, queries
from catalog.import_batch.actions import Upload
from catalog.import_batch.schemas import (
    ApplyIn,
    BadRow,
    BadRowPage,
    BatchPage,
    BatchSchema,
    Fault,
    KindPage,
    KindSchema,
    Said,
    Status,
)
from catalog.import_row import queries as row_queries
from catalog.import_row.models import ImportRow
from catalog.importer.heads import WRONG_HEAD
from catalog.importer.kinds_known import KINDS, kind_named
from catalog.importer.template import csv_template, xlsx_template
from catalog.settings import CatalogSettings
from shared.auth import Caller, CallerDep
from shared.bodies import body_pieces
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden, Invalid, NotFound, Refusal, TooLarge, Unsupported
from shared.files import Files
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response
from shared.spreadsheet.formats import TableRefused, file_format

router = APIRouter(prefix="/v1", tags=["imports"])

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
_HEADS = ("导入编号", "种类", "文件", "状态", "行数", "新增", "更新", "不变", "有误", "上传时间", "完成时间")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/import-kinds")
async def list_kinds(caller: CallerDep) -> KindPage:
    """What the caller may import, with every column of its template."""
    return KindPage(items=[KindSchema.of(kind) for name, kind in KINDS.items() if _may_import(caller, name)])


@router.get("/imports/{kind}/template", response_class=Response)
async def get_template(
    kind: str, sheet: SheetFormat = "xlsx", *, language: Annotated[Literal["zh", "en"], Query()] = "zh"
) -> Response:
    """The file to fill in: heads, an example row, notes and lists to choose from. 404 `import-kind-unknown`."""
    found = _known(kind)
    name = f"{found.columns.en if language == 'en' else found.columns.zh}.{sheet}"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    if sheet == "csv":
        return Response(csv_template(found, language), media_type="text/csv; charset=utf-8", headers=headers)
    return Response(xlsx_template(found, language), media_type=_XLSX, headers=headers)


@router.post("/imports/{kind}", status_code=201, openapi_extra=_BODY)
async def upload(
    request: Request,
    db: Db,
    caller: CallerDep,
    response: Response,
    kind: str,
    *,
    name: Annotated[Title, Query(description="The file's name, as people will see it.")],
    supplier_id: Annotated[UUID | None, Query(description="For operators: whose rows these are.")] = None,
) -> BatchSchema:
    """Take a file (xlsx, xls, ods or CSV; the bytes are the body) and begin its check; nothing is written yet.

    The same bytes again, while their import is on its way, answer 200 with that import: no Idempotency-Key is needed.
    403 `kind-not-yours`, `role-missing`, `not-your-supplier`, `organisation-missing`; 404 `import-kind-unknown`;
    413 `file-too-large`; 415 `file-no-spreadsheet`, `file-damaged`; 422 `file-empty`, `file-inflates-too-large`,
    `supplier-missing`.
    """
    _known(kind)
    actions.ensure_may_import(caller, kind, supplier_id)
    settings: CatalogSettings = request.app.state.settings
    async with _received(request, name=name, settings=settings) as received:
        batch, is_new = await actions.store_upload(
            db,
            _files(request),
            received,
            batch_id=new_id(),
            kind=kind,
            supplier_id=supplier_id,
            caller=caller,
            now=utc_now(),
        )
    if is_new:
        await jobs.jobs.defer(db, jobs.work_on_import, batch_id=str(batch.batch_id))
    else:
        response.status_code = 200
    return BatchSchema.of(batch)


@router.get("/imports")
async def list_imports(
    db: Read,
    caller: CallerDep,
    *,
    q: Annotated[Line | None, Query(description="Part of the file's name.")] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[Status | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> BatchPage:
    """The caller's organisation's imports (operators: all), the newest first."""
    found = await queries.list_batches(
        db, caller=caller, q=q, kind=kind, status=status, after=cursor_id(cursor), limit=limit + 1
    )
    return BatchPage(
        items=[BatchSchema.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].batch_id) if len(found) > limit else None,
    )


@router.get("/imports/export", response_class=Response)
async def export_imports(
    request: Request,
    caller: CallerDep,
    *,
    q: Annotated[Line | None, Query(description="Part of the file's name.")] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[Status | None, Query()] = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, whole."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_batches(
                    db, caller=caller, q=q, kind=kind, status=status, after=after, limit=_BATCH
                )
            yield [_history_row(BatchSchema.of(each)) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].batch_id

    return await sheet_response(sheet, name="导入记录", head=_HEADS, batches=batches())


@router.get("/imports/{batch_id}")
async def get_import(db: Read, caller: CallerDep, batch_id: UUID) -> BatchSchema:
    """How far it is and what was found. 404 `import-unknown`."""
    return BatchSchema.of(await queries.get_batch(db, batch_id, caller=caller))


@router.get("/imports/{batch_id}/bad-rows")
async def list_bad_rows(
    db: Read, caller: CallerDep, batch_id: UUID, *, cursor: CursorText = None, limit: Limit = 20
) -> BadRowPage:
    """Rows that cannot be taken, in the order of the sheet, each with its cells and what is wrong.

    404 `import-unknown`.
    """
    batch = await queries.get_batch(db, batch_id, caller=caller)
    found = await row_queries.list_bad_rows(db, batch_id, after=_after_row(cursor), limit=limit + 1)
    return BadRowPage(
        items=[_bad_row(each) for each in found[:limit]],
        next_cursor=encode_cursor(str(found[limit - 1].row_number)) if len(found) > limit else None,
        total=batch.bad_count + batch.lost_count,
    )


@router.get("/imports/{batch_id}/bad-rows/export", response_class=Response)
async def export_bad_rows(
    request: Request,
    caller: CallerDep,
    batch_id: UUID,
    sheet: SheetFormat = "xlsx",
    *,
    language: Annotated[Literal["zh", "en"], Query()] = "zh",
) -> Response:
    """The bad rows under the file's own heads with a further column, what is wrong: correct them and upload the file.

    404 `import-unknown`.
    """
    async with request.app.state.database.read() as db:
        batch = await queries.get_batch(db, batch_id, caller=caller)
    width = len(batch.heads)
    kept = [place for place, text in enumerate(batch.heads) if text and text != WRONG_HEAD]

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after = 0
        while True:
            async with request.app.state.database.read() as db:
                found = await row_queries.list_bad_rows(db, batch_id, after=after, limit=_BATCH)
            yield [_to_correct(_bad_row(each), kept, width, language) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].row_number

    stem = Path(batch.file_name).stem
    return await sheet_response(
        sheet,
        name=f"{stem}-{'to-correct' if language == 'en' else '待改正'}",
        head=[*(batch.heads[place] for place in kept), WRONG_HEAD],
        batches=batches(),
    )


@router.post("/imports/{batch_id}/apply", response_model=BatchSchema)
async def apply_import(db: Db, caller: CallerDep, once: Once, batch_id: UUID, body: ApplyIn) -> Response:
    """Write the checked rows, in the background.

    404 `import-unknown`; 409 `import-status`, `import-has-bad-rows` (mode abort), `import-without-rows`.
    """
    batch = await actions.apply_batch(db, batch_id=batch_id, mode=body.mode, caller=caller, now=utc_now())
    await jobs.jobs.defer(db, jobs.work_on_import, batch_id=str(batch_id))
    return await once.answer(db, BatchSchema.of(batch))


@router.post("/imports/{batch_id}/cancel", response_model=BatchSchema)
async def cancel_import(db: Db, caller: CallerDep, once: Once, batch_id: UUID) -> Response:
    """Call it off; what was written already stays. 404 `import-unknown`; 409 `import-status`."""
    batch = await actions.cancel_batch(db, batch_id=batch_id, caller=caller, now=utc_now())
    return await once.answer(db, BatchSchema.of(batch))


def _known(kind: str) -> Any:
    if kind not in KINDS:
        raise NotFound(
            f"There is no import of {kind}: one of {', '.join(KINDS)}.", code="import-kind-unknown", field="kind"
        )
    return kind_named(kind)


def _may_import(caller: Caller, kind: str) -> bool:
    try:
        actions.ensure_may_import(caller, kind, None)
    except Forbidden:
        return False
    except Invalid:  # an operator says for which supplier when it uploads
        return True
    return True


def _files(request: Request) -> Files:
    files: Files = request.app.state.files
    return files


@asynccontextmanager
async def _received(request: Request, *, name: str, settings: CatalogSettings) -> AsyncIterator[Upload]:
    """The body in a temporary file, refused as soon as it grows too large or is no spreadsheet by its bytes."""
    with tempfile.NamedTemporaryFile(prefix="upload-") as file:
        digest = hashlib.sha256()
        most = settings.import_max_bytes
        refusal = TooLarge(f"The file may have at most {most:,} bytes.", code="file-too-large", max_bytes=most)
        size = 0
        async for piece in body_pieces(request, max_bytes=most, refusal=refusal):
            size += len(piece)
            digest.update(piece)
            file.write(piece)
        file.flush()
        path = Path(file.name)
        try:
            file_format(path, max_inflated_bytes=settings.import_max_inflated_bytes)
        except TableRefused as refused:
            raise _refusal(refused) from refused
        yield Upload(path, name, digest.hexdigest(), size)


def _refusal(refused: TableRefused) -> Refusal:
    kind = Unsupported if refused.code in ("file-no-spreadsheet", "file-damaged") else Invalid
    said = Said.of({"code": refused.code, **refused.facts})
    return kind(said.en, code=refused.code, field="body")


def _after_row(cursor: str | None) -> int:
    text = "0" if cursor is None else cursor_texts(cursor, size=1)[0]
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - rows of a sheet
        raise invalid_cursor()
    return int(text)


def _bad_row(row: ImportRow) -> BadRow:
    faults = [
        Fault(
            **Said.of(each).model_dump(),
            **{name: str(each.get(name, "")) for name in ("column", "head", "letter", "value")},
        )
        for each in row.faults or []
    ]
    return BadRow(row_number=row.row_number, cells=orjson.loads(row.cells), faults=faults)


def _to_correct(row: BadRow, kept: Sequence[int], width: int, language: str) -> list[str]:
    cells = [*row.cells, *[""] * width]
    wrong = "；".join(each.zh for each in row.faults) if language == "zh" else " ".join(each.en for each in row.faults)
    return [*(cells[place] for place in kept), wrong]


def _history_row(batch: BatchSchema) -> list[Any]:
    return [
        str(batch.batch_id),
        kind_named(batch.kind).columns.zh if batch.kind in KINDS else batch.kind,
        batch.file_name,
        batch.status,
        batch.row_count,
        batch.new_count,
        batch.changed_count,
        batch.unchanged_count,
        batch.bad_count,
        batch.uploaded_at,
        batch.finished_at,
    ]
