"""An order's whole story for the service desk: what orders and logistics each tell, in one order of time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.message.models import Message
from gateway.pages.cards import in_language
from gateway.pages.figures import instant_of, money
from gateway.pages.message_text import sentence_of
from gateway.pages.shell import Page
from gateway.pages.tracking import named

KINDS: Final = (
    "order", "payment", "refund", "goodwill", "shipment", "tracking", "temperature", "claim", "return", "exchange",
    "review", "note", "contact", "message",
)  # fmt: skip
TONES: Final = {
    "refund": "urgent", "goodwill": "urgent", "temperature": "clay", "claim": "clay", "return": "clay",
    "exchange": "clay", "payment": "leaf", "note": "key", "contact": "key",
}  # fmt: skip
_PAGES: Final = {
    "claim": "/work/after-sales/",
    "return": "/returns/",
    "exchange": "/exchanges/",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened, as it is drawn."""

    at: str
    instant: str
    kind: str
    kind_name: str
    tone: str
    what: str
    who: str
    why: str
    amount: str
    url: str


def told_by_orders(events: Iterable[Mapping[str, Any]], people: Mapping[str, str], page: Page) -> list[Told]:
    """What orders tells."""
    return [
        _told(
            page,
            at=each["at"],
            kind=each["kind"],
            what=" ".join(part for part in (_what(each["kind"], each["what"], page), each["title"]) if part),
            who=people.get(str(each["person_id"]), "") or page.t.names["case_actor"].get(each["actor"], each["actor"]),
            why=page.t.names["cancel_reason"].get(each["reason"].split(" ")[0], each["reason"]),
            amount=money(each["amount_fen"]) if each["amount_fen"] else "",
            url=f"{_PAGES[each['kind']]}{each['subject_id']}" if each["kind"] in _PAGES else "",
        )
        for each in events
    ]


def told_by_shipments(shipments: Iterable[Mapping[str, Any]], page: Page) -> list[Told]:
    """What logistics tells of shipments and of their parcels' leaving."""
    found = []
    for shipment in shipments:
        supplier, url = shipment["supplier_name"], f"/orders/{shipment['order_id']}/tracking"
        found.append(
            _told(
                page, at=shipment["created_at"], kind="shipment", what=_what("shipment", "CREATED", page), who=supplier
            )
        )
        for parcel in shipment["parcels"]:
            loss = parcel.get("loss")
            if loss:
                lost = f"{_what('shipment', 'LOST', page)} {_waybill(parcel, page)}"
                found.append(_told(page, at=loss["declared_at"], kind="shipment", what=lost, who=supplier, url=url))
            what = f"{_what('shipment', 'DISPATCHED', page)} {_waybill(parcel, page)}"
            found.append(_told(page, at=parcel["dispatched_at"], kind="shipment", what=what, who=supplier, url=url))
        for name, moment in (("DELIVERED", shipment["delivered_at"]), ("CANCELLED", shipment["order_cancelled_at"])):
            if moment:
                found.append(
                    _told(page, at=moment, kind="shipment", what=_what("shipment", name, page), who=supplier, url=url)
                )
    return found


def told_by_parcel(
    parcel: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
    excursions: Sequence[Mapping[str, Any]],
    page: Page,
) -> list[Told]:
    """What the carrier told of a parcel, and when it was too warm or too cold."""
    waybill = _waybill(parcel, page)
    found = [
        _told(
            page,
            at=each["occurred_at"],
            kind="tracking",
            what=f"{named(dict(each), 'name', page)} {each['place'] or ''}".strip(),
            who=waybill,
            why=each["description"] or "",
        )
        for each in log
    ]
    names = page.t.names
    for each in excursions:
        extreme = "" if each["extreme_c"] is None else f" {each['extreme_c']:.1f} ℃"
        what = f"{names['excursion'].get(each['kind'], each['kind'])} {names['severity'][each['severity']]}{extreme}"
        found.append(_told(page, at=each["started_at"], kind="temperature", what=what, who=waybill))
    return found


def told_to_people(messages: Iterable[Message], people: Mapping[str, str], page: Page) -> list[Told]:
    """What the gateway told whom."""
    return [
        _told(
            page,
            at=each.happened_at.isoformat(),
            kind="message",
            what=sentence_of(each.template, each.facts, page.language),
            who=people.get(str(each.person_id), ""),
        )
        for each in messages
    ]


def in_order(told: Iterable[Told], kind: str) -> list[Told]:
    """The latest first, of one kind if one is chosen."""
    return sorted((each for each in told if kind in {"", each.kind}), key=lambda each: each.instant, reverse=True)


def case_lines(case: Mapping[str, Any], page: Page) -> list[dict[str, Any]]:
    """The order's lines with what can still be given back."""
    return [
        {
            **each,
            "title": in_language(each, "product_title", page.language),
            "payable": money(each["payable_fen"]),
            "refunded": money(each["refunded_fen"]) if each["refunded_fen"] else "",
            "state": page.t.names["order_status"].get(each["fulfilment"], each["fulfilment"]),
            "is_refundable": each["fulfilment"] == "DELIVERED" and each["left_count"] > 0,
        }
        for each in case["lines"]
    ]


def _what(kind: str, what: str, page: Page) -> str:
    key = f"{kind}_{what}".lower()
    return str(page.t.names["case_event"].get(key) or page.t.names["change"].get(what) or what)


def _waybill(parcel: Mapping[str, Any], page: Page) -> str:
    code = parcel["carrier_code"]
    return f"{page.t.names['carrier'].get(code, code)} {parcel['waybill_number']}"


def _told(
    page: Page, *, at: str, kind: str, what: str, who: str = "", why: str = "", amount: str = "", url: str = ""
) -> Told:
    names = page.t.names["case_kind"]
    instant = instant_of(at).isoformat()
    return Told(page.time(at), instant, kind, names.get(kind, kind), TONES.get(kind, ""), what, who, why, amount, url)
