"""Rules over HTTP: everybody reads the published ones, operators edit, try and publish."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_operator
from catalog.cursors import cursor_id
from catalog.eligibility import actions as eligibility_actions
from catalog.eligibility import queries as eligibility_queries
from catalog.eligibility_rule import actions, queries, rules
from catalog.eligibility_rule.models import RuleVersion
from catalog.eligibility_rule.schemas import (
    ChangeSchema,
    DiscardIn,
    DryRun,
    RuleSetList,
    RuleSetSchema,
    VersionDetail,
    VersionIn,
    VersionSchema,
)
from catalog.product import queries as product_queries
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import NotFound
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.page import CursorText, encode_cursor

router = APIRouter(prefix="/v1", tags=["eligibility"])

_DRY_RUN_BATCH = 500


@router.get("/eligibility-rule-sets")
async def list_rule_sets(db: Read, caller: OptionalCaller) -> RuleSetList:
    """All rule sets with their versions: published ones for everybody, drafts for operators."""
    is_operator = caller is not None and caller.is_operator
    versions = await queries.list_versions(db, statuses=None if is_operator else ["PUBLISHED"])
    items = [
        RuleSetSchema(
            code=each.code,
            title_zh=each.title_zh,
            title_en=each.title_en,
            layer=each.layer,
            city_code=each.city_code,
            reach=each.reach,
            versions=[VersionSchema.model_validate(v) for v in versions if v.rule_set == each.code],
        )
        for each in await queries.list_rule_sets(db)
    ]
    open_count = await eligibility_queries.count_open_sweeps(db, today=business_day(utc_now()))
    return RuleSetList(items=items, is_settled=open_count == 0)


@router.post("/eligibility-rule-sets/{code}/versions", status_code=201, response_model=VersionSchema)
async def create_version(db: Db, caller: CallerDep, once: Once, code: str, body: VersionIn) -> Response:
    """Draft the next version (operators). 404 `rule-set-unknown`; 422 `rule-case-invalid`."""
    ensure_operator(caller)
    version = await actions.create_version(db, rule_set=code, caller=caller, now=utc_now(), **_given(body))
    response = await once.answer(db, VersionSchema.model_validate(version), status=201)
    response.headers["ETag"] = etag_of(version.revision)
    return response


@router.get("/eligibility-versions/{version_id}")
async def get_version(db: Read, caller: OptionalCaller, version_id: UUID, response: Response) -> VersionDetail:
    """A version with its trail; drafts only for operators (404 for others)."""
    version = await queries.get_version(db, version_id)
    is_operator = caller is not None and caller.is_operator
    if version.status != "PUBLISHED" and not is_operator:
        raise NotFound("There is no such version.", code="rule-version-unknown", field="version_id")
    response.headers["ETag"] = etag_of(version.revision)
    return await _detail(db, version)


@router.put("/eligibility-versions/{version_id}")
async def edit_version(
    db: Db, caller: CallerDep, expected: IfMatch, version_id: UUID, body: VersionIn, response: Response
) -> VersionDetail:
    """Replace a draft (operators). 409 `rule-version-status`; 422 `rule-case-invalid`; 428, 412."""
    ensure_operator(caller)
    version = await actions.edit_version(
        db, version_id=version_id, expected_revision=expected, caller=caller, now=utc_now(), **_given(body)
    )
    response.headers["ETag"] = etag_of(version.revision)
    return await _detail(db, version)


@router.post("/eligibility-versions/{version_id}/dry-run")
async def dry_run(db: Read, caller: CallerDep, version_id: UUID, cursor: CursorText = None) -> DryRun:
    """What the version would change today among the next 500 products (operators); writes nothing."""
    ensure_operator(caller)
    version = await queries.get_version(db, version_id)
    rule_set = await queries.get_rule_set(db, version.rule_set)
    found, last = await eligibility_actions.compare(
        db,
        rule_set=rule_set.code,
        reach=rule_set.reach,
        cases=rules.cases_of(version.cases),
        after=cursor_id(cursor),
        limit=_DRY_RUN_BATCH,
        now=utc_now(),
    )
    changed = [each for each in found if each.is_eligible_now != each.is_eligible_then]
    products = await product_queries.list_products_by_id(db, [each.product_id for each in changed])
    by_id = {each.product_id: each for each in products}
    return DryRun(
        looked_at_count=len(found),
        gained_count=sum(bool(each.is_eligible_then) and not each.is_eligible_now for each in changed),
        lost_count=sum(bool(each.is_eligible_now) and not each.is_eligible_then for each in changed),
        items=[
            ChangeSchema(
                product_id=each.product_id,
                title=by_id[each.product_id].title,
                title_en=by_id[each.product_id].title_en,
                origin_county_code=by_id[each.product_id].origin_county_code,
                is_eligible_now=each.is_eligible_now,
                is_eligible_then=each.is_eligible_then,
                case_codes=list(each.case_codes),
            )
            for each in changed
        ],
        next_cursor=encode_cursor(last) if last else None,
    )


@router.post("/eligibility-versions/{version_id}/publish")
async def publish_version(
    db: Db, caller: CallerDep, expected: IfMatch, version_id: UUID, response: Response
) -> VersionDetail:
    """Publish a draft from its first day, today or later (operators); the version before ends there.

    409 `rule-version-status`, `rule-version-later`; 422 `rule-from-past`; 428, 412.
    """
    ensure_operator(caller)
    version = await actions.move_version(
        db, version_id=version_id, verb="publish", expected_revision=expected, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(version.revision)
    return await _detail(db, version)


@router.post("/eligibility-versions/{version_id}/discard")
async def discard_version(
    db: Db, caller: CallerDep, expected: IfMatch, version_id: UUID, body: DiscardIn, response: Response
) -> VersionDetail:
    """Give a draft up (operators). 409 `rule-version-status`; 428, 412."""
    ensure_operator(caller)
    version = await actions.move_version(
        db,
        version_id=version_id,
        verb="discard",
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
        reason=body.reason,
    )
    response.headers["ETag"] = etag_of(version.revision)
    return await _detail(db, version)


def _given(body: VersionIn) -> dict[str, Any]:
    return {
        "from_on": body.from_on,
        "cases": [each.model_dump() for each in body.cases],
        "source": body.source,
        "confidence": body.confidence,
    }


async def _detail(db: AsyncSession, version: RuleVersion) -> VersionDetail:
    trail = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=version.version_id)
    return VersionDetail(
        **VersionSchema.model_validate(version).model_dump(),
        trail=[TrailItem.model_validate(each) for each in trail],
    )
