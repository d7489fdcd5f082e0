"""Fairs over HTTP."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import oversees
from catalog.cursors import cursor_day_and_id
from catalog.fair import actions, queries
from catalog.fair.models import Fair
from catalog.fair.schemas import (
    DealIn,
    DealSchema,
    DealShown,
    FairDetail,
    FairIn,
    FairPage,
    FairSchema,
    FairStatus,
    ParticipantIn,
    ParticipantSchema,
)
from catalog.fields import DivisionCode, Line
from catalog.newest import sheet_batches
from catalog.region import queries as region_queries
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Invalid
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/fairs", tags=["fairs"])

_HEADS = ("名称", "英文名", "区划代码", "地点", "主办单位", "开始日期", "结束日期", "状态")
_STATUS_ZH = {"DRAFT": "草稿", "ANNOUNCED": "已公布", "CANCELLED": "已取消"}

Region = Annotated[DivisionCode | None, Query()]
FromDay = Annotated[date | None, Query(description="Fairs that end on this day or later.")]
UntilDay = Annotated[date | None, Query(description="Fairs that begin on this day or earlier.")]
Status = Annotated[FairStatus | None, Query()]
Words = Annotated[Line, Query(description="Part of the name, the venue or the organiser.")]


@router.post("", status_code=201, response_model=FairSchema)
async def plan_fair(db: Db, caller: CallerDep, once: Once, body: FairIn) -> Response:
    """Plan a fair as a draft (offices of the region, operators). 422 `days-reversed`, `county-unknown`."""
    fair = await actions.plan_fair(db, fair_id=new_id(), facts=body.model_dump(), caller=caller, now=utc_now())
    response = await once.answer(db, (await _shown(db, [fair]))[0], status=201)
    response.headers["ETag"] = etag_of(fair.revision)
    return response


@router.get("")
async def list_fairs(
    db: Read,
    caller: OptionalCaller,
    *,
    region: Region = None,
    from_on: FromDay = None,
    until_on: UntilDay = None,
    status: Status = None,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> FairPage:
    """The calendar, by first day."""
    found = await queries.list_fairs(
        db,
        caller=caller,
        region=region,
        from_on=from_on,
        until_on=until_on,
        status=status,
        q=q,
        after=cursor_day_and_id(cursor),
        limit=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    return FairPage(
        items=await _shown(db, found[:limit]),
        next_cursor=encode_cursor(last.from_on.isoformat(), last.fair_id) if last else None,
    )


@router.get("/export", response_class=Response)
async def export_fairs(
    request: Request,
    caller: OptionalCaller,
    *,
    region: Region = None,
    from_on: FromDay = None,
    until_on: UntilDay = None,
    status: Status = None,
    q: Words = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same calendar as a table."""
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_fairs(
            db,
            caller=caller,
            region=region,
            from_on=from_on,
            until_on=until_on,
            status=status,
            q=q,
            after=after,
            limit=limit,
        ),
        key=lambda each: (each.from_on, each.fair_id),
        row=lambda each: (
            each.name,
            each.name_en,
            each.county_code,
            each.venue,
            each.organiser,
            each.from_on,
            each.until_on,
            _STATUS_ZH[each.status],
        ),
    )
    return await sheet_response(sheet, name="展销活动", head=_HEADS, batches=batches)


@router.get("/{fair_id}")
async def get_fair(db: Read, caller: OptionalCaller, fair_id: UUID, response: Response) -> FairDetail:
    """A fair with who takes part; the single deals for who keeps it. 404 `fair-unknown`."""
    fair = await queries.get_fair(db, fair_id, caller=caller)
    response.headers["ETag"] = etag_of(fair.revision)
    deals = await queries.list_deals(db, fair_id) if oversees(caller, fair.county_code) else []
    return FairDetail(
        **(await _shown(db, [fair]))[0].model_dump(),
        participants=[ParticipantSchema.model_validate(each) for each in await queries.list_participants(db, fair_id)],
        deals=[DealShown(**DealSchema.model_validate(deal).model_dump(), seller_name=name) for deal, name in deals],
    )


@router.put("/{fair_id}")
async def edit_fair(
    db: Db, caller: CallerDep, expected: IfMatch, fair_id: UUID, body: FairIn, response: Response
) -> FairSchema:
    """Replace what the calendar says. 409 `fair-status`."""
    fair = await actions.edit_fair(
        db, fair_id=fair_id, expected_revision=expected, facts=body.model_dump(), caller=caller, now=utc_now()
    )
    return await _tagged(db, fair, response)


@router.post("/{fair_id}/announce")
async def announce_fair(db: Db, caller: CallerDep, expected: IfMatch, fair_id: UUID, response: Response) -> FairSchema:
    """Put the fair into the public calendar. 409 `fair-status`."""
    return await _moved(db, caller, fair_id, "announce", expected, response)


@router.post("/{fair_id}/cancel")
async def cancel_fair(db: Db, caller: CallerDep, expected: IfMatch, fair_id: UUID, response: Response) -> FairSchema:
    """The fair does not take place. 409 `fair-status`."""
    return await _moved(db, caller, fair_id, "cancel", expected, response)


@router.post("/{fair_id}/participants", status_code=201, response_model=ParticipantSchema)
async def enrol(db: Db, caller: CallerDep, once: Once, fair_id: UUID, body: ParticipantIn) -> Response:
    """Somebody takes part: a supplier itself, or anybody by the office. 409 `participant-exists`, `fair-status`."""
    if body.supplier_id is None and not body.name and caller.kind != "supplier":
        raise Invalid("Say who takes part.", code="entry-name-missing", field="name")
    participant = await actions.enrol(
        db, fair_id=fair_id, participant_id=new_id(), **body.model_dump(), caller=caller, now=utc_now()
    )
    return await once.answer(db, ParticipantSchema.model_validate(participant), status=201)


@router.post("/{fair_id}/deals", status_code=201, response_model=DealSchema)
async def register_deal(db: Db, caller: CallerDep, once: Once, fair_id: UUID, body: DealIn) -> Response:
    """Register a deal agreed at the fair (the office, or the seller).

    404 `participant-unknown`; 409 `fair-status`; 422 `deal-too-early`, `deal-in-future`.
    """
    deal = await actions.register_deal(
        db, fair_id=fair_id, deal_id=new_id(), **body.model_dump(), caller=caller, now=utc_now()
    )
    return await once.answer(db, DealSchema.model_validate(deal), status=201)


async def _moved(db: Db, caller: Caller, fair_id: UUID, verb: str, expected: int, response: Response) -> FairSchema:
    fair = await actions.move_fair(
        db, fair_id=fair_id, verb=verb, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _tagged(db, fair, response)


async def _tagged(db: Db, fair: Fair, response: Response) -> FairSchema:
    response.headers["ETag"] = etag_of(fair.revision)
    return (await _shown(db, [fair]))[0]


async def _shown(db: Read, fairs: Sequence[Fair]) -> list[FairSchema]:
    places = await region_queries.list_places(db, [each.county_code for each in fairs], day=business_day(utc_now()))
    counts = await queries.summarise_fairs(db, [each.fair_id for each in fairs])
    found = []
    for each in fairs:
        place = places[each.county_code]
        found.append(FairSchema.of(each, f"{place.province}{place.city}{place.county}", counts[each.fair_id]))
    return found
