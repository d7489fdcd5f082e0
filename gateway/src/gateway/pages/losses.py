"""Parcels that do not arrive: declared by their supplier or the service desk, missed by their buyer."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages import desk_part, orders, service
from gateway.pages.desk import ensure_supplier
from gateway.pages.shell import PageDep
from gateway.pages.typed import typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound

router = APIRouter(default_response_class=Response)
_REFUSALS = (BadRequest, Conflict, Forbidden, Invalid, NotFound)


@router.post("/desk/shipments/{shipment_id}/lose")
async def post_lose(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, shipment_id: UUID
) -> Response:
    """Parcels of the supplier's own shipment are lost."""
    ensure_supplier(visitor)
    try:
        await services.logistics.post(
            f"/v1/shipments/{shipment_id}/lose",
            visitor=visitor,
            json=loss_of(form),
            idempotency_key=str(form.get("key", "")),
        )
    except _REFUSALS as refusal:
        return await desk_part.show(page, services, visitor, shipment_id, form=form, refusal=refusal, at="lose")
    return page.go(f"/desk/shipments/{shipment_id}", done="lost")


@router.post(f"{service.PATH}/{{order_id}}/lose")
async def post_lose_at_desk(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Parcels of an order are lost, as the customer service found."""
    ensure_kind(visitor, "operator")
    try:
        await services.logistics.post(
            f"/v1/shipments/{_shipment_id(form)}/lose",
            visitor=visitor,
            json=loss_of(form),
            idempotency_key=str(form.get("key", "")),
        )
    except _REFUSALS as refusal:
        typed = typed_of(form, "remedy", "evidence")
        return await service.show_case(page, services, visitor, order_id, typed=typed, refusal=refusal)
    return page.go(f"{service.PATH}/{order_id}", done="lost")


@router.post("/orders/{order_id}/parts/{supplier_order_id}/missing")
async def post_missing(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, supplier_order_id: UUID
) -> Response:
    """The buyer says that a part has not come."""
    try:
        await services.orders.post(
            f"/v1/orders/{order_id}/parts/{supplier_order_id}/report-missing",
            visitor=visitor,
            json={"note": str(form.get("note", ""))},
            idempotency_key=str(form.get("key", "")),
        )
    except (BadRequest, Conflict, Invalid) as refusal:
        return await orders.show(page, services, visitor, order_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"/orders/{order_id}", done="missing")


def loss_of(form: FormData) -> dict[str, Any]:
    """The declaration as the form says it. Invalid `parcels-missing`."""
    parcel_ids = [str(each) for each in form.getlist("parcel_id")]
    if not parcel_ids:
        raise Invalid("Choose the parcels that are lost.", code="parcels-missing", field="parcel_id")
    return {
        "parcel_ids": parcel_ids,
        "remedy": "send_again" if form.get("remedy") == "send_again" else "refund",
        "evidence": str(form.get("evidence", "")),
    }


def _shipment_id(form: FormData) -> UUID:
    try:
        return UUID(str(form.get("shipment_id", "")))
    except ValueError as error:
        raise Invalid(
            "This form was altered. Load the page again.", code="lines-invalid", field="shipment_id"
        ) from error
