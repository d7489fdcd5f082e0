"""Milestones of crop orders over HTTP: what is still to be reported, and what is late."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.crop_order import queries, rules, schemas, tables
from orders.crop_order.models import CropMilestone, CropOrder
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/crop-orders/milestones", tags=["crop orders"])
Wanted = Annotated[
    str | None,
    Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a number, code, title, product or name."),
]
Late = Annotated[bool, Query(description="Only those whose day is over.")]
_BATCH = 500


@router.get("")
async def list_milestones(
    caller: CallerDep,
    db: Read,
    *,
    late: Late = False,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.OpenMilestone]:
    """What is still to be reported of orders that grow, the earliest due first. 400 `cursor-invalid`."""
    today = business_day(utc_now())
    found = await queries.list_open_milestones(
        db, caller, late_on=today if late else None, wanted=q, after=tables.day_after(cursor), limit=limit + 1
    )
    items = [_open(each, crop, today) for each, crop in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page[schemas.OpenMilestone](
        items=items,
        next_cursor=encode_cursor(last.due_on.isoformat(), str(last.crop_order_id), last.number) if last else None,
    )


@router.get("/export", response_class=Response)
async def export_milestones(
    request: Request, caller: CallerDep, *, late: Late = False, q: Wanted = None, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table."""
    today = business_day(utc_now())

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[date, UUID, int] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_open_milestones(
                    db, caller, late_on=today if late else None, wanted=q, after=after, limit=_BATCH
                )
            if found:
                last = found[-1][0]
                after = (last.due_on, last.crop_order_id, last.number)
                yield [tables.milestone_row(each, crop, today) for each, crop in found]
            if len(found) < _BATCH:
                return

    return await sheet_response(sheet, name="生产节点", head=tables.MILESTONE_HEAD, batches=batches())


def milestone_view(each: CropMilestone, today: date, *, is_open: bool) -> schemas.MilestoneOut:
    """A milestone as it is told; late only while its order grows."""
    told = schemas.MilestoneOut.model_validate(each)
    return told.model_copy(update={"is_late": is_open and rules.is_late(each.due_on, each.reached_on, on=today)})


def _open(each: CropMilestone, crop: CropOrder, today: date) -> schemas.OpenMilestone:
    return schemas.OpenMilestone(
        **milestone_view(each, today, is_open=True).model_dump(),
        crop_order_id=crop.crop_order_id,
        crop_order_number=crop.crop_order_number,
        title=crop.title,
        supplier_name=crop.supplier_name,
        product_title=crop.product_title,
        unit_id=crop.unit_id,
    )
