"""Campaigns of holiday gifts over HTTP: for a unit's union, readable for those who oversee the unit."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.approval.rules import missing_papers
from orders.gift_campaign import actions, carrying, following, policy, queries, rules, schemas
from orders.gift_campaign.models import GiftCampaign
from orders.gift_member import queries as member_queries
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller, CallerDep
from shared.bodies import read_body
from shared.clock import business_day, parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Invalid, TooLarge
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/gift-campaigns", tags=["holiday gifts"])
Wanted = Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a campaign's or unit's name.")]
YearWanted = Annotated[int | None, Query(ge=2018, le=2099)]
_BATCH = 500
_STATUSES = {
    "DRAFT": "草稿",
    "SUBMITTED": "方案审批中",
    "PLAN_APPROVED": "方案已批准",
    "QUOTING": "询价中",
    "SUPPLIER_CHOSEN": "已定供应商",
    "PUBLICITY": "公示中",
    "ROSTER_LOCKED": "名册已锁定",
    "CLAIMING": "兑换中",
    "CLAIM_CLOSED": "兑换已截止",
    "FULFILLING": "发货中",
    "ACCEPTED": "已验收",
    "INVOICED": "已验票",
    "PAID": "已付款",
    "ARCHIVED": "已归档",
    "CANCELLED": "已取消",
}
_MODES = {"WHOLE_LOT": "整批送单位", "CLAIM_CODE": "提货码自选", "MIXED": "混合"}
_HEAD = (
    "活动",
    "单位",
    "节日",
    "年度",
    "人均标准(元)",
    "计划人数",
    "预算(元)",
    "方式",
    "状态",
    "公示起",
    "公示止",
    "兑换截止",
    "创建时间",
)


@router.get("")
async def list_campaigns(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = "",
    status: schemas.Status | None = None,
    year: YearWanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.CampaignItem]:
    """Campaigns of the units that the caller sees, the latest first."""
    found = await queries.list_campaigns(
        db, caller=caller, q=q.strip(), status=status, year=year, after=_after(cursor), limit=limit + 1
    )
    items = [_item(campaign, unit_name) for campaign, unit_name in found[:limit]]
    last = items[-1] if len(found) > limit else None
    next_cursor = encode_cursor(last.created_at.isoformat(), str(last.campaign_id)) if last else None
    return Page(items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_campaigns(
    request: Request,
    caller: CallerDep,
    *,
    kind: SheetFormat = "csv",
    q: Wanted = "",
    status: schemas.Status | None = None,
    year: YearWanted = None,
) -> Response:
    """The same list as a file."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_campaigns(
                    db, caller=caller, q=q.strip(), status=status, year=year, after=after, limit=_BATCH
                )
            yield [_row(campaign, unit_name) for campaign, unit_name in found]
            if len(found) < _BATCH:
                return
            after = found[-1][0].created_at, found[-1][0].campaign_id

    return await sheet_response(kind, name="慰问活动", head=_HEAD, batches=batches())


@router.get("/policy")
async def get_policy(caller: CallerDep, db: Read, *, year: YearWanted = None) -> schemas.PolicyOut:
    """Holidays, caps and shares of the unit's region, each with its source. 403 `unit-needed`; 409 `unit-closed`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    asked = year or business_day(utc_now()).year
    caps, rows = policy.caps_of(unit.county_code, asked), policy.policy()
    return schemas.PolicyOut(
        county_code=unit.county_code,
        year=asked,
        holidays=[schemas.HolidayOut.model_validate(each) for each in policy.holidays_of(unit.county_code)],
        yearly_cap_fen=caps.yearly_fen,
        yearly_source=caps.yearly_source,
        holiday_caps_fen=dict(caps.holiday_fen),
        holiday_source=caps.holiday_source,
        single_issue_warn_above_fen=caps.single_warn_above_fen,
        assisted_minimum_bp=policy.assisted_minimum_bp(unit.county_code, asked),
        tolerance_bp=rows["packages"]["tolerance_bp"],
        publicity_least_days=rows["publicity"]["least_days"],
        most_packages=rows["packages"]["most"],
    )


@router.post("", status_code=201, response_model=schemas.CampaignOut)
async def draft_campaign(body: schemas.PlanIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Begin a plan. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`, `union-missing`; 422 `holiday-unknown`,
    `over-yearly-cap`, `over-holiday-cap`, `budget-too-small`, `publicity-too-short`, `claim-time-wrong`,
    `lot-address-wrong`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "union")
    campaign = await actions.draft_campaign(
        db, campaign_id=new_id(), unit=unit, plan=body.plan(), person_id=caller.person_id, now=utc_now()
    )
    return await once.answer(db, await _whole(db, campaign), status=201)


@router.get("/{campaign_id}")
async def get_campaign(campaign_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.CampaignOut:
    """A campaign with packages, papers and what its next step needs. 404 `gift-campaign-unknown`."""
    campaign = await queries.get_campaign_for(db, campaign_id, caller)
    response.headers["ETag"] = etag_of(campaign.revision)
    return await _whole(db, campaign)


@router.put("/{campaign_id}")
async def edit_campaign(
    campaign_id: UUID, body: schemas.PlanIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.CampaignOut:
    """Another plan, while it is a draft. 403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-campaign-status`;
    412 `stale`; 422 as for a new one; 428 `precondition-missing`."""
    await get_own_as_union(db, campaign_id, caller)
    campaign = await actions.edit_campaign(
        db,
        campaign_id=campaign_id,
        plan=body.plan(),
        expected_revision=expected,
        person_id=caller.person_id,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(campaign.revision)
    return await _whole(db, campaign)


@router.put("/{campaign_id}/packages")
async def pack(
    campaign_id: UUID, body: schemas.PackagesIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.CampaignOut:
    """Other packages instead of those before, at the prices that are listed for institutions now. 403 `duty-missing`;
    404 `gift-campaign-unknown`; 409 `gift-campaign-status`; 412 `stale`; 422 `packages-wrong`, `sku-unsellable`,
    `goods-forbidden`, `package-over-standard`, `package-under-standard`, `assisted-share-low`; 428
    `precondition-missing`."""
    await get_own_as_union(db, campaign_id, caller)
    campaign = await actions.pack(
        db,
        campaign_id=campaign_id,
        wanted=[each.wanted() for each in body.packages],
        default_position=body.default_position,
        expected_revision=expected,
        person_id=caller.person_id,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(campaign.revision)
    return await _whole(db, campaign)


@router.post("/{campaign_id}/documents", status_code=201, openapi_extra={
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(rules.PAPER_TYPES)},
    }
})  # fmt: skip
async def attach_document(
    request: Request,
    campaign_id: UUID,
    caller: CallerDep,
    db: Db,
    *,
    kind: rules.PaperKind,
    name: Annotated[schemas.Name, Query(description="The file's name, as people will see it.")],
    supplier_name: Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$", description="Of a quote.")] = "",
    amount_fen: Annotated[int | None, Query(ge=1, le=10**12, description="Of a quote.")] = None,
    counted: Annotated[int, Query(ge=1, le=50, description="How many people a purchasing group has.")] = 1,
) -> schemas.DocumentOut:
    """Attach a paper (PDF, JPEG or PNG; the bytes are the body). The same bytes again are the paper of before: no
    Idempotency-Key is needed. 403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-campaign-status`,
    `too-many-papers`; 413 `file-too-large`; 415 `file-type-not-accepted`; 422 `quote-incomplete`."""
    await get_own_as_union(db, campaign_id, caller)
    most = policy.policy()["papers"]["most_bytes"]
    too_large = TooLarge(f"The file may have at most {most:,} bytes.", code="file-too-large", max_bytes=most)
    document = await actions.attach_document(
        db,
        request.app.state.files,
        document_id=new_id(),
        campaign_id=campaign_id,
        kind=kind,
        name=name,
        supplier_name=supplier_name.strip(),
        amount_fen=amount_fen,
        counted=counted,
        content=await read_body(request, max_bytes=most, refusal=too_large),
        person_id=caller.person_id,
        now=utc_now(),
    )
    return schemas.DocumentOut.model_validate(document)


@router.get("/{campaign_id}/documents/{document_id}", response_class=Response)
async def get_document(request: Request, campaign_id: UUID, document_id: UUID, caller: CallerDep, db: Read) -> Response:
    """A paper's bytes, for the unit's own people. 404 `gift-campaign-unknown`, `gift-document-unknown`."""
    await queries.get_own(db, campaign_id, caller)
    document = await queries.get_document(db, campaign_id, document_id)
    stored = await request.app.state.files.get(f"gifts/{document.key}")
    headers = {"Content-Disposition": "inline", "X-Content-Type-Options": "nosniff"}
    return Response(stored.content, media_type=document.content_type, headers=headers)


@router.delete("/{campaign_id}/documents/{document_id}", status_code=204)
async def remove_document(campaign_id: UUID, document_id: UUID, caller: CallerDep, db: Db) -> None:
    """Take a paper off, before a supplier is chosen by it. 403 `duty-missing`; 404 `gift-campaign-unknown`,
    `gift-document-unknown`; 409 `gift-campaign-status`."""
    await get_own_as_union(db, campaign_id, caller)
    await actions.remove_document(
        db, campaign_id=campaign_id, document_id=document_id, person_id=caller.person_id, now=utc_now()
    )


@router.get("/{campaign_id}/trail")
async def list_trail(campaign_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when; for the unit's own people, since it names members' numbers. 404
    `gift-campaign-unknown`."""
    await queries.get_own(db, campaign_id, caller)
    rows = await trail_queries.list_trail(db, campaign_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.post("/{campaign_id}/{verb}", response_model=schemas.CampaignOut)
async def move_campaign(
    campaign_id: UUID,
    verb: schemas.Verb,
    body: schemas.MoveIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    once: Once,
) -> Response:
    """One step further: the union's people do it, approvals and claims have routes of their own.

    403 `unit-needed`, `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-campaign-status`, `budget-exceeded`,
    `quotes-not-needed`, `union-papers-missing`, `packages-missing`, `publicity-running`, `roster-empty`,
    `packages-too-few`, `stock-short`; 412 `stale`; 422 `reason-missing`, `hold-end-wrong` and as for a new plan; 428
    `precondition-missing`.
    """
    await get_own_as_union(db, campaign_id, caller)
    if verb in {"choose", "cancel"} and not body.reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    given: dict[str, Any] = {"campaign_id": campaign_id, "expected_revision": expected, "now": utc_now()}
    by: dict[str, Any] = {"person_id": caller.person_id}
    why: dict[str, Any] = {"reason": body.reason}
    steps: dict[str, Callable[[], Awaitable[GiftCampaign]]] = {
        "submit": lambda: carrying.submit_plan(db, **given, **by, case_id=new_id()),
        "withdraw": lambda: carrying.withdraw_plan(db, **given, **by, **why),
        "request-quotes": lambda: carrying.request_quotes(db, **given, **by),
        "choose": lambda: carrying.choose_supplier(db, **given, **by, **why),
        "publish": lambda: carrying.publish_list(db, **given, **by),
        "lock-roster": lambda: carrying.lock_roster(db, **given, caller=caller),
        "archive": lambda: following.archive_campaign(db, **given, **by, **why),
        "cancel": lambda: carrying.cancel_campaign(db, **given, **by, **why),
    }
    campaign = await steps[verb]()
    return await once.answer(db, await _whole(db, campaign))


async def get_own_as_union(db: Any, campaign_id: UUID, caller: Caller) -> GiftCampaign:
    """The campaign for who may change it. 403 `duty-missing`; 404 `gift-campaign-unknown`."""
    campaign = await queries.get_own(db, campaign_id, caller)
    ensure_duty(caller, "union")
    return campaign


async def _whole(db: Any, campaign: GiftCampaign) -> schemas.CampaignOut:
    unit = await unit_queries.get_unit(db, campaign.unit_id)
    packed = await queries.list_packages(db, campaign.campaign_id)
    papers = await queries.list_documents(db, campaign.campaign_id)
    counts = await member_queries.count_members(db, campaign.campaign_id)
    tier = carrying.tier_of(campaign)
    counted = rules.counted_papers([(each.kind, each.supplier_name, each.counted) for each in papers])
    warnings = rules.plan_warnings(actions.plan_of(campaign), county_code=campaign.county_code)
    warnings += rules.package_warnings([[line.sku_id for line in each.lines] for each in packed])
    return schemas.CampaignOut.model_validate(
        {
            **_item(campaign, unit.name).model_dump(),
            "lot_address": campaign.lot_address,
            "default_package_id": campaign.default_package_id,
            "case_id": campaign.case_id,
            "choice_reason": campaign.choice_reason,
            "plan_round": campaign.plan_round,
            "steps": rules.steps_of(tier, campaign.mode),
            "tier": {
                "method": tier.method,
                "method_en": tier.method_en,
                "requires": dict(tier.requires),
                "missing": missing_papers(tier, papers=counted, way="GIFT"),
                "source": tier.source,
                "confidence": tier.confidence,
            },
            "warnings": warnings,
            "roster": {
                "member_count": counts.members,
                "eligible_count": counts.eligible,
                "whole_lot_count": counts.whole_lot,
            },
            "packages": [_package(each) for each in packed],
            "documents": [schemas.DocumentOut.model_validate(each) for each in papers],
        }
    )


def _package(packed: queries.Packed) -> schemas.PackageOut:
    lines = [schemas.PackageLineOut.model_validate(each) for each in packed.lines]
    return schemas.PackageOut.model_validate(packed.package).model_copy(update={"lines": lines})


def _item(campaign: GiftCampaign, unit_name: str) -> schemas.CampaignItem:
    return schemas.CampaignItem.model_validate(campaign).model_copy(update={"unit_name": unit_name})


def _row(campaign: GiftCampaign, unit_name: str) -> list[Any]:
    names = {each.code: each.zh for each in policy.holidays_of(campaign.county_code)}
    return [
        campaign.name,
        unit_name,
        "、".join(names.get(code, code) for code in campaign.holiday_codes),
        campaign.year,
        float(yuan(campaign.per_head_fen)),
        campaign.planned_count,
        float(yuan(campaign.budget_fen)),
        _MODES[campaign.mode],
        _STATUSES[campaign.status],
        campaign.publicity_from_on,
        campaign.publicity_until_on,
        campaign.claim_until_at,
        campaign.created_at,
    ]


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
