"""Dependencies of the gateway's own routes: who calls, and by what right."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from gateway.callers import Callers
from gateway.guest_marks import GuestMarks
from gateway.identities import Identities, Identity
from gateway.keyring import Keyring, Seal
from gateway.passwords import Passwords
from gateway.routing.rules import Incoming, read_headers
from gateway.session.rules import SAFE_METHODS
from gateway.settings import GatewaySettings
from gateway.unread import UnreadCounts
from gateway.upstream import UpstreamClient
from shared.auth import Caller
from shared.db import Transactions
from shared.errors import Forbidden, Unauthenticated

_cookie = APIKeyCookie(name="zn_session", auto_error=False, description="The session of a signed-in browser.")
_bearer = HTTPBearer(auto_error=False, description="An API key (zn_…) or an access token of /oauth/token (za_…).")
_SCHEMES = [Security(_cookie), Security(_bearer)]


@dataclass(frozen=True)
class Parts:
    """What the gateway is made of, kept in `app.state.gateway`."""

    settings: GatewaySettings
    keyring: Keyring
    identities: Identities
    callers: Callers
    passwords: Passwords
    upstream: UpstreamClient
    guest_marks: GuestMarks
    unread: UnreadCounts
    seal: Seal


def parts(request: Request) -> Parts:
    """The gateway's parts."""
    found: Parts = request.app.state.gateway
    return found


PartsDep = Annotated[Parts, Depends(parts)]


def transactions(request: Request) -> Transactions:
    """Where transactions come from, for the few routes that need more than one."""
    found: Transactions = request.app.state.database
    return found


def incoming_of(request: Request) -> Incoming:
    """The request's headers, read once."""
    known: Incoming | None = getattr(request.state, "incoming", None)
    if known is None:
        known = read_headers(request.scope["headers"])
        request.state.incoming = known
    return known


async def identify(request: Request) -> Identity | None:
    """The caller, looked up once a request."""
    state = request.state
    if not hasattr(state, "identity"):
        state.identity = await parts(request).callers.identify(request.scope, incoming_of(request))
    found: Identity | None = state.identity
    return found


async def find_anybody(request: Request) -> Identity | None:
    """The caller of a route that needs nobody, such as signing in. What a foreign page sends is 403 `csrf-failed`."""
    if request.method not in SAFE_METHODS:
        parts(request).callers.ensure_not_foreign(request.scope, incoming_of(request))
    return await identify(request)


Anybody = Annotated[Identity | None, Depends(find_anybody)]


async def find_identity(request: Request, identity: Anybody) -> Identity | None:
    """The caller of a JSON route, or None. An unsafe request that no page of ours sent is 403 `csrf-failed`."""
    parts(request).callers.ensure_routed_is_own(request.scope, incoming_of(request), identity)
    return identity


OptionalIdentity = Annotated[Identity | None, Depends(find_identity)]


async def get_identity(identity: OptionalIdentity) -> Identity:
    """The caller; 401 `unauthenticated` without one."""
    if identity is None:
        raise Unauthenticated("Sign in first.", code="unauthenticated")
    return identity


IdentityDep = Annotated[Identity, Depends(get_identity)]


async def get_person(identity: IdentityDep) -> Identity:
    """A person in a session: programs do not change passwords or make keys. 403 `session-needed`."""
    if identity.via != "session":
        raise Forbidden("Only a signed-in person may do this, not a program.", code="session-needed")
    return identity


PersonDep = Annotated[Identity, Depends(get_person)]


async def caller_of(request: Request) -> Caller | None:
    """What `shared.auth` asks for, answered from the identity instead of a token: the gateway trusts itself."""
    identity = await find_identity(request, await find_anybody(request))
    return None if identity is None else identity.caller


def security_schemes() -> list[Any]:
    """Route dependencies that only tell the OpenAPI document how one signs in."""
    return list(_SCHEMES)
