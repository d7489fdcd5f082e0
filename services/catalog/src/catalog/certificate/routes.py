"""Certificates over HTTP: a supplier submits, the county's agriculture bureau or an operator decides."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, ensure_oversees, may_edit, may_see
from catalog.certificate import actions, data, queries
from catalog.certificate.models import Certificate
from catalog.certificate.queries import CertificateFilter
from catalog.certificate.schemas import (
    BasisSchema,
    CertificateDetail,
    CertificateIn,
    CertificateItem,
    CertificatePage,
    CertificateStatus,
    CertificateType,
    FormSchema,
    KindPage,
    KindSchema,
    ReasonIn,
)
from catalog.cursors import cursor_instant_and_id
from catalog.fields import DivisionCode, Line
from catalog.product import queries as product_queries
from catalog.trail import queries as trail_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["certificates"])

_HEAD = ["品名", "类型", "证号", "发证机构", "起", "止", "状态", "说明", "产地区划", "提交时间", "证书编号"]
_STATUSES_ZH = {
    "SUBMITTED": "待核验",
    "VERIFIED": "已核验",
    "REFUSED": "已退回",
    "WITHDRAWN": "已撤回",
    "EXPIRED": "已到期",
}
_EXPORT_BATCH = 500


def _wanted(
    *,
    status: CertificateStatus | None = None,
    certificate_type: Annotated[CertificateType | None, Query(alias="type")] = None,
    product_id: UUID | None = None,
    supplier_id: UUID | None = None,
    county: DivisionCode | None = None,
    until: Annotated[date | None, Query(description="Verified, with the last day on this day or earlier.")] = None,
    q: Annotated[Line, Query(max_length=64, description="In number, issuer or product.")] = "",
) -> CertificateFilter:
    return CertificateFilter(status, certificate_type, product_id, supplier_id, county, until, q or None)


Wanted = Annotated[CertificateFilter, Depends(_wanted)]


@router.get("/certificate-types")
async def list_certificate_types() -> KindPage:
    """The types of certificate with the form of their numbers, and the conformity certificate's forms and bases."""
    return KindPage(
        items=[KindSchema.of(each) for each in data.certificate_kinds().values()],
        conformity_forms=[
            FormSchema.model_validate(each, from_attributes=True) for each in data.conformity_forms().values()
        ],
        conformity_bases=[BasisSchema.model_validate(each) for each in data.conformity_bases().values()],
    )


@router.get("/certificates")
async def list_certificates(
    db: Read, caller: CallerDep, wanted: Wanted, *, cursor: CursorText = None, limit: Limit = 20
) -> CertificatePage:
    """Certificates, the latest first: a supplier sees its own, an official those of the own regions, an operator
    all."""
    found = await queries.list_visible(db, caller, wanted=wanted, after=cursor_instant_and_id(cursor), limit=limit + 1)
    last = found[limit - 1].certificate if len(found) > limit else None
    return CertificatePage(
        items=[CertificateItem.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.submitted_at.isoformat(), last.certificate_id) if last else None,
    )


@router.get("/certificates/export", response_class=Response)
async def export_certificates(
    request: Request, caller: CallerDep, wanted: Wanted, sheet_format: SheetFormat = "csv"
) -> Response:
    """The same list as a table, whole."""
    return await sheet_response(sheet_format, name="认证证书", head=_HEAD, batches=_rows(request, caller, wanted))


@router.get("/certificates/{certificate_id}")
async def get_certificate(db: Read, caller: CallerDep, certificate_id: UUID, response: Response) -> CertificateDetail:
    """The certificate with what it states and its trail; the ETag is for deciding. 404 `certificate-unknown`."""
    found = await queries.get_certificate(db, certificate_id)
    if not may_see(caller, supplier_id=found.supplier_id, county_code=found.county_code):
        raise queries.unknown_certificate()
    response.headers["ETag"] = etag_of(found.revision)
    return await _detail(db, found)


@router.post("/certificates", status_code=201, response_model=CertificateDetail)
async def submit_certificate(db: Db, caller: CallerDep, once: Once, body: CertificateIn) -> Response:
    """Submit a certificate of an own product; an operator's entry counts at once.

    403 `not-your-supplier`; 404 `product-unknown`; 409 `certificate-exists`; 422 `certificate-number-invalid`,
    `certificate-is-report`, `certificate-period-empty`, `certificate-over`, `conformity-missing`,
    `conformity-unexpected`, `document-unknown`.
    """
    product = await product_queries.get_product(db, body.product_id)
    ensure_may_edit(caller, product.supplier_id)
    made = await actions.submit_certificate(
        db,
        certificate_id=new_id(),
        product_id=body.product_id,
        proof=body.as_proof(),
        document_id=body.document_id,
        statement=body.conformity.as_statement() if body.conformity else None,
        is_verified=caller.is_operator,
        caller=caller,
        now=utc_now(),
    )
    response = await once.answer(db, await _detail(db, made), status=201)
    response.headers["ETag"] = etag_of(made.revision)
    return response


@router.post("/certificates/{certificate_id}/verify")
async def verify_certificate(
    db: Db, caller: CallerDep, expected: IfMatch, certificate_id: UUID, response: Response
) -> CertificateDetail:
    """It is true: the badge shows from now on. By the agriculture bureau of the origin, or an operator.

    403 `officials-only`, `not-your-region`, `role-missing`; 404; 409 `certificate-status`; 412; 422
    `certificate-over`; 428.
    """
    await _ensure_may_decide(db, caller, certificate_id)
    return await _decided(db, certificate_id, "verify", expected, caller, response)


@router.post("/certificates/{certificate_id}/refuse")
async def refuse_certificate(
    db: Db, caller: CallerDep, expected: IfMatch, certificate_id: UUID, body: ReasonIn, response: Response
) -> CertificateDetail:
    """It is not accepted, and why; the supplier may submit anew. As for verifying."""
    await _ensure_may_decide(db, caller, certificate_id)
    return await _decided(db, certificate_id, "refuse", expected, caller, response, reason=body.reason)


@router.post("/certificates/{certificate_id}/withdraw")
async def withdraw_certificate(
    db: Db, caller: CallerDep, expected: IfMatch, certificate_id: UUID, body: ReasonIn, response: Response
) -> CertificateDetail:
    """It no longer counts: taken back by its supplier, or by who may decide. 409 `certificate-status`; 412; 428."""
    found = await queries.get_certificate(db, certificate_id)
    if not may_edit(caller, found.supplier_id):
        await _ensure_may_decide(db, caller, certificate_id)
    return await _decided(db, certificate_id, "withdraw", expected, caller, response, reason=body.reason)


async def _ensure_may_decide(db: AsyncSession, caller: Caller, certificate_id: UUID) -> None:
    found = await queries.get_certificate(db, certificate_id)
    ensure_oversees(caller, found.county_code, "agriculture")


async def _decided(
    db: AsyncSession,
    certificate_id: UUID,
    verb: str,
    expected: int,
    caller: Caller,
    response: Response,
    *,
    reason: str = "",
) -> CertificateDetail:
    made = await actions.decide(
        db,
        certificate_id=certificate_id,
        verb=verb,
        expected_revision=expected,
        reason=reason,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(made.revision)
    return await _detail(db, made)


async def _detail(db: AsyncSession, certificate: Certificate) -> CertificateDetail:
    product = await product_queries.get_product(db, certificate.product_id)
    return CertificateDetail.told(
        certificate,
        product_title=product.title,
        statement=await queries.find_statement(db, certificate.certificate_id),
        trail=list(
            await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=certificate.certificate_id)
        ),
    )


async def _rows(request: Request, caller: Caller, wanted: CertificateFilter) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after: tuple[datetime, UUID] | None = None
    kinds = data.certificate_kinds()
    while True:
        async with request.app.state.database.read() as db:
            found = await queries.list_visible(db, caller, wanted=wanted, after=after, limit=_EXPORT_BATCH)
        if not found:
            return
        last = found[-1].certificate
        after = (last.submitted_at, last.certificate_id)
        yield [
            [
                row.product_title,
                kinds[row.certificate.type].zh,
                row.certificate.number,
                row.certificate.issuer,
                row.certificate.valid_from,
                row.certificate.valid_until,
                _STATUSES_ZH[row.certificate.status],
                row.certificate.status_reason,
                row.certificate.county_code,
                row.certificate.submitted_at,
                str(row.certificate.certificate_id),
            ]
            for row in found
        ]
