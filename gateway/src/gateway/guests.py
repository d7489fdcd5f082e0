"""Visitors without an account who fill a cart: a signed cookie says whose it is, and orders gets a token of kind guest.

Nothing of them is kept here. The cookie holds an id that we made up and our mark over it, so nobody can name another's;
the token opens carts and prices and nothing else (`shared.auth.GuestOrCaller`).
"""

import dataclasses
from datetime import timedelta
from uuid import UUID

from fastapi import Request

from gateway.access import incoming_of, parts
from gateway.routing.rules import cookies_of
from gateway.visitor import Visitor, set_cookie_later
from shared.auth import GUEST, Caller
from shared.clock import utc_now
from shared.ids import new_id

_KEPT_SECONDS = 30 * 24 * 3600  # as long as orders keeps the cart


def cookie_name(*, is_secure: bool) -> str:
    """The cookie of a guest's cart; over https with the prefix that keeps other hosts from setting it."""
    return "__Host-zn_guest" if is_secure else "zn_guest"


def shopper(request: Request, visitor: Visitor, *, opens: bool = False) -> Visitor:
    """The visitor as carts know it: the person, or the guest of this browser. `opens` makes a guest of anybody; without
    it a browser that has no cart stays without a token."""
    if visitor.is_signed_in:
        return visitor
    guest_id = _guest_of(request)
    if opens:
        guest_id = guest_id or new_id()
        value = parts(request).guest_marks.value_of(guest_id)
        set_cookie_later(request, _name(request), value, max_age=_KEPT_SECONDS)
    if guest_id is None:
        return visitor
    return dataclasses.replace(visitor, internal_token=_token(request, guest_id))


def guest_token(request: Request) -> str | None:
    """A token for the cart that this browser filled without an account; None if it has none."""
    guest_id = _guest_of(request)
    return None if guest_id is None else _token(request, guest_id)


def forget_guest(request: Request) -> None:
    """Remove the cookie: the cart belongs to a person now."""
    set_cookie_later(request, _name(request), "", max_age=0)


def _name(request: Request) -> str:
    return cookie_name(is_secure=parts(request).callers.is_secure(request.scope))


def _guest_of(request: Request) -> UUID | None:
    value = cookies_of(incoming_of(request).own.get(b"cookie")).get(_name(request))
    return None if value is None else parts(request).guest_marks.guest_of(value)


def _token(request: Request, guest_id: UUID) -> str:
    found = parts(request)
    lifetime = timedelta(seconds=found.settings.internal_token_seconds)
    return found.keyring.issue(Caller(guest_id, kind=GUEST), now=utc_now(), lifetime=lifetime)
