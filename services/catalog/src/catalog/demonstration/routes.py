"""Demonstrations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, ensure_oversees, may_edit, oversees
from catalog.cursors import cursor_id
from catalog.demonstration import actions, queries, rules
from catalog.demonstration.models import Demonstration
from catalog.demonstration.schemas import (
    DemonstrationDetail,
    DemonstrationIn,
    DemonstrationPage,
    DemonstrationPublic,
    DemonstrationSchema,
    Kind,
    ReasonIn,
    RemarkIn,
    ResubmissionIn,
    ReviewSchema,
    Status,
    YearIn,
)
from catalog.fields import DivisionCode, Line
from catalog.newest import cut, of_caller, sheet_batches
from catalog.policies import policy_for
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/demonstrations", tags=["demonstrations"])

_HEAD = ("名称", "类型", "县(区划代码)", "状态", "复核至年度", "申请时间")
_ZH = {
    "county": "示范县",
    "base": "产地示范区",
    "enterprise": "示范企业",
    "APPLIED": "已申请",
    "REVIEW": "评审中",
    "NAMED": "已命名",
    "REJECTED": "未通过",
    "REMOVED": "已移出",
}
Statuses = Annotated[list[Status] | None, Query(alias="status")]
Region = Annotated[DivisionCode | None, Query()]
Unreviewed = Annotated[int | None, Query(ge=2000, le=2100, description="Not reviewed for this year.")]
Wanted = Annotated[Line | None, Query(description="Part of the name.")]


@router.get("")
async def list_demonstrations(
    db: Read,
    caller: OptionalCaller,
    *,
    kind: Kind | None = None,
    status: Statuses = None,
    region: Region = None,
    unreviewed_for: Unreviewed = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> DemonstrationPage:
    """Demonstrations, the newest first: the named ones for everybody, applications for who applied and who reviews."""
    seen = _seen(caller)
    found = await queries.list_demonstrations(
        db,
        seen=seen,
        kind=kind,
        statuses=status or (),
        region_code=region,
        unreviewed_for=unreviewed_for,
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda each: each.demonstration_id)
    items = [_schema(each) if _may_know(caller, each) else DemonstrationPublic.model_validate(each) for each in shown]
    return DemonstrationPage(items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_demonstrations(
    request: Request,
    caller: OptionalCaller,
    sheet: SheetFormat,
    *,
    kind: Kind | None = None,
    status: Statuses = None,
    region: Region = None,
    unreviewed_for: Unreviewed = None,
    q: Wanted = None,
) -> Response:
    """The same list as a spreadsheet."""
    seen = _seen(caller)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_demonstrations(
            db,
            seen=seen,
            kind=kind,
            statuses=status or (),
            region_code=region,
            unreviewed_for=unreviewed_for,
            q=q,
            after=after,
            limit=limit,
        ),
        key=lambda each: each.demonstration_id,
        row=lambda each: (
            each.name,
            _ZH[each.kind],
            each.county_code,
            _ZH[each.status],
            each.reviewed_for_year,
            each.applied_at,
        ),
    )
    return await sheet_response(sheet, name="消费帮扶示范", head=_HEAD, batches=batches)


@router.post("", status_code=201, response_model=DemonstrationSchema)
async def apply_for_demonstration(db: Db, caller: CallerDep, once: Once, body: DemonstrationIn) -> Response:
    """Apply: a supplier for its base or itself, an office for its county. 409 `demonstration-open`; 422
    `county-unknown`, `supplier-missing`, `supplier-not-expected`, `document-unknown`."""
    supplier_id = body.supplier_id
    if body.kind == "county":
        ensure_oversees(caller, body.county_code, *rules.APPLICANTS)
    else:
        supplier_id = supplier_id or (caller.organisation_id if caller.kind == "supplier" else None)
        rules.ensure_subject(body.kind, has_supplier=supplier_id is not None)
        if supplier_id is not None:
            ensure_may_edit(caller, supplier_id)
    demonstration = await actions.apply_for_demonstration(
        db,
        demonstration_id=new_id(),
        **body.model_dump(exclude={"supplier_id"}),
        supplier_id=supplier_id,
        caller=caller,
        now=utc_now(),
    )
    response = await once.answer(db, _schema(demonstration), status=201)
    response.headers["ETag"] = etag_of(demonstration.revision)
    return response


@router.get("/{demonstration_id}")
async def get_demonstration(
    db: Read, caller: OptionalCaller, demonstration_id: UUID, response: Response
) -> DemonstrationDetail | DemonstrationPublic:
    """All of it to who applied and who reviews, the name to everybody. 404 `demonstration-unknown`."""
    found = await queries.get_demonstration(db, demonstration_id)
    if not _may_know(caller, found):
        queries.known(found if found.status == "NAMED" else None)
        return DemonstrationPublic.model_validate(found)
    response.headers["ETag"] = etag_of(found.revision)
    trail = await trail_queries.list_trail(db, subject_kind="demonstration", subject_id=demonstration_id)
    return DemonstrationDetail(
        **_schema(found).model_dump(),
        reviews=[ReviewSchema.model_validate(each) for each in await queries.list_reviews(db, demonstration_id)],
        trail=[TrailItem.model_validate(each) for each in trail],
    )


@router.post("/{demonstration_id}/resubmit")
async def resubmit_demonstration(
    db: Db, caller: CallerDep, expected: IfMatch, demonstration_id: UUID, body: ResubmissionIn, response: Response
) -> DemonstrationSchema:
    """Apply again after a rejection (who applied). 409 `demonstration-status`."""
    found = await queries.get_demonstration(db, demonstration_id)
    if found.supplier_id is not None:
        ensure_may_edit(caller, found.supplier_id)
    else:
        ensure_oversees(caller, found.county_code, *rules.APPLICANTS)
    changed = await actions.resubmit(
        db,
        demonstration_id=demonstration_id,
        expected_revision=expected,
        statement=body.statement,
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


@router.post("/{demonstration_id}/review")
async def review_demonstration(
    db: Db, caller: CallerDep, expected: IfMatch, demonstration_id: UUID, body: RemarkIn, response: Response
) -> DemonstrationSchema:
    """The province takes it up. 409 `demonstration-status`."""
    return await _moved(db, caller, demonstration_id, "review", expected, body.reason, response)


@router.post("/{demonstration_id}/name")
async def name_demonstration(
    db: Db, caller: CallerDep, expected: IfMatch, demonstration_id: UUID, body: RemarkIn, response: Response
) -> DemonstrationSchema:
    """The province names it; its products carry the badge. 409 `demonstration-status`."""
    return await _moved(db, caller, demonstration_id, "name", expected, body.reason, response)


@router.post("/{demonstration_id}/reject")
async def reject_demonstration(
    db: Db, caller: CallerDep, expected: IfMatch, demonstration_id: UUID, body: ReasonIn, response: Response
) -> DemonstrationSchema:
    """The province rejects it, with the reason. 409 `demonstration-status`."""
    return await _moved(db, caller, demonstration_id, "reject", expected, body.reason, response)


@router.post("/{demonstration_id}/remove")
async def remove_demonstration(
    db: Db, caller: CallerDep, expected: IfMatch, demonstration_id: UUID, body: ReasonIn, response: Response
) -> DemonstrationSchema:
    """The province takes the name back. 409 `demonstration-status`."""
    return await _moved(db, caller, demonstration_id, "remove", expected, body.reason, response)


@router.post("/{demonstration_id}/review-year")
async def review_year(
    db: Db, caller: CallerDep, expected: IfMatch, demonstration_id: UUID, body: YearIn, response: Response
) -> DemonstrationSchema:
    """The yearly review; who does not pass is removed. 409 `demonstration-status`, `year-reviewed`; 422
    `year-invalid`."""
    ensure_oversees(caller, (await queries.get_demonstration(db, demonstration_id)).county_code, *rules.REVIEWERS)
    changed = await actions.review_year(
        db,
        demonstration_id=demonstration_id,
        expected_revision=expected,
        **body.model_dump(),
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


def _may_know(caller: Caller | None, found: Demonstration) -> bool:
    if oversees(caller, found.county_code):
        return True
    return found.supplier_id is not None and may_edit(caller, found.supplier_id)


def _seen(caller: Caller | None) -> ColumnElement[bool] | None:
    return of_caller(caller, supplier=Demonstration.supplier_id, county=Demonstration.county_code)


def _schema(found: Demonstration) -> DemonstrationSchema:
    today = business_day(utc_now())
    policy = policy_for("demonstration", rules.Policy, region_code=found.county_code, on=today)
    is_due = found.status == "NAMED" and rules.is_review_due(found.reviewed_for_year, policy, today)
    return DemonstrationSchema.model_validate(found).model_copy(update={"is_review_due": is_due})


async def _moved(
    db: AsyncSession, caller: Caller, demonstration_id: UUID, verb: str, expected: int, reason: str, response: Response
) -> DemonstrationSchema:
    found = await queries.get_demonstration(db, demonstration_id)
    ensure_oversees(caller, found.county_code, *rules.REVIEWERS)
    changed = await actions.move_on(
        db,
        demonstration_id=demonstration_id,
        verb=verb,
        expected_revision=expected,
        reason=reason,
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


def _tagged(demonstration: Demonstration, response: Response) -> DemonstrationSchema:
    response.headers["ETag"] = etag_of(demonstration.revision)
    return _schema(demonstration)
