"""What pages of units' orders show: rows, the steps of the way, what is next, and the proofs beside a goods check."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from gateway.pages.cards import in_language, picture_url
from gateway.pages.cold_chain import cold_view
from gateway.pages.figures import day_text, instant_of, money
from gateway.pages.parts import Step, TrailEntry
from gateway.pages.shell import Page
from gateway.pages.tracking import named
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import NotFound, Refusal

PATH: Final = "/work/unit-orders"
STAGES: Final = (
    "PENDING_CONFIRM",
    "CONFIRMED",
    "SHIPPED",
    "DELIVERED",
    "ACCEPTED",
    "INVOICE_CHECKED",
    "SETTLED",
    "COMPLETED",
)
ENDED: Final = ("CANCELLED", "REFUSED")
FUNDS: Final = ("CANTEEN", "UNION", "OTHER")
TONES: Final = {
    **dict.fromkeys(STAGES, "key"),
    "PENDING_CONFIRM": "urgent",
    "DELIVERED": "urgent",
    "COMPLETED": "leaf",
    **dict.fromkeys(ENDED, "clay"),
}
_AT: Final = {
    "PENDING_CONFIRM": "placed_at",
    "CONFIRMED": "confirmed_at",
    "SHIPPED": "shipped_at",
    "DELIVERED": "delivered_at",
    "ACCEPTED": "accepted_at",
    "INVOICE_CHECKED": "invoice_checked_at",
    "SETTLED": "settled_at",
    "COMPLETED": "completed_at",
}
_MOST_LOTS: Final = 20


def day_of(instant: str, page: Page) -> str:
    """The day in Beijing on which it happened."""
    return day_text(instant_of(instant).date(), page.language)


def unit_order_row(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """One order of the list."""
    names = page.t.names
    return item | {
        "url": f"{PATH}/{item['order_id']}",
        "stage_text": names["unit_order_stage"][item["stage"]],
        "tone": TONES[item["stage"]],
        "fund_text": names["unit_fund"][item["fund"]],
        "sum": money(item["payable_fen"]),
        "placed": day_of(item["placed_at"], page),
        "due": page.day(item["due_on"]) if item["due_on"] and item["stage"] in {"ACCEPTED", "INVOICE_CHECKED"} else "",
    }


def steps_of(item: dict[str, Any], page: Page) -> list[Step]:
    """The way of an order; one that ended early shows how far it came."""
    names = page.t.names["unit_order_step"]
    if item["stage"] not in ENDED:
        now = STAGES.index(item["stage"])
        return [
            Step(
                names[stage],
                "done" if place <= now else "current" if place == now + 1 else "todo",
                day_of(item[_AT[stage]], page) if item[_AT[stage]] and place <= now else "",
            )
            for place, stage in enumerate(STAGES)
        ]
    done = [Step(names[stage], "done", day_of(item[_AT[stage]], page)) for stage in STAGES if item[_AT[stage]]]
    reason = page.t.names["unit_order_end"].get(item["end_reason"], item["end_reason"])
    return [*done, Step(names[item["stage"]], "refused", day_of(item["ended_at"], page), note=reason)]


def next_text(item: dict[str, Any], page: Page) -> str:
    """What is next, and whose turn it is."""
    t = page.t.unit_orders
    if item["is_disputed"]:
        return str(t.next_disputed)
    if item["stage"] == "PENDING_CONFIRM":
        return str(t.next_confirm(until=page.time(item["lapses_at"])))
    if item["stage"] in {"ACCEPTED", "INVOICE_CHECKED"} and item["due_on"]:
        return str(page.t.names["unit_order_next"][item["stage"]]) + str(t.due_by(day=page.day(item["due_on"])))
    return str(page.t.names["unit_order_next"].get(item["stage"], ""))


def facts_of(item: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    """What it is."""
    t, names, address = page.t.unit_orders, page.t.names, item["address"]
    owed = money(item["accepted_fen"]) if item["accepted_at"] else ""
    return [
        (t.unit, item["unit_name"]),
        (t.supplier, item["supplier_name"]),
        (t.way, names["unit_way"][item["way"]]),
        (t.fund, f"{names['unit_fund'][item['fund']]} · {item['budget_year']}"),
        (t.sum, money(item["payable_fen"])),
        (t.delivery, money(item["delivery_fen"])),
        (t.owed, owed),
        (t.due, page.day(item["due_on"]) if item["due_on"] else ""),
        (t.code, item["payment_code"]),
        (t.address, f"{address['recipient']} {address['phone']} {address['detail']}" if address else ""),
        (t.note, item["note"]),
    ]


def lines_of(item: dict[str, Any], page: Page) -> list[dict[str, Any]]:
    """Its goods."""
    return [
        each
        | {
            "title": in_language(each, "product_title", page.language),
            "pack": in_language(each, "specification", page.language),
            "thumb": picture_url(each["picture"]),
            "price": money(each["unit_price_fen"]),
            "sum": money(each["payable_fen"]),
            "sent_count": each["quantity"] - each["given_up_count"],
        }
        for each in item["lines"]
    ]


def trail_of(entries: Sequence[dict[str, Any]], page: Page) -> list[TrailEntry]:
    """Who did what, the latest first."""
    names = page.t.names
    return [
        TrailEntry(
            page.time(each["done_at"]),
            names["unit_order_actor"].get(each["actor"], each["actor"]),
            names["unit_order_verb"].get(each["verb"], each["verb"]),
            reason=names["unit_order_end"].get(each["reason"], each["reason"]),
        )
        for each in reversed(entries)
    ]


def check_rows(acceptance: dict[str, Any], lines: Sequence[dict[str, Any]], page: Page) -> list[dict[str, Any]]:
    """What the goods check found of each line."""
    titles = {each["line_id"]: each["title"] for each in lines}
    return [
        each
        | {
            "title": titles.get(each["line_id"], ""),
            "cause_text": page.t.names["refusal_cause"][each["cause"]] if each["cause"] else "",
            "owed": money(each["payable_fen"] + each["delivery_fen"] - each["reduced_fen"]),
        }
        for each in acceptance["lines"]
    ]


async def proofs_of(
    services: Services, visitor: Visitor, item: dict[str, Any], page: Page
) -> dict[str, list[dict[str, Any]]]:
    """The cold chain of the order's parcels, and the certificates and reports of its lots, or of its products where the
    supplier named no lot. What cannot be learned now is left out: the check does not wait for it."""
    try:
        found = await services.logistics.get(
            "/v1/shipments", visitor=visitor, params={"order_id": item["order_id"], "limit": 100}
        )
    except Refusal:
        return {"parcels": [], "certificates": [], "inspections": []}
    shipments = found["items"]
    parcels = await asyncio.gather(
        *(_parcel(services, visitor, parcel, page) for each in shipments for parcel in each["parcels"])
    )
    lots = dict.fromkeys(lot["lot_code"] for each in shipments for line in each["lines"] for lot in line["lots"])
    traced = await asyncio.gather(*(_known(services, f"/v1/trace/{lot}") for lot in list(lots)[:_MOST_LOTS]))
    sources = [each for each in traced if each]
    if not sources:
        products = dict.fromkeys(line["product_id"] for line in item["lines"])
        told = await asyncio.gather(*(_known(services, f"/v1/products/{product}") for product in products))
        sources = [each | {"code": "", "inspections": []} for each in told if each]
    names = page.t.names["certificate"]
    return {
        "parcels": parcels,
        "certificates": [
            {
                "name": names.get(each["type"], each["type"]),
                "number": each["number"],
                "until": page.day(each["valid_until"]) if each["valid_until"] else "",
                "lot": source["code"],
            }
            for source in sources
            for each in source["certificates"]
        ],
        "inspections": [
            {
                "number": each["report_number"],
                "issued": page.day(each["issued_on"]),
                "names": " · ".join(part["name"] for part in each["items"]),
                "lot": source["code"],
            }
            for source in sources
            for each in source["inspections"]
        ],
    }


async def _parcel(services: Services, visitor: Visitor, parcel: dict[str, Any], page: Page) -> dict[str, Any]:
    measured = await services.logistics.get(
        f"/v1/parcels/{parcel['parcel_id']}/temperatures", visitor=visitor, params={"points": 50}
    )
    cold = cold_view(measured, named(parcel, "temperature_class_name", page), page)
    return {
        "waybill": parcel["waybill_number"],
        "status": named(parcel, "status_name", page),
        "is_good": cold is None or cold.is_good,
        "summary": cold.summary if cold else "",
        "excursions": cold.excursions if cold else [],
    }


async def _known(services: Services, path: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await services.catalog.get(path, visitor=None)
    except NotFound:
        return None
    return found
