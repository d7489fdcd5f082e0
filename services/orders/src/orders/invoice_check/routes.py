"""Invoices of units' orders over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_check import actions, documents, queries, rules, schemas
from orders.invoice_check.models import UnitInvoice
from orders.settlement import queries as settlement_queries
from shared.auth import Caller, CallerDep, require_kind
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import TooLarge
from shared.etag import IfMatch, etag_of
from shared.files import Files
from shared.idempotency import Once
from shared.ids import new_id

router = APIRouter(prefix="/v1", tags=["settlements"])
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in sorted(documents.MEDIA_TYPES)},
    }
}


@router.get("/settlements/{order_id}/invoices")
async def list_invoices(order_id: UUID, caller: CallerDep, db: Read) -> schemas.InvoicesChecked:
    """The order's invoices with every difference, field by field. 404 `settlement-not-found`."""
    owed = await settlement_queries.get_seen(db, order_id, caller)
    against = await queries.get_owed(db, owed)
    return schemas.InvoicesChecked(
        items=await _told(db, await queries.list_invoices(db, order_id)),
        differences=[schemas.DifferenceOut.of(each) for each in await actions.differences_of(db, owed)],
        title=against.title,
        taxpayer_id=against.taxpayer_id,
        payable_fen=against.payable_fen,
    )


@router.post("/settlements/{order_id}/invoices", status_code=201, response_model=schemas.InvoiceOut)
async def enter_invoice(
    order_id: UUID, body: schemas.InvoiceIn, caller: SupplierCaller, db: Db, once: Once
) -> Response:
    """Enter an invoice for an accepted order; several may come to its amount together.

    404 `settlement-not-found`; 409 `settlement-stage`, `settlement-disputed`, `invoice-number-used`; 422
    `invoice-number-form`, `invoice-code-form`, `invoice-day-future`, `invoice-sums-differ`, `taxpayer-id-invalid`,
    `tax-rate-unknown`, `invoice-line-unknown`.
    """
    invoice = await actions.enter_invoice(
        db, invoice_id=new_id(), order_id=order_id, entry=body.to_entry(), caller=caller, now=utc_now()
    )
    return await once.answer(db, (await _told(db, [invoice]))[0], status=201)


@router.put("/unit-invoices/{invoice_id}")
async def correct_invoice(
    invoice_id: UUID, body: schemas.InvoiceIn, caller: SupplierCaller, db: Db, expected: IfMatch, response: Response
) -> schemas.InvoiceOut:
    """Write an invoice anew that was sent back, or is not looked at yet.

    404 `invoice-not-found`, `settlement-not-found`; 409 `invoice-status`, `settlement-stage`, `settlement-disputed`,
    `invoice-number-used`; 412 `stale`; 422 as for entering.
    """
    invoice = await actions.correct_invoice(
        db,
        invoice_id=invoice_id,
        entry=body.to_entry(),
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(invoice.revision)
    return (await _told(db, [invoice]))[0]


@router.post("/unit-invoices/{invoice_id}/{verb}")
async def move_invoice(
    invoice_id: UUID,
    verb: Literal["reject", "withdraw"],
    body: schemas.WhyIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.InvoiceOut:
    """The unit sends an invoice back with the reason; the supplier takes one away.

    403 `unit-needed`, `duty-missing`; 404 `invoice-not-found`, `settlement-not-found`; 409 `invoice-status`,
    `settlement-stage`, `settlement-disputed`, `unit-closed`; 412 `stale`; 422 `reason-missing`.
    """
    invoice = await actions.move_invoice(
        db,
        invoice_id=invoice_id,
        verb=verb,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(invoice.revision)
    return (await _told(db, [invoice]))[0]


@router.post("/settlements/{order_id}/accept-invoices")
async def accept_invoices(
    order_id: UUID, body: schemas.WhyIn, caller: CallerDep, db: Db, expected: IfMatch
) -> list[schemas.InvoiceOut]:
    """The unit accepts the order's invoices together; If-Match is the settlement's revision. What does not agree in
    amount, title, taxpayer's id or exemption cannot be accepted; other differences need a reason.

    403 `unit-needed`, `duty-missing`; 404 `settlement-not-found`; 409 `invoices-differ`, `invoices-missing`,
    `settlement-stage`, `settlement-disputed`, `unit-closed`; 412 `stale`; 422 `reason-missing`.
    """
    invoices = await actions.accept_invoices(
        db, order_id=order_id, reason=body.reason, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _told(db, invoices)


@router.put("/unit-invoices/{invoice_id}/file", openapi_extra=_BODY)
async def attach_file(request: Request, invoice_id: UUID, caller: SupplierCaller, db: Db) -> schemas.InvoiceOut:
    """The invoice itself: PDF, OFD, XML or a picture of at most 10 MB, its bytes as the body. It replaces the one
    before until the invoice is accepted.

    404 `invoice-not-found`; 409 `invoice-status`, `settlement-stage`, `settlement-disputed`; 413 `file-too-large`; 415
    `file-type-not-accepted`.
    """
    too_large = TooLarge("The file may have at most 10 MB.", code="file-too-large", max_bytes=documents.MOST_BYTES)
    content = await read_body(request, max_bytes=documents.MOST_BYTES, refusal=too_large)
    invoice = await actions.attach_file(
        db, _files(request), invoice_id=invoice_id, content=content, caller=caller, now=utc_now()
    )
    return (await _told(db, [invoice]))[0]


@router.get("/unit-invoices/{invoice_id}/file", response_class=Response)
async def get_file(request: Request, invoice_id: UUID, caller: CallerDep, db: Read) -> Response:
    """The invoice itself, for who sees its order. 404 `invoice-not-found`, `settlement-not-found`."""
    invoice = await queries.get_invoice(db, invoice_id)
    await settlement_queries.get_seen(db, invoice.order_id, caller)
    if invoice.file_key is None or invoice.file_type is None:
        raise queries.no_such_invoice()
    stored = await _files(request).get(f"invoices/{invoice.file_key}")
    name = quote(documents.document_name(invoice.number, invoice.file_type))
    headers = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
    }
    return Response(stored.content, media_type=invoice.file_type, headers=headers)


@router.get("/invoice-rules")
async def get_invoice_rules(_: CallerDep) -> schemas.InvoiceRules:
    """What an invoice may be, with the source of each figure."""
    return schemas.InvoiceRules.of(rules.rates().values(), rules.kinds().values())


async def _told(db: AsyncSession, invoices: Sequence[UnitInvoice]) -> list[schemas.InvoiceOut]:
    lines = await queries.list_lines(db, [each.invoice_id for each in invoices])
    return [schemas.InvoiceOut.of(each, lines.get(each.invoice_id, [])) for each in invoices]


def _files(request: Request) -> Files:
    files: Files = request.app.state.files
    return files
