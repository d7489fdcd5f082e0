"""One part on the supplier's desk: a box of it at a time, and what is out of stock."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.desk import carriers_of, ensure_supplier, place_name
from gateway.pages.figures import money
from gateway.pages.invoice_titles import title_line
from gateway.pages.parts import Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.tracking import BADGES, named
from gateway.pages.typed import Typed
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal
from shared.log import logger

router = APIRouter(default_response_class=Response)
log = logger(__name__)

_PIECES, _LOT = "pieces-", "lot-"
_MOST_DIGITS = 7


@router.get("/desk/shipments/{shipment_id}")
async def get_part(page: PageDep, services: Services, visitor: SignedIn, shipment_id: UUID) -> Response:
    """What is in the part, what left, and the forms for a box and for what is out of stock."""
    ensure_supplier(visitor)
    return await show(page, services, visitor, shipment_id)


@router.post("/desk/shipments/{shipment_id}/parcel")
async def post_parcel(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, shipment_id: UUID
) -> Response:
    """One box leaves; the rest stays to be sent."""
    ensure_supplier(visitor)
    try:
        body = {"parcels": [parcel_of(form)], "is_partial": True}
        path = f"/v1/shipments/{shipment_id}/dispatch"
        await services.logistics.post(path, visitor=visitor, json=body, idempotency_key=str(form.get("key", "")))
    except (Conflict, Forbidden, Invalid) as refusal:
        return await show(page, services, visitor, shipment_id, form=form, refusal=refusal, at="parcel")
    return page.go(f"/desk/shipments/{shipment_id}", done="sent")


@router.post("/desk/shipments/{shipment_id}/give-up")
async def post_give_up(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, shipment_id: UUID
) -> Response:
    """First what would go back to the buyer; once that was confirmed, it does."""
    ensure_supplier(visitor)
    try:
        lost = pieces_of(form)
        reason = reason_of(form)
        if form.get("step") != "confirm":
            return await _ask(page, services, visitor, shipment_id, lost=lost, reason=reason)
        body = {"lines": [{"sku_id": sku_id, "quantity": count} for sku_id, count in lost], "reason": reason}
        path = f"/v1/shipments/{shipment_id}/give-up"
        await services.logistics.post(path, visitor=visitor, json=body, idempotency_key=str(form.get("key", "")))
    except (Conflict, Forbidden, Invalid) as refusal:
        return await show(page, services, visitor, shipment_id, form=form, refusal=refusal, at="give_up")
    return page.go(f"/desk/shipments/{shipment_id}", done="given_up")


async def _ask(
    page: Page,
    services: Services,
    visitor: Visitor,
    shipment_id: UUID,
    *,
    lost: Sequence[tuple[str, int]],
    reason: str,
) -> Response:
    part = await services.logistics.get(f"/v1/shipments/{shipment_id}", visitor=visitor)
    quote = await services.orders.get(
        f"/v1/supplier-orders/{part['supplier_order_id']}/shortfall-quote",
        visitor=visitor,
        params=[("give_up", f"{sku_id}:{count}") for sku_id, count in lost],
    )
    return page.render("desk_give_up.html", **ask_context(part, quote, lost, reason))


def ask_context(
    part: dict[str, Any], quote: dict[str, Any], lost: Sequence[tuple[str, int]], reason: str
) -> dict[str, Any]:
    """What desk_give_up.html draws: pieces, what they are worth, and what the form sends on."""
    titles = {each["sku_id"]: f"{each['product_title']} {each['specification']}" for each in part["lines"]}
    worth: dict[str, int] = {}
    for each in quote["lines"]:
        worth[each["sku_id"]] = worth.get(each["sku_id"], 0) + each["refund_fen"]
    return {
        "part": part,
        "rows": [
            {"title": titles.get(sku_id, ""), "count": count, "money": money(worth.get(sku_id, 0))}
            for sku_id, count in lost
        ],
        "delivery": money(quote["delivery_fen"]) if quote["delivery_fen"] else "",
        "total": money(quote["refund_fen"]),
        "reason": reason,
        "hidden": [(f"{_PIECES}{sku_id}", str(count)) for sku_id, count in lost],
    }


async def show(
    page: Page,
    services: Services,
    visitor: Visitor,
    shipment_id: UUID,
    *,
    form: FormData | None = None,
    refusal: Refusal | None = None,
    at: str = "",
) -> Response:
    """Read a part and draw it, with what was refused of the form named `at`."""
    part = await services.logistics.get(f"/v1/shipments/{shipment_id}", visitor=visitor)
    place = await place_name(services, part["address"]["county_code"], page)
    carriers = await carriers_of(services, visitor, page) if part["status"] == "PENDING" else []
    typed = Typed({name: str(value) for name, value in form.multi_items()}) if form else Typed()
    t = page.t.fulfilment
    bill = await _bill_of(services, visitor, part["supplier_order_id"])
    done = {"sent": t.done_sent, "given_up": t.done_given_up, "lost": page.t.losses.done}
    return page.render(
        "desk_part.html",
        status=refusal.status if refusal else 200,
        **part_context(part, place, page, bill),
        carriers=carriers,
        typed=typed,
        refused_at=at,
        error=page.told(refusal) if refusal else "",
        notice="" if refusal else done.get(page.request.query_params.get("done", ""), ""),
    )


async def _bill_of(services: Services, visitor: Visitor, supplier_order_id: str) -> dict[str, Any] | None:
    """The part as orders has it, or None: boxes are sent while orders does not answer."""
    try:
        found: dict[str, Any] = await services.orders.get(f"/v1/supplier-orders/{supplier_order_id}", visitor=visitor)
    except Refusal as refusal:
        log.warning("no invoice title", code=refusal.code)
        return None
    return found


def bill_text(bill: dict[str, Any], page: Page) -> str:
    """To whom the invoice is made out and where it goes."""
    title = bill["invoice"]
    return f"{title_line(title, page)} · {title['email']}" if title else str(page.t.invoices.not_yet)


def part_context(part: dict[str, Any], place: str, page: Page, bill: dict[str, Any] | None) -> dict[str, Any]:
    """What desk_part.html draws of a part."""
    status, t = part["status"], page.t.fulfilment
    return {
        "heads": [
            Head(t.goods),
            Head(t.keeping),
            *(Head(each, is_number=True) for each in (t.pieces, t.sent, t.to_send)),
        ],
        "part": part,
        "place": place,
        "facts": [
            (page.t.desk.to, f"{part['address']['recipient']} {part['address']['phone']}"),
            (t.place, f"{place} {part['address']['detail']}"),
            (t.paid_at, page.time(part["created_at"])),
            *([(page.t.invoices.section, bill_text(bill, page))] if bill else []),
        ],
        "status_name": page.t.names["shipment_status"].get(status, status),
        "badge": BADGES.get(status, ""),
        "is_open": status == "PENDING",
        "lines": [
            {**each, "rest": each["quantity"] - each["dispatched_quantity"], "title": each["product_title"]}
            for each in part["lines"]
        ],
        "parcels": parcel_rows(part["parcels"], page),
    }


def parcel_rows(parcels: Sequence[dict[str, Any]], page: Page) -> list[dict[str, Any]]:
    """Parcels with where they stand; `is_away` those that may yet be declared lost."""
    return [
        {
            "parcel_id": each["parcel_id"],
            "is_away": not (each["delivered_at"] or each["returned_at"] or each.get("loss")),
            "carrier": page.t.names["carrier"].get(each["carrier_code"], each["carrier_code"]),
            "waybill_number": each["waybill_number"],
            "status": _parcel_status(each, page),
            "count": sum(line["quantity"] for line in each["lines"]),
            "at": page.time(each["dispatched_at"]),
        }
        for each in parcels
    ]


def _parcel_status(parcel: dict[str, Any], page: Page) -> str:
    loss = parcel.get("loss")
    if not loss:
        return named(parcel, "status_name", page)
    return str(page.t.losses.arrived_after if loss["arrived_at"] else page.t.losses.lost)


def pieces_of(form: FormData) -> list[tuple[str, int]]:
    """SKU and pieces as typed, without what is empty. Invalid `pieces-wrong`, `pieces-missing`."""
    found = []
    for name, value in form.multi_items():
        typed = str(value).strip()
        if not name.startswith(_PIECES) or typed in {"", "0"}:
            continue
        if not (typed.isascii() and typed.isdigit() and len(typed) <= _MOST_DIGITS):
            raise Invalid("Pieces are a whole number.", code="pieces-wrong", field=name)
        try:
            found.append((str(UUID(name.removeprefix(_PIECES))), int(typed)))
        except ValueError as error:
            raise Invalid("This form was altered. Load the page again.", code="lines-invalid", field=name) from error
    if not found:
        raise Invalid("Say how many pieces of what.", code="pieces-missing", field="pieces")
    return found


def reason_of(form: FormData) -> str:
    """Why, as typed. Invalid `reason-missing`."""
    reason = str(form.get("reason", "")).strip()
    if not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    return reason


def parcel_of(form: FormData) -> dict[str, Any]:
    """The box as the form describes it."""
    return {
        "carrier_code": str(form.get("carrier_code", "")).strip(),
        "waybill_number": str(form.get("waybill_number", "")).strip(),
        "lines": [
            {"sku_id": sku_id, "quantity": count, "lot_code": str(form.get(f"{_LOT}{sku_id}", "")).strip() or None}
            for sku_id, count in pieces_of(form)
        ],
    }
