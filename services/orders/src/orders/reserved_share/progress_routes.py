"""Progress of reserved shares over HTTP: a level of the tree, laggards first, and the monthly bulletin."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row

from orders.reserved_share import progress, queries, rules, schemas
from orders.reserved_share.routes import MODES
from orders.unit.queries import get_unit_for
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.errors import BadRequest
from shared.page import CursorText, Limit, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/reserved-share-progress", tags=["reserved shares"])
_BATCH = 500
_RANKED = 20
_HEAD = (
    "单位", "区划代码", "食堂模式", "含下属", "单位数", "激活数", "已锁定填报数", "预留总额（元）", "已下单（元）",
    "已完成（元）", "食堂完成（元）", "工会完成（元）", "其他完成（元）", "职工个人（元）",
    "完成率（%）", "时间进度（%）", "滞后",
)  # fmt: skip
_BULLETIN_HEAD = (
    "区划代码", "导入单位数", "激活单位数", "已锁定填报数", "预留总额（元）", "已下单（元）",
    "已完成总额（元）", "完成率（%）",
)  # fmt: skip


def _view(
    *,
    year: Annotated[int, Query(ge=2000, le=2100)],
    unit_id: UUID | None = None,
    is_flat: Annotated[bool, Query(description="Every unit by itself instead of one level of the tree.")] = False,
    is_lagging: bool = False,
    wanted: Annotated[str, Query(alias="q", max_length=60, pattern=r"^[^\x00]*$")] = "",
) -> progress.View:
    return progress.View(year, utc_now(), unit_id, is_flat, is_lagging, wanted)


Viewed = Annotated[progress.View, Depends(_view)]


@router.get("")
async def list_progress(
    caller: CallerDep, db: Read, view: Viewed, cursor: CursorText = None, limit: Limit = 50
) -> schemas.ProgressPage:
    """One level of the tree, laggards first, each with all below it. 403 `unit-needed`; 404 `unit-unknown`."""
    place = await progress.list_place(db, caller, view.unit_id) if view.unit_id is not None else []
    rows = await progress.list_progress(db, caller, view, after=_after(cursor), limit=limit + 1)
    whole = await progress.find_whole(db, caller, view)
    last = rows[limit - 1] if len(rows) > limit else None
    return schemas.ProgressPage(
        year=view.year,
        time_progress_bp=view.time_bp,
        whole=_item(whole, view, is_whole=True) if whole is not None else None,
        place=[schemas.Place(unit_id=each.unit_id, name=each.name) for each in place],
        items=[_item(each, view, is_whole=not view.is_flat) for each in rows[:limit]],
        next_cursor=encode_cursor(last.place, str(last.unit_id)) if last is not None else None,
    )


@router.get("/export", response_class=Response)
async def export_progress(request: Request, caller: CallerDep, view: Viewed, sheet: SheetFormat = "xlsx") -> Response:
    """The same list as a table, sums in yuan. 403 `unit-needed`; 404 `unit-unknown`."""
    async with request.app.state.database.read() as db:
        await queries.ensure_sees_any(db, caller)
        if view.unit_id is not None:
            await get_unit_for(db, caller, view.unit_id)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[int, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                rows = await progress.list_progress(db, caller, view, after=after, limit=_BATCH)
            if rows:
                yield [_cells(_item(each, view, is_whole=not view.is_flat), view) for each in rows]
            if len(rows) < _BATCH:
                return
            after = (rows[-1].place, rows[-1].unit_id)

    return await sheet_response(sheet, name=f"{view.year}年预留份额进度", head=_HEAD, batches=batches())


@router.get("/bulletin")
async def get_bulletin(caller: CallerDep, db: Read, view: Viewed) -> schemas.Bulletin:
    """The figures of a bulletin (通报) as of now: entered and activated units, reserved and completed, by county, and
    the lead units that are farthest behind. 403 `unit-needed`."""
    counties = await progress.list_counties(db, caller, view)
    ranking = await progress.list_progress(db, caller, view, limit=_RANKED)
    sums = {
        name: sum(getattr(each, name) for each in counties)
        for name in (
            "unit_count", "activated_count", "locked_count", "lagging_count", "reserved_fen", "ordered_fen",
            "completed_fen",
        )
    }  # fmt: skip
    return schemas.Bulletin(
        year=view.year,
        as_of=business_day(view.now),
        time_progress_bp=view.time_bp,
        progress_bp=rules.progress_bp(sums["completed_fen"], sums["reserved_fen"]),
        counties=[_county(each) for each in counties],
        ranking=[_item(each, view, is_whole=True) for each in ranking],
        **sums,
    )


@router.get("/bulletin/export", response_class=Response)
async def export_bulletin(caller: CallerDep, db: Read, view: Viewed, sheet: SheetFormat = "xlsx") -> Response:
    """The bulletin's figures by county as a table. 403 `unit-needed`."""
    counties = [_county(each) for each in await progress.list_counties(db, caller, view)]

    async def batches() -> AsyncIterator[Sequence[Any]]:
        yield [
            (
                each.county_code,
                each.unit_count,
                each.activated_count,
                each.locked_count,
                each.reserved_fen / 100,
                each.ordered_fen / 100,
                each.completed_fen / 100,
                None if each.progress_bp is None else each.progress_bp / 100,
            )
            for each in counties
        ]

    name = f"{business_day(view.now):%Y-%m}预留份额通报"
    return await sheet_response(sheet, name=name, head=_BULLETIN_HEAD, batches=batches())


def _item(row: Row[Any], view: progress.View, *, is_whole: bool) -> schemas.ProgressItem:
    facts = row._asdict()
    return schemas.ProgressItem.model_validate(
        {name: facts[name] for name in schemas.ProgressItem.model_fields if name in facts}
        | {
            "is_whole": is_whole,
            "progress_bp": rules.progress_bp(row.completed_fen, row.reserved_fen),
            "is_lagging": rules.is_lagging(row.completed_fen, row.reserved_fen, view.time_bp),
        }
    )


def _county(row: Row[Any]) -> schemas.CountyItem:
    facts = row._asdict()
    return schemas.CountyItem.model_validate(
        {name: facts[name] for name in schemas.CountyItem.model_fields if name in facts}
        | {"progress_bp": rules.progress_bp(row.completed_fen, row.reserved_fen)}
    )


def _cells(item: schemas.ProgressItem, view: progress.View) -> list[Any]:
    return [
        item.name,
        item.county_code,
        MODES.get(item.canteen_mode or "", ""),
        item.is_whole and item.has_below,
        item.unit_count,
        item.activated_count,
        item.locked_count,
        item.reserved_fen / 100,
        item.ordered_fen / 100,
        item.completed_fen / 100,
        item.completed_canteen_fen / 100,
        item.completed_union_fen / 100,
        item.completed_other_fen / 100,
        item.staff_fen / 100,
        None if item.progress_bp is None else item.progress_bp / 100,
        view.time_bp / 100,
        item.is_lagging,
    ]


def _after(cursor: str | None) -> tuple[int, UUID] | None:
    if cursor is None:
        return None
    place, unit_id = decode_cursor(cursor, size=2)
    try:
        found = int(place), UUID(str(unit_id))
    except (ValueError, TypeError) as error:
        raise _cursor_invalid() from error
    if not 0 <= found[0] < 2**31:
        raise _cursor_invalid()
    return found


def _cursor_invalid() -> BadRequest:
    return BadRequest("The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor")
