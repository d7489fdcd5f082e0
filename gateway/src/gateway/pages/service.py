"""The platform's customer service: find an order by what a caller knows, see all that happened, write, give back."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.access import transactions
from gateway.account import queries as account_queries
from gateway.account.rules import contact_of
from gateway.message import queries as message_queries
from gateway.pages.account import Choice
from gateway.pages.desk_part import parcel_rows
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.orders import Tab
from gateway.pages.parts import Filter, Head, Verb
from gateway.pages.service_view import (
    KINDS,
    case_lines,
    in_order,
    told_by_orders,
    told_by_parcel,
    told_by_shipments,
    told_to_people,
)
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Refusal, Stale

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/service"
GOODWILL: Final = "/work/service/goodwill"
_MOST_MESSAGES: Final = 200
_STATUSES: Final = ("WAITING", "GRANTED", "REJECTED", "WITHDRAWN")
_TONES: Final = {"WAITING": "urgent", "GRANTED": "leaf", "REJECTED": "clay"}
_REFUSALS = (BadRequest, Conflict, Forbidden, Invalid, NotFound, Stale)


@router.get(PATH)
async def get_service(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Find an order by its number, a recipient, a phone's last four, a waybill, or the buyer's e-mail or number."""
    ensure_kind(visitor, "operator")
    listing = listing_of(page.request, path=PATH)
    asked = await _asked(page, services, visitor, listing.q)
    params = asked | {"cursor": listing.cursor or None, "limit": 20}
    found = await services.orders.get("/v1/service/orders", visitor=visitor, params=params)
    return page.render("service.html", **found_context(listing, found, page))


@router.get(f"{PATH}.csv")
async def get_service_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What was found as CSV."""
    return await _found_file(page, services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_service_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What was found as xlsx."""
    return await _found_file(page, services, visitor, "xlsx")


async def _found_file(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_kind(visitor, "operator")
    asked = await _asked(page, services, visitor, listing_of(page.request, path=PATH).q)
    return await download(services.orders, visitor, "/v1/service/orders/export", asked | {"format": form})


async def _asked(page: Page, services: Services, visitor: Visitor, wanted: str) -> dict[str, Any]:
    if not wanted:
        return {}
    return {
        "q": wanted,
        "buyer_id": await _buyer_id(page, wanted),
        "order_id": await _orders_of_waybill(services, visitor, wanted),
    }


def found_context(listing: Listing, found: dict[str, Any], page: Page) -> dict[str, Any]:
    """What service.html draws."""
    t = page.t.service
    return {
        "listing": listing,
        "rows": [
            {**each, "state": page.t.names["order_status"][each["status"]], "payable": money(each["payable_fen"])}
            for each in found["items"]
        ],
        "next_cursor": found.get("next_cursor"),
        "heads": [Head(t.number), Head(t.recipient), Head(t.state), Head(t.payable, is_number=True), Head(t.placed_at)],
    }


async def _buyer_id(page: Page, wanted: str) -> str | None:
    contact = contact_of(wanted)
    if contact is None:
        return None
    async with transactions(page.request).read() as db:
        person = await account_queries.find_by_contact(db, contact)
    return str(person.person_id) if person else None


async def _orders_of_waybill(services: Services, visitor: Visitor, wanted: str) -> list[str]:
    found = await services.logistics.get("/v1/fulfilment", visitor=visitor, params={"q": wanted, "limit": 50})
    return [
        each["order_id"]
        for each in found["items"]
        if any(parcel["waybill_number"] == wanted for parcel in each["parcels"])
    ]


@router.get(GOODWILL)
async def get_goodwill(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What was asked for and waits for a second person, and what was decided."""
    ensure_kind(visitor, "operator")
    return await _goodwill(page, services, visitor)


def _goodwill_listing(page: Page) -> Listing:
    return listing_of(page.request, path=GOODWILL, filters={"status": _STATUSES})


async def _goodwill(page: Page, services: Services, visitor: Visitor, refusal: Refusal | None = None) -> Response:
    listing = _goodwill_listing(page)
    found = await services.orders.get("/v1/goodwill", visitor=visitor, params=listing.params())
    people = await names_of(page, [each[name] for each in found["items"] for name in ("asked_by", "decided_by")])
    return page.render("goodwill.html", **goodwill_context(listing, found, people, page, refusal))


def goodwill_context(
    listing: Listing, found: dict[str, Any], people: dict[str, str], page: Page, refusal: Refusal | None = None
) -> dict[str, Any]:
    """What goodwill.html draws."""
    t, names = page.t.service, page.t.names["goodwill_status"]
    own = str(page.visitor.person_id)
    return {
        "status": refusal.status if refusal else 200,
        "error": page.told(refusal) if refusal else "",
        "notice": t.done_decided if page.request.query_params.get("done") == "decided" and not refusal else "",
        "listing": listing,
        "rows": [
            {
                **each,
                "state": names[each["status"]],
                "tone": _TONES.get(each["status"], ""),
                "money": money(each["wanted_fen"]),
                "who": people.get(each["asked_by"], ""),
                "decider": people.get(str(each["decided_by"]), ""),
                "verbs": verbs_of(each, own, page),
            }
            for each in found["items"]
        ],
        "next_cursor": found.get("next_cursor"),
        "filters": [Filter("status", t.state, [Choice(each, names[each]) for each in _STATUSES], t.every)],
    }


def verbs_of(goodwill: dict[str, Any], own: str, page: Page) -> list[Verb]:
    """What the reader may do: nobody decides on what they asked for."""
    t = page.t.service
    if goodwill["status"] != "WAITING":
        return []
    if goodwill["asked_by"] == own:
        return [Verb("withdraw", t.withdraw)]
    return [Verb("approve", t.approve, "main"), Verb("reject", t.reject, "danger")]


@router.get(f"{GOODWILL}.csv")
async def get_goodwill_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The list as CSV."""
    return await _export(page, services, visitor, "csv")


@router.get(f"{GOODWILL}.xlsx")
async def get_goodwill_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The list as xlsx."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_kind(visitor, "operator")
    params = {**_goodwill_listing(page).export_params(), "format": form}
    return await download(services.orders, visitor, "/v1/goodwill/export", params)


@router.post(f"{GOODWILL}/{{goodwill_id}}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, goodwill_id: UUID
) -> Response:
    """Approve or reject what a colleague asked for, or withdraw one's own."""
    ensure_kind(visitor, "operator")
    verb = str(form.get("verb", ""))
    try:
        if verb not in {"approve", "reject", "withdraw"}:
            raise BadRequest("There is no such decision.", code="verb-unknown", field="verb")
        await services.orders.answer(
            "POST",
            f"/v1/goodwill/{goodwill_id}/{verb}",
            visitor=visitor,
            json={"reason": str(form.get("reason", ""))},
            headers={"If-Match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSALS as refusal:
        return await _goodwill(page, services, visitor, refusal)
    return page.go(GOODWILL, done="decided")


@router.get(f"{PATH}/{{order_id}}")
async def get_case(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """All that happened to an order, latest first."""
    ensure_kind(visitor, "operator")
    return await show_case(page, services, visitor, order_id)


async def show_case(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
    contact: dict[str, Any] | None = None,
) -> Response:
    """An order's whole story."""
    case = await services.orders.get(f"/v1/service/orders/{order_id}", visitor=visitor)
    shipments = await services.logistics.get("/v1/shipments", visitor=visitor, params={"order_id": str(order_id)})
    parcels = [each for shipment in shipments["items"] for each in shipment["parcels"]]
    logs = await asyncio.gather(*(_parcel(services, visitor, each["parcel_id"]) for each in parcels))
    async with transactions(page.request).read() as db:
        messages = await message_queries.list_told_of(db, case["order_number"], limit=_MOST_MESSAGES)
    named = [each["person_id"] for each in case["timeline"]] + [str(each.person_id) for each in messages]
    people = await names_of(page, named)
    told = told_by_orders(case["timeline"], people, page) + told_by_shipments(shipments["items"], page)
    told += told_to_people(messages, people, page)
    for parcel, (log, excursions) in zip(parcels, logs, strict=True):
        told += told_by_parcel(parcel, log, excursions, page)
    away = [
        (shipment["shipment_id"], shipment["supplier_name"], rows)
        for shipment in shipments["items"]
        if (rows := [row for row in parcel_rows(shipment["parcels"], page) if row["is_away"]])
    ]
    drawn = case_context(case, told, page, typed, refusal) | {"contact": contact, "away": away}
    return page.render("service_case.html", **drawn)


async def _parcel(
    services: Services, visitor: Visitor, parcel_id: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    log, temperatures = await asyncio.gather(
        services.logistics.get(f"/v1/parcels/{parcel_id}/tracking", visitor=visitor),
        services.logistics.get(f"/v1/parcels/{parcel_id}/temperatures", visitor=visitor),
    )
    return log["items"], [*temperatures["excursions"], *temperatures["gaps"]]


def case_context(
    case: dict[str, Any], told: list[Any], page: Page, typed: Typed | None = None, refusal: Refusal | None = None
) -> dict[str, Any]:
    """What service_case.html draws."""
    t, names = page.t.service, page.t.names["case_kind"]
    listing = listing_of(page.request, path=f"{PATH}/{case['order_id']}", filters={"kind": KINDS})
    done = {"noted": t.done_noted, "given": t.done_given, "asked": t.done_asked, "reissued": t.done_reissued}
    done["lost"] = page.t.losses.done
    return {
        "status": refusal.status if refusal else 200,
        "error": told_refusal(refusal, page) if refusal else "",
        "notice": "" if refusal else done.get(page.request.query_params.get("done", ""), ""),
        "case": case,
        "state": page.t.names["order_status"][case["status"]],
        "facts": [
            (t.recipient, f"{case['recipient']} {case['phone']}"),
            (t.payable, money(case["payable_fen"])),
            (t.captured, money(case["captured_fen"])),
            (t.refunded, money(case["refunded_fen"])),
            (t.placed_at, page.time(case["placed_at"])),
            (t.buyer_note, case["note"]),
        ],
        "lines": case_lines(case, page),
        "told": in_order(told, listing.values.kind),
        "listing": listing,
        "tabs": [
            Tab(names[each] if each else t.every, listing.url(kind=each), listing.values.kind == each)
            for each in ("", *KINDS)
        ],
        "line_heads": [Head(t.goods), Head(t.state), Head(t.pieces, is_number=True), Head(t.payable, is_number=True),
                       Head(t.refunded, is_number=True)],
        "typed": typed or Typed(),
    }  # fmt: skip


def told_refusal(refusal: Refusal, page: Page) -> str:
    """A shortage is told with what to do instead."""
    return str(page.t.service.reissue_short) if refusal.code == "stock-short" else page.told(refusal)


@router.post(f"{PATH}/{{order_id}}/notes")
async def post_note(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Write down what the next agent should know."""
    ensure_kind(visitor, "operator")
    path = f"/v1/service/orders/{order_id}/notes"
    body, key = {"body": str(form.get("body", ""))}, str(form.get("key", ""))
    try:
        await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except _REFUSALS as refusal:
        typed = typed_of(form, "body")
        return await show_case(page, services, visitor, order_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{order_id}", done="noted")


@router.post(f"{PATH}/{{order_id}}/contact")
async def post_contact(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Show the recipient once; that it was shown, and why, is kept."""
    ensure_kind(visitor, "operator")
    path = f"/v1/service/orders/{order_id}/contact"
    try:
        contact = await services.orders.post(path, visitor=visitor, json={"reason": str(form.get("why", ""))})
    except _REFUSALS as refusal:
        typed = typed_of(form, "why")
        return await show_case(page, services, visitor, order_id, typed=typed, refusal=refusal)
    return await show_case(page, services, visitor, order_id, contact=contact)


@router.post(f"{PATH}/{{order_id}}/goodwill")
async def post_goodwill(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Give the share of pieces back at the platform's cost, or ask a colleague to."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, "line_id", "piece_count", "with_delivery", "reason")
    path, key = f"/v1/orders/{order_id}/goodwill", str(form.get("key", ""))
    try:
        made = await services.orders.post(path, visitor=visitor, json=wanted_of(typed), idempotency_key=key)
    except _REFUSALS as refusal:
        return await show_case(page, services, visitor, order_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{order_id}", done="given" if made["status"] == "GRANTED" else "asked")


def wanted_of(typed: Typed) -> dict[str, Any]:
    """The goodwill as typed. Invalid `pieces-wrong`."""
    return {
        "line_id": typed.line_id,
        "piece_count": _pieces(typed.piece_count, "piece_count"),
        "with_delivery": typed.with_delivery == "yes",
        "reason": typed.reason,
    }


def _pieces(count: str, field: str) -> int:
    if not (count.isascii() and count.isdigit() and len(count) <= 7):  # noqa: PLR2004 - a million and more is no count
        raise Invalid("Pieces are a whole number.", code="pieces-wrong", field=field)
    return int(count)


@router.post(f"{PATH}/{{order_id}}/reissue")
async def post_reissue(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Send pieces of a delivered line again."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, "again_line_id", "again_count", "again_reason")
    try:
        await services.orders.post(
            f"/v1/orders/{order_id}/lines/{_line_id(typed.again_line_id)}/reissue",
            visitor=visitor,
            json={"piece_count": _pieces(typed.again_count, "again_count"), "reason": typed.again_reason},
            idempotency_key=str(form.get("key", "")),
        )
    except _REFUSALS as refusal:
        return await show_case(page, services, visitor, order_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{order_id}", done="reissued")


def _line_id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError as error:
        raise NotFound("There is no such line in this order.", code="line-not-found", field="line_id") from error


async def names_of(page: Page, person_ids: Iterable[str | None]) -> dict[str, str]:
    """People's names by id; the gateway alone knows them."""
    ids = sorted({UUID(each) for each in person_ids if each})
    if not ids:
        return {}
    async with transactions(page.request).read() as db:
        return {str(each.person_id): each.display_name for each in await account_queries.list_people(db, ids)}
