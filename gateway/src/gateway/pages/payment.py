"""Paying an order: a real code to scan, the way to the provider's page, and a page that goes on by itself when paid."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID, uuid5

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from gateway.pages.figures import instant_of, price
from gateway.pages.shell import PageDep
from gateway.services import Services
from gateway.visitor import SignedIn
from shared.errors import Conflict, Unavailable
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_PAYMENT_KEYS = UUID("6a1f0a52-54ab-5c3e-9d0a-6f1f3a1d7c11")
_SHOWN_METHODS = ("code", "page", "mobile")  # inside a provider's own app its own page pays


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay: through whom, and by a code or a page."""

    provider: str
    method: str


def ways_of(offered: list[dict[str, Any]]) -> list[Way]:
    """All ways that a browser can take, in the order in which they are offered."""
    return [Way(each["provider"], method) for each in offered for method in each["methods"] if method in _SHOWN_METHODS]


def wanted_way(ways: list[Way], provider: str, method: str) -> Way:
    """The way that the address asks for, else the first. Unavailable `no-way-to-pay` if there is none."""
    if not ways:
        raise Unavailable("Nobody takes payments for us at present. Try again later.", code="no-way-to-pay")
    return next((each for each in ways if each == Way(provider, method)), ways[0])


def code_picture(text: str, label: str) -> Markup:
    """The QR code of a text as inline SVG: dark on white in either mode, for cameras want it so."""
    out = BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(out, kind="svg", border=2, dark="#20241d", light="#ffffff", xmldecl=False, omitsize=True, title=label)
    # segno escapes the title and draws the text as squares.
    return Markup(out.getvalue().decode())  # noqa: S704


@router.get("/orders/{order_id}/pay")
async def get_payment(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """Open the order's payment, or show the open one: asking again gives the same. Another way closes the first."""
    order = await services.orders.get(f"/v1/orders/{order_id}", visitor=visitor)
    if order["status"] != "PENDING_PAYMENT":
        return RedirectResponse(f"/orders/{order_id}", 303)
    ways = ways_of((await services.orders.get("/v1/payment-providers", visitor=visitor))["items"])
    asked = page.request.query_params
    way = wanted_way(ways, asked.get("provider", ""), asked.get("method", ""))
    # With one way the key is the order's, so that twins are one; with more the same way may be taken twice.
    key = uuid5(_PAYMENT_KEYS, str(order_id)) if len(ways) == 1 else new_id()
    try:
        payment = await services.orders.post(
            f"/v1/orders/{order_id}/payments",
            visitor=visitor,
            json={"provider": way.provider, "method": way.method},
            idempotency_key=str(key),
        )
    except Conflict as refusal:
        if refusal.code == "order-not-payable":
            return RedirectResponse(f"/orders/{order_id}?done=too-late", 303)
        raise
    due_at = order["payment_due_at"]
    return page.render(
        "pay.html",
        number=order["order_number"],
        back=f"/orders/{order_id}",
        amount=price(payment["amount_fen"]),
        code=code_picture(payment["code_url"], page.t.pay.code) if way.method == "code" else "",
        ways=ways if len(ways) > 1 else [],
        way=way,
        pay_url=payment.get("pay_url"),
        due_at=due_at,
        due_text=f"{instant_of(due_at):%H:%M}",
    )


@router.get("/orders/{order_id}/pay/state")
async def get_payment_state(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """Whether the money has come: nothing new, or the way to the order."""
    order = await services.orders.get(f"/v1/orders/{order_id}", visitor=visitor)
    if order["status"] == "PENDING_PAYMENT":
        return page.render("pay_state.html", back=f"/orders/{order_id}")
    done = "paid" if order.get("paid_at") else "too-late"
    return page.go(f"/orders/{order_id}", done=done)
