"""Claims of a campaign as the unit's people see them: who chose what, how far it is, whom to remind. No address."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.gift_campaign import queries as campaign_queries
from orders.gift_claim import queries, rules, schemas
from orders.gift_claim.queries import Standing, Wanted
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Read
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/gift-campaigns/{campaign_id}/claims", tags=["holiday gifts"])
Part = Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a name or a member's number.")]
Department = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]
_BATCH = 1000
_STATES = {None: "", "ISSUED": "未领取", "CLAIMED": "已领取", "SHIPPED": "已发货", "RECEIVED": "已收到"}
_WAYS = {None: "", "HOME": "送货到家", "PICKUP": "自提点", "UNIT": "单位领取"}
_HEAD = ("部门", "姓名", "工号", "状态", "套餐", "领取方式", "县区代码", "自提点", "系统默认", "领取时间")
_REMINDERS_HEAD = ("部门", "姓名", "工号", "截止时间")


@router.get("")
async def list_claims(
    campaign_id: UUID,
    caller: CallerDep,
    db: Read,
    *,
    q: Part = "",
    department: Department = "",
    state: schemas.State | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.StandingOut]:
    """Who may have a gift and how far it is, by department and number, for the unit's own people. No addresses.

    404 `gift-campaign-unknown`.
    """
    await campaign_queries.get_own(db, campaign_id, caller)
    wanted = Wanted(q.strip(), department, state or "")
    found = await queries.list_standing(db, campaign_id, wanted=wanted, after=_after(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[schemas.StandingOut.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.department, last.member_no) if last else None,
    )


@router.get("/summary")
async def get_summary(campaign_id: UUID, caller: CallerDep, db: Read) -> schemas.SummaryOut:
    """The claim rate at this moment, for the unit, the units above, the finance office and operators: counts only.

    404 `gift-campaign-unknown`.
    """
    await campaign_queries.get_campaign_for(db, campaign_id, caller)
    counts, packages = await queries.summarise_claims(db, campaign_id)
    return schemas.SummaryOut(
        at=utc_now(),
        rate_bp=rules.rate_bp(counts.claimed_count, counts.eligible_count - counts.whole_lot_count),
        counts=schemas.CountsOut.model_validate(counts),
        packages=[schemas.PackageCountOut.model_validate(each) for each in packages],
    )


@router.get("/export", response_class=Response)
async def export_claims(
    request: Request,
    campaign_id: UUID,
    caller: CallerDep,
    db: Read,
    *,
    kind: SheetFormat = "csv",
    q: Part = "",
    department: Department = "",
    state: schemas.State | None = None,
) -> Response:
    """The same list as a file. 404 `gift-campaign-unknown`."""
    await campaign_queries.get_own(db, campaign_id, caller)
    wanted = Wanted(q.strip(), department, state or "")
    rows = _batches(request, campaign_id, wanted, _row)
    return await sheet_response(kind, name="领取情况", head=_HEAD, batches=rows)


@router.get("/reminders", response_class=Response)
async def export_reminders(
    request: Request, campaign_id: UUID, caller: CallerDep, db: Read, kind: SheetFormat = "csv"
) -> Response:
    """Who has a code and has not chosen yet, to be reminded by the union: we know no way to reach them.

    404 `gift-campaign-unknown`.
    """
    campaign = await campaign_queries.get_own(db, campaign_id, caller)

    def row(each: Standing) -> list[Any]:
        return [each.department, each.name, each.member_no, campaign.claim_until_at]

    rows = _batches(request, campaign_id, Wanted(state="ISSUED"), row)
    return await sheet_response(kind, name="未领取提醒名单", head=_REMINDERS_HEAD, batches=rows)


async def _batches(
    request: Request, campaign_id: UUID, wanted: Wanted, row: Callable[[Standing], list[Any]]
) -> AsyncIterator[list[list[Any]]]:
    after: tuple[str, str] | None = None
    while True:
        async with request.app.state.database.read() as db:
            found = await queries.list_standing(db, campaign_id, wanted=wanted, after=after, limit=_BATCH)
        yield [row(each) for each in found]
        if len(found) < _BATCH:
            return
        after = found[-1].department, found[-1].member_no


def _row(each: Standing) -> list[Any]:
    return [
        each.department,
        each.name,
        each.member_no,
        _STATES["RECEIVED" if each.signed_at else each.code_status],
        each.package_name,
        _WAYS[each.way],
        each.county_code,
        each.pickup_point_name,
        each.is_default,
        each.claimed_at,
    ]


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    department, member_no = decode_cursor(cursor, size=2)
    return str(department), str(member_no)
