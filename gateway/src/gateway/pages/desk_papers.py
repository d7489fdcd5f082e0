"""What a supplier prints: pick lists and parcels' labels."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from gateway.pages.code128 import bar_code
from gateway.pages.desk import ensure_supplier, place_name
from gateway.pages.invoice_titles import title_line
from gateway.pages.parts import Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.tracking import named
from gateway.services import Services
from gateway.visitor import SignedIn, Visitor
from shared.sheets import sheet_response

router = APIRouter(default_response_class=Response)

_MOST: Final = 200
_AMBIENT: Final = "AMBIENT"
_NO_TITLE: Final = ("", "", "")


@dataclass(frozen=True, slots=True)
class Label:
    """A parcel's label, 100 × 150 mm."""

    order_number: str
    carrier: str
    waybill_number: str
    code: Markup
    sender: str
    sender_place: str
    recipient: str
    phone: str
    place: str
    detail: str
    keeping: str
    is_cold: bool
    contents: list[str]


def masked(phone: str) -> str:
    """A phone number as it stands on labels: the middle is nobody's business on the way."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) > 7 else "****"  # noqa: PLR2004 - what is left must hide some


def chosen_ids(page: Page, name: str) -> list[str]:
    """The ids that the address names, without what is none, each once."""
    found = []
    for value in page.request.query_params.getlist(name)[:_MOST]:
        try:
            found.append(str(UUID(value)))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


async def parts_of(services: Services, visitor: Visitor, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The chosen parts, in the order of their numbers."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while ids:
        params: dict[str, Any] = {"shipment_id": list(ids), "sort": "number", "limit": 100, "cursor": cursor}
        answer = await services.logistics.get("/v1/fulfilment", visitor=visitor, params=params)
        found += answer["items"]
        cursor = answer.get("next_cursor")
        if cursor is None:
            break
    return found


async def _pick_list(page: Page, services: Services, visitor: Visitor) -> dict[str, Any]:
    ensure_supplier(visitor)
    params: dict[str, Any] = {}
    ids = chosen_ids(page, "shipment")
    if ids:
        parts = await parts_of(services, visitor, ids)
        params["supplier_order_id"] = [each["supplier_order_id"] for each in parts] or [str(UUID(int=0))]
    sites = chosen_ids(page, "site_id")
    if sites:
        params["site_id"] = sites[0]
    found: dict[str, Any] = await services.orders.get("/v1/pick-list", visitor=visitor, params=params)
    return found


@router.get("/desk/pick-list")
async def get_pick_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What to take from the shelves for the chosen parts, then order by order; for the oldest if none is chosen."""
    return page.render("pick_list.html", **pick_context(await _pick_list(page, services, visitor), page))


def pick_context(found: dict[str, Any], page: Page) -> dict[str, Any]:
    """What pick_list.html draws."""
    t = page.t.fulfilment
    query = page.request.url.query
    return {
        "found": found,
        "titles": {
            each["supplier_order_id"]: title_line(each["invoice"], page) for each in found["orders"] if each["invoice"]
        },
        "xlsx_url": "/desk/pick-list.xlsx" + (f"?{query}" if query else ""),
        "total_heads": [Head(t.goods), Head(t.site), Head(t.pieces, is_number=True), Head(t.lots)],
        "line_heads": [Head(t.goods), Head(t.site), Head(t.pieces, is_number=True)],
    }


@router.get("/desk/pick-list.xlsx")
async def get_pick_list_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same as a spreadsheet: totals first, then the orders."""
    found = await _pick_list(page, services, visitor)
    t = page.t.fulfilment

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        yield pick_rows(found, page)

    i = page.t.invoices
    invoice = (i.name, i.kind, i.taxpayer_id)
    head = (t.kind, t.order, t.site, t.goods, t.pack, t.pieces, t.lot, t.expires_on, *invoice)
    return await sheet_response("xlsx", name=t.pick_list, head=head, batches=batches())


def pick_rows(found: dict[str, Any], page: Page) -> list[tuple[Any, ...]]:
    """Totals by lot, what is missing, then the orders' lines, each with its invoice's title."""
    t = page.t.fulfilment
    rows: list[tuple[Any, ...]] = []
    for each in found["totals"]:
        names = (each["site_name"], each["product_title"], each["specification"])
        rows += [
            (t.total, "", *names, lot["quantity"], lot["lot_number"], lot["expires_on"] or "", *_NO_TITLE)
            for lot in each["lots"]
        ]
        if each["missing"]:
            rows.append((t.missing, "", *names, each["missing"], "", "", *_NO_TITLE))
    for order in found["orders"]:
        for line in order["lines"]:
            names = (line["site_name"], line["product_title"], line["specification"])
            rows.append((t.order, order["order_number"], *names, line["open_count"], "", "", *_title_of(order, page)))
    return rows


def _title_of(order: dict[str, Any], page: Page) -> tuple[str, str, str]:
    title = order["invoice"]
    if title is None:
        return _NO_TITLE
    return title["name"], str(page.t.names["invoice_kind"][title["kind"]]), title["taxpayer_id"]


@router.get("/desk/labels")
async def get_labels(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A label for each parcel of the chosen parts."""
    ensure_supplier(visitor)
    parts = await parts_of(services, visitor, chosen_ids(page, "shipment"))
    codes = {each["address"]["county_code"] for each in parts} | {each["ship_from_county_code"] for each in parts}
    places = {code: await place_name(services, code, page) for code in sorted(codes)}
    labels = [label_of(part, parcel, places, page) for part in parts for parcel in part["parcels"]]
    return page.render("parcel_labels.html", labels=labels)


def label_of(part: dict[str, Any], parcel: dict[str, Any], places: dict[str, str], page: Page) -> Label:
    """One parcel's label."""
    titles = {each["sku_id"]: f"{each['product_title']} {each['specification']}" for each in part["lines"]}
    number = parcel["waybill_number"]
    return Label(
        order_number=part["order_number"],
        carrier=page.t.names["carrier"].get(parcel["carrier_code"], parcel["carrier_code"]),
        waybill_number=number,
        code=bar_code(number, f"{page.t.fulfilment.waybill} {number}"),
        sender=part["supplier_name"],
        sender_place=places.get(part["ship_from_county_code"], ""),
        recipient=part["address"]["recipient"],
        phone=masked(part["address"]["phone"]),
        place=places.get(part["address"]["county_code"], ""),
        detail=part["address"]["detail"],
        keeping=named(parcel, "temperature_class_name", page),
        is_cold=parcel["temperature_class"].upper() != _AMBIENT,
        contents=[f"{titles.get(line['sku_id'], '')} × {line['quantity']}" for line in parcel["lines"]],
    )
