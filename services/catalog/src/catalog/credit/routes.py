"""Credit over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees, may_see
from catalog.credit import actions, data, queries, rules
from catalog.credit.models import CreditEvent, CreditPlacement
from catalog.credit.schemas import (
    CreditRules,
    DecisionIn,
    EventDetail,
    EventIn,
    EventPage,
    EventSchema,
    KindSchema,
    ListName,
    ListSchema,
    PlacementDetail,
    PlacementIn,
    PlacementPage,
    PlacementPublic,
    PlacementSchema,
    PlacementStatus,
    SupplierCredit,
)
from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.newest import cut, of_caller, sheet_batches
from catalog.supplier import queries as supplier_queries
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Forbidden, NotFound
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["credit"])

_PLACEMENT_HEAD = (
    "供应商",
    "统一社会信用代码",
    "县(区划代码)",
    "名单",
    "依据",
    "状态",
    "列入日期",
    "截止日期",
    "移出日期",
    "理由",
)
_EVENT_HEAD = ("供应商编号", "类型", "程度", "分值", "来源", "文号", "事由", "发生日期", "状态", "登记时间")
_STATUS_ZH = {
    "PROPOSED": "拟列入",
    "DISMISSED": "不予列入",
    "IN_FORCE": "在列",
    "ENDED": "期满移出",
    "REPAIRED": "修复移出",
    "LIFTED": "异议移出",
    "COUNTED": "计分",
    "STRUCK": "已撤销",
}
Public = Annotated[bool, Query(description="Only what everybody sees.")]
Which = Annotated[ListName | None, Query(alias="list")]
Statuses = Annotated[list[PlacementStatus] | None, Query(alias="status")]
Wanted = Annotated[Line | None, Query(description="Part of a supplier's name, or a whole credit code.")]
County = Annotated[DivisionCode | None, Query(description="A county, city or province.")]


@router.get("/credit-rules")
async def get_credit_rules() -> CreditRules:
    """The lists with their effects, the kinds of events with their points, and the scale."""
    scale = data.scale()
    return CreditRules(
        lists=[ListSchema.model_validate({"list": name, **vars(each)}) for name, each in data.lists().items()],
        kinds=[KindSchema.model_validate({"kind": name, **vars(each)}) for name, each in data.kinds().items()],
        base=scale.base,
        lowest=scale.lowest,
        highest=scale.highest,
    )


@router.get("/suppliers/{supplier_id}/credit")
async def get_supplier_credit(db: Read, caller: CallerDep, supplier_id: UUID) -> SupplierCredit:
    """Score and effects today, for the supplier, officials of its county and operators. 404 `supplier-unknown`."""
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    if not may_see(caller, supplier_id=supplier_id, county_code=supplier.county_code):
        raise supplier_queries.unknown_supplier()
    today = business_day(utc_now())
    score = await queries.get_score(db, supplier_id, on=today)
    effects = await queries.get_effects(db, supplier_id, on=today)
    return SupplierCredit.model_validate(
        {
            "supplier_id": supplier_id,
            "name": supplier.name,
            "score": score,
            "suggested_list": rules.suggested_list(score, data.scale()),
            "lists": effects.lists,
            "rank": effects.rank,
            "listed_skus": effects.listed_skus,
            "is_banned": effects.is_banned,
        }
    )


@router.get("/credit-events")
async def list_events(
    db: Read,
    caller: CallerDep,
    *,
    supplier_id: UUID | None = None,
    kind: Annotated[Line | None, Query()] = None,
    q: Annotated[Line | None, Query(description="Part of the summary, the document or its source.")] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> EventPage:
    """Events, the one reported last first: a supplier's own, those of an official's region, all for operators.
    403 `officials-only`."""
    found = await queries.list_events(
        db,
        seen=_seen_events(caller),
        supplier_id=supplier_id,
        kind=kind,
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda each: each.event_id)
    return EventPage(items=[EventSchema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/credit-events/export", response_class=Response)
async def export_events(
    request: Request,
    caller: CallerDep,
    sheet: SheetFormat,
    *,
    supplier_id: UUID | None = None,
    kind: Annotated[Line | None, Query()] = None,
    q: Annotated[Line | None, Query()] = None,
) -> Response:
    """The same list as a spreadsheet."""
    seen = _seen_events(caller)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_events(
            db, seen=seen, supplier_id=supplier_id, kind=kind, q=q, after=after, limit=limit
        ),
        key=lambda each: each.event_id,
        row=lambda each: (
            str(each.supplier_id),
            data.kinds()[each.kind].zh,
            each.severity,
            each.points,
            each.source,
            each.reference,
            each.summary,
            each.occurred_on,
            _STATUS_ZH[each.status],
            each.reported_at,
        ),
    )
    return await sheet_response(sheet, name="信用事件", head=_EVENT_HEAD, batches=batches)


@router.get("/credit-events/{event_id}")
async def get_event(db: Read, caller: CallerDep, event_id: UUID) -> EventDetail:
    """An event with its trail, for its supplier, officials of the county and operators. 404 `event-unknown`, also for
    whom it does not concern."""
    found = await queries.get_event(db, event_id)
    if not may_see(caller, supplier_id=found.supplier_id, county_code=found.county_code):
        raise NotFound("There is no such event.", code="event-unknown")
    supplier = await supplier_queries.get_supplier(db, found.supplier_id)
    trail = await trail_queries.list_trail(db, subject_kind="credit-event", subject_id=event_id)
    return EventDetail(
        **EventSchema.model_validate(found).model_dump(),
        supplier_name=supplier.name,
        trail=[TrailItem.model_validate(each) for each in trail],
    )


@router.post("/credit-events", status_code=201, response_model=EventSchema)
async def report_event(db: Db, caller: CallerDep, once: Once, body: EventIn) -> Response:
    """Report an event (market supervision of the county, operators). The same reference again gives the first one.

    404 `supplier-unknown`; 422 `kind-unknown`, `date-in-future`, `document-unknown`.
    """
    supplier = await supplier_queries.get_supplier(db, body.supplier_id)
    ensure_oversees(caller, supplier.county_code, *rules.SUPERVISORS)
    event = await actions.report_event(
        db,
        event_id=new_id(),
        **body.model_dump(),
        source="operator" if caller.is_operator else "market_supervision",
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, EventSchema.model_validate(event), status=201)


@router.get("/credit-placements")
async def list_placements(
    db: Read,
    caller: OptionalCaller,
    *,
    which: Which = None,
    status: Statuses = None,
    supplier_id: UUID | None = None,
    county: County = None,
    q: Wanted = None,
    public: Public = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> PlacementPage:
    """Suppliers on lists, the newest first: what is public for everybody, with all that lies before and after for the
    supplier itself, officials of the region and operators."""
    seen = None if public else _seen_placements(caller)
    found = await queries.list_placements(
        db,
        seen=seen,
        statuses=status or (),
        which=which,
        supplier_id=supplier_id,
        county_code=county,
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda each: each.placement_id)
    schema = PlacementPublic if seen is None else PlacementSchema
    return PlacementPage(items=[schema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/credit-placements/export", response_class=Response)
async def export_placements(
    request: Request,
    caller: OptionalCaller,
    kind: SheetFormat,
    *,
    which: Which = None,
    status: Statuses = None,
    supplier_id: UUID | None = None,
    county: County = None,
    q: Wanted = None,
    public: Public = False,
) -> Response:
    """The same list as a spreadsheet; other authorities import it as a shared list."""
    seen = None if public else _seen_placements(caller)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_placements(
            db,
            seen=seen,
            statuses=status or (),
            which=which,
            supplier_id=supplier_id,
            county_code=county,
            q=q,
            after=after,
            limit=limit,
        ),
        key=lambda each: each.placement_id,
        row=lambda each: (
            each.supplier_name,
            each.uscc,
            each.county_code,
            data.lists()[each.list].zh,
            each.basis,
            _STATUS_ZH[each.status],
            each.starts_on,
            each.ends_on,
            each.ended_on,
            each.status_reason if seen is not None else "",
        ),
    )
    return await sheet_response(kind, name="信用名单", head=_PLACEMENT_HEAD, batches=batches)


@router.post("/credit-placements", status_code=201, response_model=PlacementSchema)
async def propose_placement(db: Db, caller: CallerDep, once: Once, body: PlacementIn) -> Response:
    """Propose a supplier for a list (officials of its county, operators). 404 `supplier-unknown`; 409
    `placement-open`."""
    supplier = await supplier_queries.get_supplier(db, body.supplier_id)
    ensure_oversees(caller, supplier.county_code, "market_supervision", "agriculture", "assistance", "department")
    placement = await actions.propose_placement(
        db,
        placement_id=new_id(),
        **body.model_dump(exclude={"list"}),
        which=body.list,
        caller=caller,
        now=utc_now(),
    )
    response = await once.answer(db, PlacementSchema.model_validate(placement), status=201)
    response.headers["ETag"] = etag_of(placement.revision)
    return response


@router.get("/credit-placements/{placement_id}")
async def get_placement(db: Read, caller: CallerDep, placement_id: UUID, response: Response) -> PlacementDetail:
    """The placement with its trail, for its supplier, officials of the county, operators. 404 `placement-unknown`."""
    found = await queries.get_placement(db, placement_id)
    if not may_see(caller, supplier_id=found.supplier_id, county_code=found.county_code):
        raise queries.unknown_placement()
    response.headers["ETag"] = etag_of(found.revision)
    trail = await trail_queries.list_trail(db, subject_kind="credit-placement", subject_id=placement_id)
    return PlacementDetail(
        **PlacementSchema.model_validate(found).model_dump(), trail=[TrailItem.model_validate(each) for each in trail]
    )


@router.post("/credit-placements/{placement_id}/place")
async def place_supplier(
    db: Db, caller: CallerDep, expected: IfMatch, placement_id: UUID, body: DecisionIn, response: Response
) -> PlacementSchema:
    """Decide for it (market supervision): it holds from today, and so do its effects. 409 `placement-status`."""
    return await _decided(db, caller, placement_id, "place", expected, body.reason, response)


@router.post("/credit-placements/{placement_id}/dismiss")
async def dismiss_placement(
    db: Db, caller: CallerDep, expected: IfMatch, placement_id: UUID, body: DecisionIn, response: Response
) -> PlacementSchema:
    """Decide against it (market supervision). 409 `placement-status`."""
    return await _decided(db, caller, placement_id, "dismiss", expected, body.reason, response)


def _seen_events(caller: Caller) -> queries.Condition:
    seen = of_caller(caller, supplier=CreditEvent.supplier_id, county=CreditEvent.county_code)
    if seen is None:
        raise Forbidden("Only suppliers and officials see credit events.", code="officials-only")
    return seen


def _seen_placements(caller: Caller | None) -> queries.Condition | None:
    return of_caller(caller, supplier=CreditPlacement.supplier_id, county=CreditPlacement.county_code)


async def _decided(
    db: AsyncSession, caller: Caller, placement_id: UUID, verb: str, expected: int, reason: str, response: Response
) -> PlacementSchema:
    found = await queries.get_placement(db, placement_id)
    ensure_oversees(caller, found.county_code, *rules.SUPERVISORS)
    changed = await actions.decide_placement(
        db,
        placement_id=placement_id,
        verb=verb,
        expected_revision=expected,
        reason=reason,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(changed.revision)
    return PlacementSchema.model_validate(changed)
