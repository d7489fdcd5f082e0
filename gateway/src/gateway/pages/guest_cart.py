"""Whose cart a page shows, and taking over what was put in before signing in."""

from typing import Any

from gateway.guests import forget_guest, guest_token, shopper
from gateway.pages.shell import Page
from gateway.services import Services
from gateway.visitor import Visitor

_EMPTY: dict[str, Any] = {"lines": [], "parts": [], "payable_fen": 0}


async def cart_of(page: Page, services: Services) -> dict[str, Any]:
    """The visitor's cart. Who has none yet needs nobody to be asked."""
    visitor = shopper(page.request, page.visitor)
    if visitor.internal_token is None:
        return _EMPTY
    found: dict[str, Any] = await services.orders.get("/v1/cart", visitor=visitor)
    return found


async def take_over(page: Page, services: Services, visitor: Visitor) -> int:
    """Move what this browser's guest chose into the cart of the person who is signed in now; how many lines found no
    room there. The cookie goes only when that is done, so that what fails now is done at the next look at the cart."""
    token = guest_token(page.request)
    if token is None:
        return 0
    merged = await services.orders.post("/v1/cart/merge", visitor=visitor, json={"guest_token": token})
    forget_guest(page.request)
    return len(merged["left_out"])
