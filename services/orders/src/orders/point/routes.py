"""The caller's love-card points over HTTP."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.point import queries, rules
from orders.point.schemas import Apart, Check, Ending, Entry, Kind, Points, Rate
from shared.auth import CallerDep, require_kind
from shared.clock import days_range, utc_now
from shared.db import Read
from shared.errors import BadRequest
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/points", tags=["points"])

_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)
_BATCH = 500
_HEAD = ("时间", "类型", "爱心卡积分", "订单号", "积分到期")
_KINDS = {
    "earned": "消费所得",
    "spent": "抵扣",
    "given-back": "退回",
    "expired": "到期",
    "clawed-back": "退货扣回",
    "owed": "待扣",
    "settled": "补扣",
}

Day = Annotated[date | None, Query(ge=_FIRST, le=_LAST, description="A day in Shanghai.")]


def asked_period(*, from_day: Day = None, to_day: Day = None) -> tuple[datetime | None, datetime | None]:
    """The days from the one to the other, both included; either may be open."""
    return (
        None if from_day is None else days_range(from_day, from_day)[0],
        None if to_day is None else days_range(to_day, to_day)[1],
    )


Period = Annotated[tuple[datetime | None, datetime | None], Depends(asked_period)]


@router.get("")
async def get_points(caller: CallerDep, db: Read) -> Points:
    """What the caller can spend, what of it expires when, and how points are earned."""
    now, figures = utc_now(), rules.figures()
    lots = await queries.list_lots(db, caller.person_id, now=now)
    soon = rules.remind_until(now)
    return Points(
        balance_points=sum(each.points for each in lots),
        worth_fen=figures["spending"]["worth_fen"],
        soon_points=sum(each.points for each in lots if each.last_at < soon),
        soon_days=figures["lasting"]["remind_days"],
        owed_points=await queries.find_owed(db, caller.person_id),
        endings=[Ending.model_validate(each) for each in lots],
        rate=Rate(
            points_per_yuan=figures["earning"]["points_per_yuan"],
            worth_fen=figures["spending"]["worth_fen"],
            cap_bp=figures["spending"]["cap_bp"],
            days=figures["lasting"]["days"],
        ),
    )


@router.get("/entries")
async def list_entries(
    caller: CallerDep, db: Read, period: Period, kind: Kind | None = None, cursor: CursorText = None, limit: Limit = 50
) -> Page[Entry]:
    """The caller's statement, the latest entry first."""
    rows = await queries.list_entries(
        db, caller.person_id, kind=kind, period=period, before=_before(cursor), limit=limit + 1
    )
    return Page(
        items=[Entry.model_validate(row) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1].entry_id) if len(rows) > limit else None,
    )


@router.get("/entries/export", response_class=Response)
async def export_entries(
    request: Request, caller: CallerDep, period: Period, kind: Kind | None = None, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same statement as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        before: int | None = None
        while True:
            async with request.app.state.database.read() as db:
                rows = await queries.list_entries(
                    db, caller.person_id, kind=kind, period=period, before=before, limit=_BATCH
                )
            if rows:
                yield [
                    (row.recorded_at, _KINDS[row.kind], row.points, row.order_number, row.expires_at) for row in rows
                ]
            if len(rows) < _BATCH:
                return
            before = rows[-1].entry_id

    return await sheet_response(sheet, name="爱心卡积分", head=_HEAD, batches=batches())


@router.get("/check", dependencies=[Depends(require_kind("operator"))])
async def check_points(db: Read) -> Check:
    """The house's books, and persons whose counters, lots or orders are not what the ledger says (at most 100). For
    operators: 403 `kind-not-allowed`."""
    house = await queries.summarise_house(db)
    apart: list[Apart] = []
    after: UUID | None = None
    while len(apart) <= rules.MOST_APART:
        persons = await queries.list_accounts(db, after, limit=_BATCH)
        apart += [Apart.model_validate(row) for row in await queries.list_apart(db, persons)]
        if len(persons) < _BATCH:
            break
        after = persons[-1]
    return Check(
        account_count=house.account_count,
        issued=house.issued,
        redeemed=house.redeemed,
        expired=house.expired,
        outstanding=house.outstanding,
        owed=house.owed,
        is_balanced=house.issued == house.redeemed + house.expired + house.outstanding - house.owed,
        apart=apart[: rules.MOST_APART],
    )


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    [entry_id] = decode_cursor(cursor, size=1)
    if type(entry_id) is not int or not 0 < entry_id < 2**63:  # true and false are integers too
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        )
    return entry_id
