"""Brands over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import ensure_oversees
from catalog.brand import actions, queries, rules
from catalog.brand.schemas import (
    BrandCheck,
    BrandIn,
    BrandPage,
    BrandSchema,
    GrantIn,
    GrantPage,
    GrantSchema,
    GrantStatus,
    UseIn,
    WhyIn,
)
from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.newest import cut, sheet_batches
from catalog.product.data import categories
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["brands"])

_HEAD = ("证书编号", "供应商", "有效期起", "有效期止", "标识配额", "已用", "状态", "撤销原因")
_STATUS_ZH = {"IN_FORCE": "有效", "REVOKED": "已撤销", "EXPIRED": "已到期"}
_BRAND_HEAD = ("品牌", "英文名", "地区", "所属部门", "品类", "品质要求", "状态")
_BRAND_STATUS_ZH = {"ACTIVE": "使用中", "RETIRED": "已停用"}
Wanted = Annotated[Line | None, Query(description="Part of the supplier's name or the certificate number.")]
Statuses = Annotated[list[GrantStatus] | None, Query(alias="status")]


@router.get("/brands")
async def list_brands(
    db: Read,
    *,
    region: Annotated[DivisionCode | None, Query()] = None,
    q: Annotated[Line | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> BrandPage:
    """Regional brands, the newest first, for everybody."""
    found = await queries.list_brands(db, region_code=region, q=q, after=cursor_id(cursor), limit=limit + 1)
    shown, next_cursor = cut(found, limit, lambda each: each.brand_id)
    return BrandPage(items=[BrandSchema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/brands/export", response_class=Response)
async def export_brands(
    request: Request,
    kind: SheetFormat,
    *,
    region: Annotated[DivisionCode | None, Query()] = None,
    q: Annotated[Line | None, Query()] = None,
) -> Response:
    """The same list as a spreadsheet."""
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_brands(db, region_code=region, q=q, after=after, limit=limit),
        key=lambda each: each.brand_id,
        row=lambda each: (
            each.name,
            each.name_en,
            each.region_name,
            each.owner_office,
            "、".join(categories()[name].zh for name in each.categories),
            each.quality_rule,
            _BRAND_STATUS_ZH[each.status],
        ),
    )
    return await sheet_response(kind, name="区域公用品牌", head=_BRAND_HEAD, batches=batches)


@router.post("/brands", status_code=201, response_model=BrandSchema)
async def found_brand(db: Db, caller: CallerDep, once: Once, body: BrandIn) -> Response:
    """Found a brand (an office of the region that may own one). 404 `region-unknown`; 409 `brand-exists`; 422
    `category-unknown`."""
    ensure_oversees(caller, body.region_code, *rules.OWNERS)
    brand = await actions.found_brand(db, brand_id=new_id(), **body.model_dump(), caller=caller, now=utc_now())
    response = await once.answer(db, BrandSchema.model_validate(brand), status=201)
    response.headers["ETag"] = etag_of(brand.revision)
    return response


@router.get("/brands/{brand_id}")
async def get_brand(db: Read, brand_id: UUID, response: Response) -> BrandSchema:
    """The brand. 404 `brand-unknown`."""
    brand = await queries.get_brand(db, brand_id)
    response.headers["ETag"] = etag_of(brand.revision)
    return BrandSchema.model_validate(brand)


@router.post("/brands/{brand_id}/retire")
async def retire_brand(
    db: Db, caller: CallerDep, expected: IfMatch, brand_id: UUID, body: WhyIn, response: Response
) -> BrandSchema:
    """Grant it no more. 409 `brand-status`."""
    ensure_oversees(caller, (await queries.get_brand(db, brand_id)).region_code, *rules.OWNERS)
    brand = await actions.retire_brand(
        db, brand_id=brand_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(brand.revision)
    return BrandSchema.model_validate(brand)


@router.get("/brand-grants")
async def list_grants(
    db: Read,
    *,
    brand_id: UUID | None = None,
    supplier_id: UUID | None = None,
    status: Statuses = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> GrantPage:
    """Who may use which brand, the newest first, for everybody."""
    found = await queries.list_grants(
        db,
        brand_id=brand_id,
        supplier_id=supplier_id,
        statuses=status or (),
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda each: each.grant_id)
    return GrantPage(items=[GrantSchema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/brand-grants/export", response_class=Response)
async def export_grants(
    request: Request,
    kind: SheetFormat,
    *,
    brand_id: UUID | None = None,
    supplier_id: UUID | None = None,
    status: Statuses = None,
    q: Wanted = None,
) -> Response:
    """The same list as a spreadsheet."""
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_grants(
            db,
            brand_id=brand_id,
            supplier_id=supplier_id,
            statuses=status or (),
            q=q,
            after=after,
            limit=limit,
        ),
        key=lambda each: each.grant_id,
        row=lambda each: (
            each.certificate_number,
            each.supplier_name,
            each.valid_from_on,
            each.valid_until_on,
            each.quota_count,
            each.used_count,
            _STATUS_ZH[each.status],
            each.revoked_reason,
        ),
    )
    return await sheet_response(kind, name="公用品牌授权", head=_HEAD, batches=batches)


@router.post("/brands/{brand_id}/grants", status_code=201, response_model=GrantSchema)
async def grant_brand(db: Db, caller: CallerDep, once: Once, brand_id: UUID, body: GrantIn) -> Response:
    """Let a supplier use the brand (its owners). 404 `brand-unknown`, `supplier-unknown`; 409 `brand-status`,
    `grant-exists`, `supplier-not-active`, `supplier-order-banned`; 422 `period-invalid`."""
    ensure_oversees(caller, (await queries.get_brand(db, brand_id)).region_code, *rules.OWNERS)
    grant = await actions.grant_brand(
        db, grant_id=new_id(), brand_id=brand_id, **body.model_dump(), caller=caller, now=utc_now()
    )
    response = await once.answer(db, GrantSchema.model_validate(grant), status=201)
    response.headers["ETag"] = etag_of(grant.revision)
    return response


@router.post("/brand-grants/{grant_id}/use")
async def use_labels(
    db: Db, caller: CallerDep, expected: IfMatch, grant_id: UUID, body: UseIn, response: Response
) -> GrantSchema:
    """So many labels were used: noted by the brand's owners or by the supplier itself. 409 `grant-status`,
    `quota-exceeded`."""
    grant = await queries.get_grant(db, grant_id)
    if caller.kind != "supplier" or caller.organisation_id != grant.supplier_id:
        ensure_oversees(caller, (await queries.get_brand(db, grant.brand_id)).region_code, *rules.OWNERS)
    changed = await actions.use_labels(
        db, grant_id=grant_id, expected_revision=expected, count=body.count, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(changed.revision)
    return GrantSchema.model_validate(changed)


@router.post("/brand-grants/{grant_id}/revoke")
async def revoke_grant(
    db: Db, caller: CallerDep, expected: IfMatch, grant_id: UUID, body: WhyIn, response: Response
) -> GrantSchema:
    """Take the leave back (the brand's owners). 409 `grant-status`."""
    grant = await queries.get_grant(db, grant_id)
    ensure_oversees(caller, (await queries.get_brand(db, grant.brand_id)).region_code, *rules.OWNERS)
    changed = await actions.revoke_grant(
        db, grant_id=grant_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(changed.revision)
    return GrantSchema.model_validate(changed)


@router.get("/brand-check")
async def check_brand(db: Read, number: Annotated[Line, Query(min_length=1)]) -> BrandCheck:
    """What a certificate number on a label stands for, for everybody. 404 `brand-number-unknown`: never issued; 422
    `brand-number-invalid`: mistyped."""
    grant = await queries.get_grant_numbered(db, rules.normalised_number(number))
    brand = await queries.get_brand(db, grant.brand_id)
    today = business_day(utc_now())
    return BrandCheck(
        certificate_number=grant.certificate_number,
        is_valid=grant.status == "IN_FORCE" and grant.valid_from_on <= today <= grant.valid_until_on,
        status=grant.status,
        brand_name=brand.name,
        brand_name_en=brand.name_en,
        region_name=brand.region_name,
        owner_office=brand.owner_office,
        supplier_id=grant.supplier_id,
        supplier_name=grant.supplier_name,
        valid_from_on=grant.valid_from_on,
        valid_until_on=grant.valid_until_on,
        revoked_reason=grant.revoked_reason,
    )
