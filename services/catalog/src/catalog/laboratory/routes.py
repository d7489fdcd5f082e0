"""The list of laboratories: everybody reads it, operators keep it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_operator
from catalog.cursors import cursor_texts
from catalog.fields import Line
from catalog.laboratory import actions, data, queries
from catalog.laboratory.models import Laboratory
from catalog.laboratory.rules import Recognition
from catalog.laboratory.schemas import (
    ActivityIn,
    AgreementSchema,
    LaboratoryDetail,
    LaboratoryIn,
    LaboratoryPage,
    LaboratorySchema,
    RecognitionIn,
)
from catalog.newest import sheet_batches
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/laboratories", tags=["laboratories"])

_HEADS = ("机构名称", "CMA 编号", "所在区划", "认可区划", "状态")

Words = Annotated[Line, Query(max_length=64, description="In name or CMA number.")]


@router.get("")
async def list_laboratories(
    db: Read,
    *,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 100,
) -> LaboratoryPage:
    """Laboratories whose reports may be accepted, and where; for everybody."""
    after = cursor_texts(cursor, size=1)[0] if cursor else None
    found = await queries.list_laboratories(db, q=q, after=after, limit=limit + 1)
    recognitions = await queries.list_recognitions(db, [each.laboratory_id for each in found])
    return LaboratoryPage(
        items=[LaboratorySchema.told(each, recognitions.get(each.laboratory_id, [])) for each in found[:limit]],
        agreements=[AgreementSchema.model_validate(each) for each in data.agreements()],
        next_cursor=encode_cursor(found[limit - 1].cma_number) if len(found) > limit else None,
    )


@router.get("/export", response_class=Response)
async def export_laboratories(request: Request, *, q: Words = "", sheet: SheetFormat = "xlsx") -> Response:
    """The same list as a table, with the regions in which each one's reports count besides its own."""

    async def read(db: AsyncSession, after: str | None, limit: int) -> Sequence[LaboratorySchema]:
        found = await queries.list_laboratories(db, q=q, after=after, limit=limit)
        recognitions = await queries.list_recognitions(db, [each.laboratory_id for each in found])
        return [LaboratorySchema.told(each, recognitions.get(each.laboratory_id, [])) for each in found]

    batches = sheet_batches(
        request.app.state.database,
        read,
        key=lambda each: each.cma_number,
        row=lambda each: (
            each.name,
            each.cma_number,
            each.region_code,
            "、".join(recognition.region_code for recognition in each.recognitions),
            "有效" if each.is_active else "停用",
        ),
    )
    return await sheet_response(sheet, name="检测机构", head=_HEADS, batches=batches)


@router.post("", status_code=201, response_model=LaboratorySchema)
async def add_laboratory(db: Db, caller: CallerDep, once: Once, body: LaboratoryIn) -> Response:
    """Put a laboratory on the list, by an operator.

    403 `operator-only`; 409 `laboratory-exists`; 422 `cma-number-invalid`.
    """
    ensure_operator(caller)
    made = await actions.add_laboratory(db, **body.model_dump(), laboratory_id=new_id(), caller=caller, now=utc_now())
    response = await once.answer(db, LaboratorySchema.told(made, []), status=201)
    response.headers["ETag"] = etag_of(made.revision)
    return response


@router.get("/{laboratory_id}")
async def get_laboratory(db: Read, caller: CallerDep, laboratory_id: UUID, response: Response) -> LaboratoryDetail:
    """A laboratory with its trail, for operators. 403 `operator-only`; 404 `laboratory-unknown`."""
    ensure_operator(caller)
    found = await _told(db, await queries.get_laboratory(db, laboratory_id), response)
    trail = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=laboratory_id)
    return LaboratoryDetail(**found.model_dump(), trail=[TrailItem.model_validate(each) for each in trail])


@router.post("/{laboratory_id}/recognitions")
async def recognise_laboratory(
    db: Db, caller: CallerDep, laboratory_id: UUID, body: RecognitionIn, response: Response
) -> LaboratorySchema:
    """Its reports count in a region; said again, the later word holds. 403 `operator-only`; 404 `laboratory-unknown`;
    422 `recognition-period-empty`."""
    ensure_operator(caller)
    found = await actions.recognise(
        db,
        laboratory_id=laboratory_id,
        recognition=Recognition(body.region_code, body.from_on, body.until_on),
        basis=body.basis,
        caller=caller,
        now=utc_now(),
    )
    return await _told(db, found, response)


@router.put("/{laboratory_id}/activity")
async def set_activity(
    db: Db, caller: CallerDep, expected: IfMatch, laboratory_id: UUID, body: ActivityIn, response: Response
) -> LaboratorySchema:
    """It lost its mark, or has it again. 403 `operator-only`; 404 `laboratory-unknown`; 412 `stale`; 428."""
    ensure_operator(caller)
    found = await actions.set_active(
        db,
        laboratory_id=laboratory_id,
        expected_revision=expected,
        is_active=body.is_active,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await _told(db, found, response)


async def _told(db: AsyncSession, found: Laboratory, response: Response) -> LaboratorySchema:
    response.headers["ETag"] = etag_of(found.revision)
    recognitions = await queries.list_recognitions(db, [found.laboratory_id])
    return LaboratorySchema.told(found, recognitions.get(found.laboratory_id, []))
