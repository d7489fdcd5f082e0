"""Who is calling, and what they may do. Each service checks the token itself, with the gateway's public keys."""

import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import httpx2
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.errors import Forbidden, Unauthenticated, Unavailable

ISSUER = "zhunong"
AUDIENCE = "zhunong"
GUEST = "guest"  # a browser with a cart and no account: nobody to every route that does not ask for `GuestOrCaller`
ALGORITHM = "Ed25519"  # EdDSA over Curve25519 under its fully specified name, RFC 9864
_CACHED_TOKENS = 10_000
_KEYS_REFRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Caller:
    """A person (or a client acting for an organisation) and what the gateway vouches for.

    `kind` is consumer, institution, supplier, carrier, analyst, official, operator or service, or guest for a browser
    that has a cart and no account. For a supplier the organisation id is the supplier id. `regions` are division-code
    prefixes that an official may see.
    """

    person_id: UUID
    organisation_id: UUID | None = None
    kind: str = "consumer"
    roles: frozenset[str] = field(default_factory=frozenset)
    regions: tuple[str, ...] = ()
    scopes: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_operator(self) -> bool:
        """Runs the marketplace: may act for anyone, and is named in the trail."""
        return self.kind == "operator"

    @property
    def scope_key(self) -> str:
        """All that decides what this caller may see, for a cache key."""
        roles, regions = ",".join(sorted(self.roles)), ",".join(self.regions)
        return f"{self.kind}|{self.person_id}|{self.organisation_id}|{roles}|{regions}"


class TokenIssuer:
    """Signs access tokens; the gateway's, and a test's."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key

    def issue(self, caller: Caller, *, now: datetime, lifetime: timedelta) -> str:
        """A signed token that says who calls, until `now + lifetime`."""
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(caller.person_id),
            "kind": caller.kind,
            "roles": sorted(caller.roles),
            "regions": list(caller.regions),
            "scope": " ".join(sorted(caller.scopes)),
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        if caller.organisation_id is not None:
            claims["org"] = str(caller.organisation_id)
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, claims, self._key, algorithms=[ALGORITHM])


class Verifier:
    """Checks tokens against the gateway's keys and remembers good ones until they expire."""

    def __init__(self, *, jwks_url: str = "", keys: KeySet | None = None) -> None:
        self._jwks_url = jwks_url
        self._keys = keys
        self._asked_at = float("-inf")
        self._known: dict[str, tuple[float, Caller]] = {}

    async def verify(self, token: str) -> Caller:
        """The caller whom the token names; 401 for a token that is not ours, altered or past its end."""
        known = self._known.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        claims = await self._decode(token)
        caller = _caller_of(claims)
        if len(self._known) >= _CACHED_TOKENS:
            self._known.clear()
        self._known[token] = (float(claims["exp"]), caller)
        return caller

    async def _decode(self, token: str) -> dict[str, Any]:
        for is_last_try in (False, True):
            keys = self._keys or await self._fetch_keys()
            try:
                claims = jwt.decode(token, keys, algorithms=[ALGORITHM]).claims
            except (JoseError, ValueError) as error:
                if is_last_try or not await self._fetch_newer_keys():
                    raise Unauthenticated(
                        "The access token is not valid. Sign in again.", code="token-invalid"
                    ) from error
                continue
            if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE or not isinstance(claims.get("exp"), int):
                raise Unauthenticated("The access token is not meant for us.", code="token-invalid")
            if claims["exp"] <= time.time():
                raise Unauthenticated("The access token has expired. Sign in again.", code="token-expired")
            return dict(claims)
        raise AssertionError("unreachable")

    async def _fetch_newer_keys(self) -> bool:
        """After a token by an unknown key: the gateway may have rotated. Asked at most every few seconds."""
        if not self._jwks_url or time.monotonic() - self._asked_at < _KEYS_REFRESH_SECONDS:
            return False
        await self._fetch_keys()
        return True

    async def _fetch_keys(self) -> KeySet:
        self._asked_at = time.monotonic()
        try:
            async with httpx2.AsyncClient(timeout=3) as client:
                answer = await client.get(self._jwks_url)
                answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise Unavailable("The gateway's keys cannot be read now. Try again.", code="keys-unavailable") from error
        self._keys = KeySet.import_key_set(answer.json())
        return self._keys


def _caller_of(claims: dict[str, Any]) -> Caller:
    try:
        return Caller(
            person_id=UUID(claims["sub"]),
            organisation_id=UUID(claims["org"]) if claims.get("org") else None,
            kind=str(claims["kind"]),
            roles=frozenset(claims.get("roles", ())),
            regions=tuple(claims.get("regions", ())),
            scopes=frozenset(str(claims.get("scope", "")).split()),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Unauthenticated("The access token lacks what we need.", code="token-invalid") from error


_bearer = HTTPBearer(auto_error=False, description="An access token of the gateway.")


async def find_guest_or_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller | None:
    """The caller, also a guest, or None where no token was sent. A bad token is 401 even where none is needed.

    `app.state.find_caller`, where an application has one, answers instead: the gateway knows its callers otherwise.
    """
    finder: Callable[[Request], Awaitable[Caller | None]] | None = getattr(request.app.state, "find_caller", None)
    if finder is not None:
        return await finder(request)
    if credentials is None:
        return None
    verifier: Verifier = request.app.state.verifier
    return await verifier.verify(credentials.credentials)


FoundCaller = Annotated[Caller | None, Depends(find_guest_or_caller)]


async def find_caller(found: FoundCaller) -> Caller | None:
    """The caller, or None where no token was sent or a guest's, who is nobody."""
    return None if found is None or found.kind == GUEST else found


OptionalCaller = Annotated[Caller | None, Depends(find_caller)]


async def get_caller(caller: OptionalCaller) -> Caller:
    """The caller; 401 `unauthenticated` without a token."""
    if caller is None:
        raise Unauthenticated("Sign in first: send an access token.", code="unauthenticated")
    return caller


CallerDep = Annotated[Caller, Depends(get_caller)]


async def get_guest_or_caller(found: FoundCaller) -> Caller:
    """The caller or a guest; 401 `unauthenticated` without a token. For carts and prices, and nothing else."""
    return await get_caller(found)


GuestOrCaller = Annotated[Caller, Depends(get_guest_or_caller)]


def require_kind(*kinds: str) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that lets only callers of these kinds pass (operators always)."""

    async def check(caller: CallerDep) -> Caller:
        if caller.kind not in kinds and not caller.is_operator:
            raise Forbidden(f"This is for {', '.join(kinds)} only.", code="kind-not-allowed", allowed_kinds=list(kinds))
        return caller

    return check


def require_role(*roles: str) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that lets only callers with one of these roles pass (operators always)."""

    async def check(caller: CallerDep) -> Caller:
        if not caller.is_operator and caller.roles.isdisjoint(roles):
            raise Forbidden(f"This needs the role {' or '.join(roles)}.", code="role-missing", roles=list(roles))
        return caller

    return check


def require_scope(*scopes: str) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that lets only callers pass whose token carries all these scopes."""

    async def check(caller: CallerDep) -> Caller:
        if not caller.scopes.issuperset(scopes):
            raise Forbidden(f"The token lacks the scope {' '.join(scopes)}.", code="scope-missing", scopes=list(scopes))
        return caller

    return check
