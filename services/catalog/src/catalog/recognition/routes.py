"""Recognition over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import OfficialRole, ensure_may_edit, ensure_oversees, may_see, oversees
from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.newest import cut, of_caller, sheet_batches
from catalog.product import queries as product_queries
from catalog.recognition import actions, queries, rules
from catalog.recognition.models import Recognition
from catalog.recognition.schemas import (
    AnswerIn,
    ApplicationIn,
    ObjectionIn,
    ObjectionPublic,
    ObjectionSchema,
    ReasonIn,
    RecognitionDetail,
    RecognitionItem,
    RecognitionNotice,
    RecognitionPage,
    RecognitionPublic,
    RecognitionSchema,
    RemarkIn,
    Status,
    SubmissionIn,
)
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, ensure_fresh, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["recognitions"])

_HEAD = (
    "商品",
    "供应商",
    "县(区划代码)",
    "镇办",
    "状态",
    "次数",
    "公示起",
    "公示止",
    "有效期起",
    "有效期止",
    "意见",
    "申请时间",
)
_STATUS_ZH = {
    "APPLIED": "已申请",
    "TOWNSHIP_REVIEW": "镇办初审",
    "DEPARTMENT_REVIEW": "行业复审",
    "COUNTY_DECISION": "县级审定",
    "PUBLIC_NOTICE": "公示中",
    "RECOGNISED": "已认定",
    "RECOMMENDED": "已推荐上报",
    "REJECTED": "已驳回",
    "REVOKED": "已撤销",
    "EXPIRED": "已到期",
}
Statuses = Annotated[list[Status] | None, Query(alias="status", description="Any of these statuses.")]
County = Annotated[DivisionCode | None, Query(description="A county, city or province.")]
Wanted = Annotated[Line | None, Query(description="Part of the product's or the supplier's name.")]


@router.get("/recognitions")
async def list_recognitions(
    db: Read,
    caller: OptionalCaller,
    *,
    status: Statuses = None,
    county: County = None,
    product_id: UUID | None = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> RecognitionPage:
    """Recognitions, the newest application first: a supplier's own, an official's region, all for operators; everybody
    else sees what is on notice or in force."""
    seen = of_caller(caller, supplier=Recognition.supplier_id, county=Recognition.county_code)
    found = await queries.list_recognitions(
        db,
        seen=seen,
        statuses=status or (),
        county_code=county,
        product_id=product_id,
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda each: each.recognition_id)
    if seen is None:
        return RecognitionPage(items=[RecognitionPublic.of(each) for each in shown], next_cursor=next_cursor)
    counted = await queries.count_open_objections(db, [each.recognition_id for each in shown])
    items = [
        RecognitionItem.of(each).model_copy(update={"open_objections": counted.get(each.recognition_id, 0)})
        for each in shown
    ]
    return RecognitionPage(items=list(items), next_cursor=next_cursor)


@router.get("/recognitions/export", response_class=Response)
async def export_recognitions(
    request: Request,
    caller: CallerDep,
    kind: SheetFormat,
    *,
    status: Statuses = None,
    county: County = None,
    product_id: UUID | None = None,
    q: Wanted = None,
) -> Response:
    """The same list as a spreadsheet. 403 `officials-only` for who neither oversees nor supplies."""
    seen = of_caller(caller, supplier=Recognition.supplier_id, county=Recognition.county_code)
    if seen is None:
        raise Forbidden("Only suppliers and officials export recognitions.", code="officials-only")
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_recognitions(
            db,
            seen=seen,
            statuses=status or (),
            county_code=county,
            product_id=product_id,
            q=q,
            after=after,
            limit=limit,
        ),
        key=lambda each: each.recognition_id,
        row=lambda each: (
            each.product_title,
            each.supplier_name,
            each.county_code,
            each.township,
            _STATUS_ZH[each.status],
            each.attempt,
            each.notice_from_on,
            each.notice_until_on,
            each.valid_from_on,
            each.valid_until_on,
            each.status_reason,
            each.applied_at,
        ),
    )
    return await sheet_response(kind, name="产品认定", head=_HEAD, batches=batches)


@router.post("/recognitions", status_code=201, response_model=RecognitionSchema)
async def apply_for_recognition(db: Db, caller: CallerDep, once: Once, body: ApplicationIn) -> Response:
    """Apply for a product (its supplier). 404 `product-unknown`; 409 `supplier-not-active`, `supplier-order-banned`,
    `recognition-open`, `recognition-in-force`; 422 `document-unknown`."""
    product = await product_queries.get_product(db, body.product_id)
    ensure_may_edit(caller, product.supplier_id)
    recognition = await actions.apply_for_recognition(
        db, recognition_id=new_id(), **body.model_dump(), caller=caller, now=utc_now()
    )
    response = await once.answer(db, RecognitionSchema.of(recognition), status=201)
    response.headers["ETag"] = etag_of(recognition.revision)
    return response


@router.get("/recognitions/{recognition_id}")
async def get_recognition(
    db: Read, caller: OptionalCaller, recognition_id: UUID, response: Response
) -> RecognitionDetail | RecognitionNotice:
    """The recognition, its objections and its trail; the contact of who objected only for officials of the county. For
    everybody else what is on notice or in force, else 404 `recognition-unknown`. The ETag is for the next decision."""
    found = await queries.get_recognition(db, recognition_id)
    objections = await queries.list_objections(db, recognition_id)
    if not may_see(caller, supplier_id=found.supplier_id, county_code=found.county_code):
        if found.status not in rules.PUBLIC:
            raise queries.unknown_recognition()
        return RecognitionNotice(
            **RecognitionPublic.of(found).model_dump(),
            objections=[ObjectionPublic.model_validate(each) for each in objections],
        )
    response.headers["ETag"] = etag_of(found.revision)
    schema = ObjectionSchema if oversees(caller, found.county_code) else ObjectionPublic
    return RecognitionDetail(
        **RecognitionSchema.of(found).model_dump(),
        objections=[schema.model_validate(each) for each in objections],
        trail=[
            TrailItem.model_validate(each)
            for each in await trail_queries.list_trail(db, subject_kind="recognition", subject_id=recognition_id)
        ],
    )


@router.post("/recognitions/{recognition_id}/resubmit")
async def resubmit_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: SubmissionIn, response: Response
) -> RecognitionSchema:
    """Submit a rejected application again (its supplier). 409 `recognition-status`."""
    found = await queries.get_recognition(db, recognition_id)
    ensure_may_edit(caller, found.supplier_id)
    changed = await actions.resubmit(
        db,
        recognition_id=recognition_id,
        expected_revision=expected,
        **body.model_dump(),
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


@router.post("/recognitions/{recognition_id}/accept")
async def accept_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: RemarkIn, response: Response
) -> RecognitionSchema:
    """The township takes it on. 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "accept", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/pass-township")
async def pass_township(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: RemarkIn, response: Response
) -> RecognitionSchema:
    """The township passes it on to the line department. 403 `decided-before`; 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "pass-township", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/pass-department")
async def pass_department(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: RemarkIn, response: Response
) -> RecognitionSchema:
    """The line department passes it on to the county's decision. 403 `decided-before`; 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "pass-department", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/decide")
async def decide_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: RemarkIn, response: Response
) -> RecognitionSchema:
    """The county decides for it: the public notice begins tomorrow. 403 `decided-before`; 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "decide", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/reject")
async def reject_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: ReasonIn, response: Response
) -> RecognitionSchema:
    """Whose turn it is rejects it, with the reason. 403 `decided-before`; 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "reject", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/conclude")
async def conclude_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: RemarkIn, response: Response
) -> RecognitionSchema:
    """Recognise it after the notice; a nightly job does the same. 409 `notice-running`, `objection-open`."""
    return await _moved(db, caller, recognition_id, "conclude", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/recommend")
async def recommend_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: RemarkIn, response: Response
) -> RecognitionSchema:
    """The county recommends it to the province. 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "recommend", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/send-back")
async def send_back_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: ReasonIn, response: Response
) -> RecognitionSchema:
    """The province does not take the recommendation; the recognition stays. 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "send-back", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/revoke")
async def revoke_recognition(
    db: Db, caller: CallerDep, expected: IfMatch, recognition_id: UUID, body: ReasonIn, response: Response
) -> RecognitionSchema:
    """County or province take the recognition back. 409 `recognition-status`."""
    return await _moved(db, caller, recognition_id, "revoke", expected, body.reason, response)


@router.post("/recognitions/{recognition_id}/objections", status_code=201, response_model=ObjectionPublic)
async def raise_objection(
    db: Db, caller: OptionalCaller, once: Once, recognition_id: UUID, body: ObjectionIn
) -> Response:
    """Object while the product is on notice; nobody needs an account. 409 `recognition-status`, `notice-over`."""
    objection = await actions.raise_objection(
        db, objection_id=new_id(), recognition_id=recognition_id, **body.model_dump(), caller=caller, now=utc_now()
    )
    return await once.answer(db, ObjectionPublic.model_validate(objection), status=201)


@router.post("/recognition-objections/{objection_id}/answer")
async def answer_objection(
    db: Db, caller: CallerDep, expected: IfMatch, objection_id: UUID, body: AnswerIn, response: Response
) -> ObjectionSchema:
    """Uphold or dismiss an objection, with the reason. If-Match is the objection's revision.

    403 `decided-before`; 404 `objection-unknown`; 409 `objection-status`.
    """
    objection = await queries.get_objection(db, objection_id)
    recognition = await queries.get_recognition(db, objection.recognition_id)
    ensure_oversees(caller, recognition.county_code, *rules.ROLES["answer"])
    answered = await actions.answer_objection(
        db,
        objection_id=objection_id,
        expected_revision=expected,
        is_upheld=body.outcome == "upheld",
        answer=body.answer,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(answered.revision)
    return ObjectionSchema.model_validate(answered)


async def _moved(
    db: AsyncSession, caller: Caller, recognition_id: UUID, verb: str, expected: int, reason: str, response: Response
) -> RecognitionSchema:
    found = await queries.get_recognition(db, recognition_id)
    ensure_oversees(caller, found.county_code, *_roles_of(verb, found.status, *rules.REJECTING.values()))
    # Whose turn it is belongs to the state that was read: who read an older one is told that first.
    ensure_fresh(expected, found.revision)
    ensure_oversees(caller, found.county_code, *_roles_of(verb, found.status))
    changed = await actions.move_on(
        db,
        recognition_id=recognition_id,
        verb=verb,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
        reason=reason,
    )
    return _tagged(changed, response)


def _roles_of(verb: str, status: str, *or_else: OfficialRole) -> tuple[OfficialRole, ...]:
    return rules.ROLES.get(verb) or or_else or (rules.REJECTING.get(status, "decider"),)


def _tagged(recognition: Recognition, response: Response) -> RecognitionSchema:
    response.headers["ETag"] = etag_of(recognition.revision)
    return RecognitionSchema.of(recognition)
