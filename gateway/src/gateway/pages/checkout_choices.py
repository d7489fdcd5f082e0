"""What a checkout offers besides an address: pickup points, invoice titles, and keeping the pieces for some minutes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.group_buy_view import places_of
from gateway.pages.invoice_titles import KINDS, title_line
from gateway.pages.pickup_view import point_line
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import NotFound, Refusal
from shared.log import logger

FIELDS: Final = (
    "donation",
    "gift_message",
    "point",
    "invoice",
    "invoice_kind",
    "invoice_name",
    "taxpayer_id",
    "invoice_email",
    "keep_invoice",
)
_NEW: Final = "new"
_RECIPIENTS: Final = "/v1/donation-recipients"
_OFFERED_RECIPIENTS: Final = 6

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Offered:
    """The county's open points, the visitor's titles and kinds of a new one, until when pieces are kept, recipients of
    donations, and the county of the chosen one."""

    points: list[Choice]
    titles: list[Choice]
    kinds: list[Choice]
    kept_until: str
    recipients: list[Choice]
    gift_county: str


async def offered_to(page: Page, services: Services, visitor: Visitor, typed: Typed, county_code: str) -> Offered:
    """All of it; a point that is not in the county any more is not chosen any more."""
    takers, points, titles, held = await asyncio.gather(
        _recipients(services, typed),
        _points(services, county_code, page),
        services.orders.get("/v1/invoice-titles", visitor=visitor),
        services.orders.get("/v1/cart/hold", visitor=visitor),
    )
    if typed.point not in {each.value for each in points}:
        typed["point"] = ""
    gift_county = next((each["county_code"] for each in takers if each["recipient_id"] == typed.donation), "")
    if not gift_county:
        typed["donation"] = ""
    places = await places_of(services, (each["county_code"] for each in takers), page)
    saved = [Choice(each["title_id"], title_line(each, page)) for each in titles["items"]]
    names = page.t.names["invoice_kind"]
    return Offered(
        points=points,
        titles=[Choice("", page.t.invoices.none_wanted), *saved, Choice(_NEW, page.t.invoices.other)],
        kinds=[Choice(each, names[each]) for each in KINDS],
        kept_until=page.short_time(held["hold"]["expires_at"]) if held["hold"] else "",
        recipients=[
            Choice(each["recipient_id"], f"{in_language(each, 'name', page.language)} · {places[each['county_code']]}")
            for each in takers
        ],
        gift_county=gift_county,
    )


def where_to(typed: Typed, county_code: str) -> dict[str, Any]:
    """Where the goods go, as an order names it: to a recipient, to a pickup point, or home."""
    if typed.donation:
        return {"donation": {"recipient_id": typed.donation, "message": typed.gift_message[:200]}}
    whom = {"recipient": typed.recipient, "phone": typed.phone}
    if typed.point:
        return {"pickup": {**whom, "pickup_point_id": typed.point}}
    return {"address": {**whom, "county_code": county_code, "detail": typed.detail}}


async def _recipients(services: Services, typed: Typed) -> list[dict[str, Any]]:
    """The newest recipients of donations, and the chosen one if it is still verified."""
    params: dict[str, str | int] = {"limit": _OFFERED_RECIPIENTS}
    found: list[dict[str, Any]] = (await services.orders.get(_RECIPIENTS, visitor=None, params=params))["items"]
    if not typed.donation or typed.donation in {each["recipient_id"] for each in found}:
        return found
    try:
        return [await services.orders.get(f"{_RECIPIENTS}/{UUID(typed.donation)}", visitor=None), *found]
    except (ValueError, NotFound):
        return found


async def _points(services: Services, county_code: str, page: Page) -> list[Choice]:
    """Open points of the county. A checkout goes on without them while logistics is silent."""
    if not county_code:
        return []
    params: dict[str, str | int] = {"region_code": county_code, "status": "OPEN", "limit": 100}
    try:
        found = await services.logistics.get("/v1/pickup-points", visitor=None, params=params)
    except Refusal as refusal:
        log.warning("pickup points not read", code=refusal.code)
        return []
    return [Choice(each["pickup_point_id"], point_line(each, page)) for each in found["items"]]


async def invoice_wanted(services: Services, visitor: Visitor, typed: Typed) -> dict[str, Any] | None:
    """To whom the invoice is made out: nobody, a saved title, or what was typed."""
    if typed.invoice == _NEW:
        return {
            "kind": typed.invoice_kind if typed.invoice_kind in KINDS else KINDS[0],
            "name": typed.invoice_name,
            "taxpayer_id": "" if typed.invoice_kind == "PERSONAL" else typed.taxpayer_id,
            "email": typed.invoice_email,
        }
    try:
        title_id = UUID(typed.invoice)
    except ValueError:
        return None
    saved = await services.orders.get(f"/v1/invoice-titles/{title_id}", visitor=visitor)
    return {name: saved[name] for name in ("kind", "name", "taxpayer_id", "email")}


async def keep_title(services: Services, visitor: Visitor, typed: Typed, invoice: Any, key: str) -> None:
    """Put a new title into the book if that is wanted. The order stands whether or not it succeeds."""
    if typed.invoice != _NEW or typed.keep_invoice != "yes":
        return
    try:
        await services.orders.post(
            "/v1/invoice-titles", visitor=visitor, json=invoice, idempotency_key=f"{key}-invoice"
        )
    except Refusal as refusal:
        log.info("invoice title not kept", code=refusal.code)


async def move_hold(services: Services, visitor: Visitor, do: str, key: str) -> None:
    """Keep the pieces of the cart, or let them go."""
    if do == "keep":
        await services.orders.post("/v1/cart/hold", visitor=visitor, idempotency_key=f"{key}-hold")
    else:
        await services.orders.delete("/v1/cart/hold", visitor=visitor)


def title_errors(errors: dict[str, str]) -> dict[str, str]:
    """A refused title's fields under the names of the form."""
    names = {"name": "invoice_name", "email": "invoice_email", "pickup_point_id": "point"}
    return {names.get(name, name): told for name, told in errors.items()}


def missing_title(typed: Typed, page: Page) -> dict[str, str]:
    """What a new title lacks."""
    wanted: Sequence[str] = ("invoice_name", "invoice_email") if typed.invoice == _NEW else ()
    return {name: page.t.checkout.fill_in for name in wanted if not typed.get(name, "").strip()}
