"""Where an order's parcels are, and how cold they were kept on the way."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.cold_chain import ColdView, cold_view
from gateway.pages.shell import Page, PageDep
from gateway.pages.suppliers import supplier_book
from gateway.services import Services
from gateway.visitor import SignedIn, Visitor
from shared.errors import NotFound

router = APIRouter(default_response_class=Response)

BADGES = {
    "PENDING": "badge-urgent",
    "DISPATCHED": "badge-leaf",
    "DELIVERED": "badge-leaf",
    "CANCELLED": "",
    "LOST": "badge-clay",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """One line of a parcel's log."""

    name: str
    place: str
    description: str
    at: str
    time: str


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel with its way and, if something was measured, its temperature."""

    number: str
    waybill: str
    carrier: str
    status: str
    exception: str
    contents: str
    timeline: list[Stop]
    cold: ColdView | None


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """One supplier's shipment."""

    name: str
    status: str
    badge: str
    parcels: list[ParcelView]
    is_replacement: bool = False


def named(item: dict[str, Any], key: str, page: Page) -> str:
    """`name` or `name_en`, as the visitor reads."""
    return str((item.get(f"{key}_en") if page.language == "en" else None) or item.get(key) or "")


def stops_of(log: dict[str, Any], page: Page) -> list[Stop]:
    """The log, the latest first. A carrier's own words stay as it wrote them."""
    return [
        Stop(
            name=named(line, "name", page),
            place=line.get("place") or "",
            description=line.get("description") or "",
            at=line["occurred_at"],
            time=page.time(line["occurred_at"]),
        )
        for line in log["items"]
    ]


async def _parcel_view(
    services: Services, visitor: Visitor, parcel: dict[str, Any], titles: dict[str, str], number: str, page: Page
) -> ParcelView:
    path = f"/v1/parcels/{parcel['parcel_id']}"
    log, measured = await asyncio.gather(
        services.logistics.get(f"{path}/tracking", visitor=visitor),
        services.logistics.get(f"{path}/temperatures", visitor=visitor, params={"points": 300}),
    )
    contents = page.t.orders.separator.join(
        f"{titles.get(line['sku_id'], '')} × {line['quantity']}" for line in parcel["lines"]
    )
    return ParcelView(
        number=number,
        waybill=parcel["waybill_number"],
        carrier=page.t.names["carrier"].get(parcel["carrier_code"], parcel["carrier_code"]),
        status=named(parcel, "status_name", page),
        exception=named(parcel, "exception_name", page) if parcel.get("exception") else "",
        contents=contents,
        timeline=stops_of(log, page),
        cold=cold_view(measured, named(parcel, "temperature_class_name", page), page),
    )


@router.get("/orders/{order_id}/tracking")
async def get_tracking(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """Every parcel of the order with its timeline and its temperature."""
    order, found = await asyncio.gather(
        services.orders.get(f"/v1/orders/{order_id}", visitor=visitor),
        services.logistics.get("/v1/shipments", visitor=visitor, params={"order_id": str(order_id), "limit": 100}),
    )
    lines = [line for part in order["parts"] for line in part["lines"]]
    key = "product_title_en" if page.language == "en" else "product_title"
    titles = {line["sku_id"]: line.get(key) or line["product_title"] for line in lines}
    suppliers = await supplier_book.names(services, [each["supplier_id"] for each in found["items"]], page.language)
    shipments = []
    for place, shipment in enumerate(sorted(found["items"], key=lambda each: _order_of(each, order))):
        parcels = await asyncio.gather(
            *(
                _parcel_view(services, visitor, parcel, titles, f"{place}-{index}", page)
                for index, parcel in enumerate(shipment["parcels"])
            )
        )
        state = shipment["status"]
        shipments.append(
            ShipmentView(
                suppliers.get(shipment["supplier_id"], shipment["supplier_name"]),
                page.t.names["shipment_status"].get(state, state),
                BADGES.get(state, ""),
                parcels,
                is_replacement=shipment.get("kind") == "REPLACEMENT",
            )
        )
    has_chart = any(parcel.cold for shipment in shipments for parcel in shipment.parcels)
    return page.render("tracking.html", order_id=order_id, shipments=shipments, has_chart=has_chart)


def _order_of(shipment: dict[str, Any], order: dict[str, Any]) -> int:
    ids = [part["supplier_order_id"] for part in order["parts"]]
    part_id = shipment["supplier_order_id"]
    return ids.index(part_id) if part_id in ids else len(ids)


@router.get("/orders/{order_id}/parcels/{parcel_id}/temperatures.csv")
async def get_temperatures_csv(
    page: PageDep, services: Services, visitor: SignedIn, order_id: UUID, parcel_id: UUID
) -> Response:
    """The measured buckets as a table for a spreadsheet, UTF-8 with its mark."""
    parcel = await services.logistics.get(f"/v1/parcels/{parcel_id}", visitor=visitor)
    if parcel["order_id"] != str(order_id):
        raise NotFound("There is no such parcel in this order.", code="parcel-not-found")
    measured = await services.logistics.get(
        f"/v1/parcels/{parcel_id}/temperatures", visitor=visitor, params={"points": 2000}
    )
    texts = page.t.tracking
    head = f"{texts.time},{texts.lowest},{texts.mean},{texts.highest},{texts.readings}"
    rows = [
        f"{datetime.fromisoformat(each['at']).isoformat()},{each['min_c']},{each['mean_c']},{each['max_c']},{each['reading_count']}"
        for each in measured["buckets"]
    ]
    return Response(
        "\ufeff" + "\r\n".join([head, *rows, ""]),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="temperatures-{parcel_id}.csv"'},
    )
