"""A supplier's desk: what is paid and waits to be sent, and the form that hands the parcels over."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import weight
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.orders import Tab
from gateway.pages.parts import Filter
from gateway.pages.regions import place_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.tracking import BADGES, named
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_STATUSES: Final = ("PENDING", "DISPATCHED", "DELIVERED", "CANCELLED", "LOST")
_PAGE_SIZE: Final = 20
_LOT: Final = "lot-"
_DISPATCH_KEYS: Final = UUID("0f5cbb0e-7f6c-5a0f-8f64-0a4a0c1f2f6d")


@dataclass(frozen=True, slots=True)
class Box:
    """Goods that travel at one temperature, so in one box; `lines` is what the form sends back."""

    keeping: str
    lines: str
    typed_waybill: str
    goods: list["BoxGoods"]


@dataclass(frozen=True, slots=True)
class BoxGoods:
    """A pack in the box, and the trace code of its lot as typed."""

    sku_id: str
    title: str
    typed_lot: str


@dataclass(frozen=True, slots=True)
class DeskLine:
    """Goods to pack."""

    title: str
    specification: str
    quantity: int


@dataclass(frozen=True, slots=True)
class DeskShipment:
    """A shipment on the desk."""

    shipment_id: str
    number: str
    created: str
    status: str
    badge: str
    lines: list[DeskLine]
    weight: str
    keeping: str
    recipient: str
    phone: str
    place: str
    detail: str
    is_open: bool
    is_replacement: bool
    is_late: bool
    due: str
    is_partly_sent: bool
    boxes: list[Box]
    parcels: list[str]
    key: str
    error: str
    typed_carrier: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A dispatch that was refused: which shipment, why, and what was typed."""

    shipment_id: str
    error: str
    carrier: str
    waybills: list[str]
    lots: dict[str, str]


def ensure_supplier(visitor: Visitor) -> None:
    """403 `suppliers-only` for everybody else."""
    if visitor.kind not in {"supplier", "operator"}:
        raise Forbidden("This desk belongs to suppliers.", code="suppliers-only")


def boxes_of(lines: list[dict[str, Any]], typed: list[str], lots: dict[str, str], page: Page) -> list[Box]:
    """One box for each temperature class, with what has not left."""
    by_class: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        rest = line["quantity"] - line["dispatched_quantity"]
        if rest:
            by_class[line["temperature_class"]].append({**line, "quantity": rest})
    return [
        Box(
            keeping=page.t.names["temperature_class"].get(name, name),
            lines=",".join(f"{line['sku_id']}:{line['quantity']}" for line in own),
            typed_waybill=typed[index] if index < len(typed) else "",
            goods=[
                BoxGoods(
                    line["sku_id"], f"{line['product_title']} {line['specification']}", lots.get(line["sku_id"], "")
                )
                for line in own
            ],
        )
        for index, (name, own) in enumerate(by_class.items())
    ]


def desk_shipment(item: dict[str, Any], place: str, attempt: Attempt | None, page: Page) -> DeskShipment:
    """One shipment as the desk prints it."""
    mine = attempt if attempt is not None and attempt.shipment_id == item["shipment_id"] else None
    boxes = boxes_of(item["lines"], mine.waybills if mine else [], mine.lots if mine else {}, page)
    status = item["status"]
    return DeskShipment(
        shipment_id=item["shipment_id"],
        number=item["order_number"],
        created=page.time(item["created_at"]),
        status=page.t.names["shipment_status"].get(status, status),
        badge=BADGES.get(status, ""),
        lines=[DeskLine(each["product_title"], each["specification"], each["quantity"]) for each in item["lines"]],
        weight=weight(sum(each["net_weight_g"] * each["quantity"] for each in item["lines"]), page.language),
        keeping=page.t.orders.separator.join(box.keeping for box in boxes),
        recipient=item["address"]["recipient"],
        phone=item["address"]["phone"],
        place=place,
        detail=item["address"]["detail"],
        is_open=status == "PENDING",
        is_replacement=item.get("kind") == "REPLACEMENT",
        is_late=item["is_late"],
        due=page.short_time(item["due_at"]),
        is_partly_sent=status == "PENDING" and bool(item["parcels"]),
        boxes=boxes,
        parcels=[_parcel_text(each, page) for each in item["parcels"]],
        key=str(uuid5(_DISPATCH_KEYS, str(new_id()))),
        error=mine.error if mine else "",
        typed_carrier=mine.carrier if mine else "",
    )


def _parcel_text(parcel: dict[str, Any], page: Page) -> str:
    carrier = page.t.names["carrier"].get(parcel["carrier_code"], parcel["carrier_code"])
    return f"{carrier} {parcel['waybill_number']} · {named(parcel, 'status_name', page)}"


async def carriers_of(services: Services, visitor: Visitor, page: Page) -> list[Choice]:
    """The carriers to choose from; empty where this visitor may not list them, who then types the code."""
    try:
        found = await services.logistics.get("/v1/carriers", visitor=visitor)
    except Forbidden:
        return []
    return [Choice(each["code"], named(each, "name", page)) for each in found["items"]]


async def place_name(services: Services, code: str, page: Page) -> str:
    """A county by name; its code where the register has none."""
    try:
        return await place_of(services, code, page.language)
    except (NotFound, Conflict):
        return code


def desk_listing(page: Page) -> Listing:
    """What the desk's address asks for."""
    return listing_of(
        page.request,
        path="/desk",
        filters={
            "status": _STATUSES,
            "is_late": ("true",),
            "temperature_class": frozenset(page.t.names["temperature_class"]),
            "site_id": None,
        },
        sorts={"created", "number"},
        default_sort="-created",
    )


def _params(listing: Listing, visitor: Visitor) -> dict[str, Any]:
    """The list's parameters: what is to be sent, unless another state is asked for."""
    params: dict[str, Any] = {**listing.params(limit=_PAGE_SIZE), "status": listing.values.status or "PENDING"}
    params.pop("site_id", None)
    if visitor.kind == "supplier":
        params["supplier_id"] = str(visitor.organisation_id)
    return params


async def _at_site(services: Services, visitor: Visitor, listing: Listing) -> dict[str, Any]:
    """The parts that should leave a site, as orders planned it; the oldest 200 of them."""
    site_id = listing.values.site_id
    if not site_id or visitor.kind != "supplier":
        return {}
    found = await services.orders.get("/v1/pick-list", visitor=visitor, params={"site_id": site_id})
    ids = [each["supplier_order_id"] for each in found["orders"]]
    return {"supplier_order_id": ids or [str(UUID(int=0))]}


async def show(
    page: Page, services: Services, visitor: Visitor, *, attempt: Attempt | None = None, status: int = 200
) -> Response:
    """Read the desk's shipments and draw them."""
    listing = desk_listing(page)
    params = _params(listing, visitor) | await _at_site(services, visitor, listing)
    found = await services.logistics.get("/v1/fulfilment", visitor=visitor, params=params)
    codes = {each["address"]["county_code"] for each in found["items"]}
    places = {code: await place_name(services, code, page) for code in codes}
    is_open = (listing.values.status or "PENDING") == "PENDING"
    sites = await services.orders.get("/v1/sites", visitor=visitor) if visitor.kind == "supplier" else {"items": []}
    return page.render(
        "desk.html",
        status=status,
        shipments=[
            desk_shipment(each, places[each["address"]["county_code"]], attempt, page) for each in found["items"]
        ],
        carriers=await carriers_of(services, visitor, page) if is_open else [],
        **desk_context(listing, sites["items"], found.get("next_cursor"), page),
        notice=page.t.desk.dispatched if page.request.query_params.get("done") == "dispatched" else "",
    )


def desk_context(listing: Listing, sites: list[dict[str, Any]], next_cursor: str | None, page: Page) -> dict[str, Any]:
    """What desk.html draws around the shipments."""
    t, names, chosen = page.t.fulfilment, page.t.names, listing.values.status or "PENDING"
    organisation = page.visitor.organisation
    name = "" if organisation is None else (organisation.name_en if page.language == "en" else "") or organisation.name
    keepings = [Choice(each, label) for each, label in names["temperature_class"].items()]
    return {
        "listing": listing,
        "tabs": [Tab(names["shipment_status"][each], f"/desk?status={each}", each == chosen) for each in _STATUSES],
        "filters": [
            Filter(
                "status",
                t.state,
                [Choice(each, names["shipment_status"][each]) for each in _STATUSES[1:]],
                names["shipment_status"]["PENDING"],
            ),
            Filter("is_late", t.deadline, [Choice("true", t.only_late)], t.every),
            Filter("temperature_class", t.keeping, keepings, t.every),
            Filter("site_id", t.site, [Choice(each["site_id"], each["name"]) for each in sites], t.every),
        ],
        "sorts": [
            Tab(label, listing.url(sort=sort), listing.values.sort == sort)
            for sort, label in (("", t.newest), ("created", t.oldest), ("number", t.by_number))
        ],
        "organisation": name,
        "next_url": listing.next_url(next_cursor),
        "is_supplier": page.visitor.kind == "supplier",
    }


@router.get("/desk")
async def get_desk(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Shipments of the supplier, those to send first."""
    ensure_supplier(visitor)
    return await show(page, services, visitor)


@router.get("/desk.csv")
async def get_desk_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as CSV."""
    return await _export(page, services, visitor, "csv")


@router.get("/desk.xlsx")
async def get_desk_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as xlsx."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_supplier(visitor)
    listing = desk_listing(page)
    params = _params(listing, visitor) | await _at_site(services, visitor, listing) | {"format": form}
    kept = {name: value for name, value in params.items() if name not in {"cursor", "limit"}}
    return await download(services.logistics, visitor, "/v1/fulfilment/export", kept)


@router.post("/desk/shipments/{shipment_id}/dispatch")
async def post_dispatch(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, shipment_id: UUID
) -> Response:
    """Hand a shipment over: a carrier and one waybill for each box."""
    ensure_supplier(visitor)
    carrier = str(form.get("carrier_code", "")).strip()
    waybills = [str(each).strip() for each in form.getlist("waybill_number")]
    try:
        await services.logistics.post(
            f"/v1/shipments/{shipment_id}/dispatch",
            visitor=visitor,
            json={"parcels": parcels_of(form, carrier, waybills)},
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid) as refusal:
        lots = {name.removeprefix(_LOT): str(value) for name, value in form.multi_items() if name.startswith(_LOT)}
        attempt = Attempt(str(shipment_id), _told(refusal, page), carrier, waybills, lots)
        return await show(page, services, visitor, attempt=attempt, status=refusal.status)
    return page.go("/desk", done="dispatched")


def parcels_of(form: FormData, carrier: str, waybills: list[str]) -> list[dict[str, Any]]:
    """The parcels as the form groups them."""
    parcels = []
    try:
        for box, waybill in zip(form.getlist("box"), waybills, strict=True):
            lines = [each.split(":") for each in str(box).split(",")]
            parcels.append(
                {
                    "carrier_code": carrier,
                    "waybill_number": waybill,
                    "lines": [
                        {
                            "sku_id": sku_id,
                            "quantity": int(quantity),
                            "lot_code": str(form.get(f"{_LOT}{sku_id}", "")).strip() or None,
                        }
                        for sku_id, quantity in lines
                    ],
                }
            )
    except ValueError as error:
        raise Invalid("This form was altered. Load the page again.", code="lines-invalid", field="box") from error
    return parcels


def _told(refusal: Refusal, page: Page) -> str:
    return page.told(refusal)
