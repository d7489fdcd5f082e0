"""From accepted to counted: a supplier's invoices, a unit's check, payment and review, on one page an order."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.list_pages import add_list
from gateway.pages.listing import download
from gateway.pages.promotion_form import MistypedError
from gateway.pages.settlement_form import PAYMENT_FIELDS, invoice_of, payment_of, review_of, typed_invoice
from gateway.pages.settlement_view import one_view, settlements_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TooLarge,
    Unsupported,
)

router = APIRouter(default_response_class=Response)
PATH: Final = "/work/settlements"
_KINDS: Final = ("institution", "supplier", "official", "operator")
_REFUSALS = (BadRequest, Conflict, Forbidden, Invalid, Stale, TooLarge, Unsupported)
_DONE: Final = (
    "entered",
    "corrected",
    "withdrawn",
    "rejected",
    "accepted",
    "told",
    "moved",
    "undone",
    "reviewed",
    "filed",
)
_OF_INVOICE: Final = {"withdraw": "withdrawn", "reject": "rejected"}


add_list(router, PATH, _KINDS, lambda page, _: settlements_of(page, PATH))


@router.get(f"{PATH}/{{order_id}}")
async def get_settlement(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """One order: its invoices and differences, its payments, its review."""
    ensure_kind(visitor, *_KINDS)
    return await _one(page, services, visitor, order_id)


async def _one(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    *,
    refusal: Exception | None = None,
    invoice: Typed | None = None,
    payment: Typed | None = None,
) -> Response:
    path = f"/v1/settlements/{order_id}"
    found = await services.orders.get(path, visitor=visitor)
    checked = await services.orders.get(f"{path}/invoices", visitor=visitor)
    told = await services.orders.get("/v1/invoice-rules", visitor=visitor)
    error, status = _error(page, refusal)
    done = page.request.query_params.get("done", "")
    chosen = page.request.query_params.get("invoice", "") or (invoice.invoice_id if invoice else "")
    return page.render(
        "settlement.html",
        status=status,
        error=error,
        notice=str(getattr(page.t.settlements, f"done_{done}")) if done in _DONE else "",
        **one_view(page, visitor, found, checked, told, invoice=invoice, payment=payment, chosen=chosen),
    )


def _error(page: Page, refusal: Exception | None) -> tuple[str, int]:
    if refusal is None:
        return "", 200
    if isinstance(refusal, MistypedError):
        return page.t.settlements.mistyped, 422
    return (page.told(refusal), refusal.status) if isinstance(refusal, _REFUSALS) else ("", 422)


@router.post(f"{PATH}/{{order_id}}/invoice")
async def post_invoice(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Enter an invoice or write one anew, with its file."""
    ensure_kind(visitor, "supplier")
    typed, file = typed_invoice(form), form.get("file")
    try:
        body = invoice_of(typed)
        if typed.invoice_id:
            path, headers = f"/v1/unit-invoices/{_id(typed.invoice_id)}", {"If-Match": f'"{typed.revision}"'}
            invoice = (await services.orders.answer("PUT", path, visitor=visitor, json=body, headers=headers)).json
        else:
            invoice = await services.orders.post(
                f"/v1/settlements/{order_id}/invoices",
                visitor=visitor,
                json=body,
                idempotency_key=str(form.get("key", "")),
            )
        if isinstance(file, UploadFile) and file.filename:
            await services.orders.answer(
                "PUT",
                f"/v1/unit-invoices/{invoice['invoice_id']}/file",
                visitor=visitor,
                data=await file.read(),
                headers={"Content-Type": "application/octet-stream"},
                timeout=60.0,
            )
    except (MistypedError, *_REFUSALS) as refusal:
        return await _one(page, services, visitor, order_id, refusal=refusal, invoice=typed)
    return page.go(f"{PATH}/{order_id}", done="corrected" if typed.invoice_id else "entered")


@router.post(f"{PATH}/{{order_id}}/invoices/{{invoice_id}}")
async def post_invoice_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, invoice_id: UUID
) -> Response:
    """Send an invoice back, or take one away."""
    verb = str(form.get("verb", ""))
    if verb not in _OF_INVOICE:
        raise BadRequest("This form was altered.", code="verb-unknown", field="verb")
    path = f"/v1/unit-invoices/{invoice_id}/{verb}"
    return await _move(page, services, visitor, form, order_id, path=path, done=_OF_INVOICE[verb])


@router.get(f"{PATH}/{{order_id}}/invoices/{{invoice_id}}/file")
async def get_invoice_file(services: Services, visitor: SignedIn, order_id: UUID, invoice_id: UUID) -> Response:
    """The invoice itself."""
    del order_id
    return await download(services.orders, visitor, f"/v1/unit-invoices/{invoice_id}/file", {}, accept="*/*")


@router.post(f"{PATH}/{{order_id}}/accept")
async def post_accept(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """The unit accepts the invoices."""
    ensure_kind(visitor, "institution")
    path = f"/v1/settlements/{order_id}/accept-invoices"
    return await _move(page, services, visitor, form, order_id, path=path, done="accepted")


@router.post(f"{PATH}/{{order_id}}/payment")
async def post_payment(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """The unit tells that it paid."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, *PAYMENT_FIELDS)
    try:
        await services.orders.post(
            f"/v1/settlements/{order_id}/payments",
            visitor=visitor,
            json=payment_of(typed),
            idempotency_key=str(form.get("key", "")),
        )
    except (MistypedError, *_REFUSALS) as refusal:
        return await _one(page, services, visitor, order_id, refusal=refusal, payment=typed)
    return page.go(f"{PATH}/{order_id}", done="told")


@router.post(f"{PATH}/{{order_id}}/payments/{{payment_id}}")
async def post_payment_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, payment_id: UUID
) -> Response:
    """Confirm or refuse a payment, or take the word back."""
    verb = str(form.get("verb", ""))
    if verb not in {"confirm", "refuse", "withdraw"}:
        raise BadRequest("This form was altered.", code="verb-unknown", field="verb")
    path = f"/v1/unit-payments/{payment_id}/{verb}"
    return await _move(page, services, visitor, form, order_id, path=path, done="moved")


@router.post(f"{PATH}/{{order_id}}/matches/{{match_id}}")
async def post_undo(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, match_id: UUID
) -> Response:
    """This money was for something else."""
    ensure_kind(visitor, "supplier", "operator")
    path = f"/v1/settlement-matches/{match_id}/undo"
    return await _move(page, services, visitor, form, order_id, path=path, done="undone")


@router.post(f"{PATH}/{{order_id}}/review")
async def post_review(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """The unit's stars: the order is completed and counts."""
    ensure_kind(visitor, "institution")
    try:
        await services.orders.post(
            f"/v1/settlements/{order_id}/review",
            visitor=visitor,
            json=review_of(form),
            idempotency_key=str(form.get("key", "")),
        )
    except (MistypedError, *_REFUSALS) as refusal:
        return await _one(page, services, visitor, order_id, refusal=refusal)
    return page.go(f"{PATH}/{order_id}", done="reviewed")


async def _move(
    page: Page, services: Services, visitor: Visitor, form: Any, order_id: UUID, *, path: str, done: str
) -> Response:
    ensure_kind(visitor, *_KINDS)
    try:
        await services.orders.answer(
            "POST",
            path,
            visitor=visitor,
            json={"reason": str(form.get("reason", "")).strip()[:500]},
            headers={"If-Match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSALS as refusal:
        return await _one(page, services, visitor, order_id, refusal=refusal)
    return page.go(f"{PATH}/{order_id}", done=done)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("There is no such invoice.", code="invoice-not-found") from error
