"""From a request's headers to its caller: the credential, how often it may call, and whether a page of ours sent it."""

from time import monotonic
from typing import Any

from gateway.credential.rules import ACCESS_TOKEN_PREFIX, API_KEY_PREFIX
from gateway.identities import Identities, Identity
from gateway.rate_limit.rules import TokenBucket
from gateway.routing.rules import Incoming, cookies_of
from gateway.session.rules import SAFE_METHODS, csrf_failed, ensure_own_request, is_foreign
from gateway.settings import GatewaySettings
from shared.errors import TooMany, Unauthenticated
from shared.networks import network_of

Scope = Any
_BUCKETS = 100_000
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def session_cookie_name(*, is_secure: bool) -> str:
    """The session's cookie; over https with the prefix that keeps other hosts from setting it."""
    return "__Host-zn_session" if is_secure else "zn_session"


def visit_cookie_name(*, is_secure: bool) -> str:
    """The cookie that an anonymous visitor's form token belongs to."""
    return "__Host-zn_visit" if is_secure else "zn_visit"


class Callers:
    """Finds out who calls, for routed requests and for our own routes alike."""

    def __init__(self, identities: Identities, settings: GatewaySettings) -> None:
        self._identities = identities
        self._settings = settings
        self._buckets: dict[object, TokenBucket] = {}

    def is_secure(self, scope: Scope) -> bool:
        """Whether the browser reached us over https."""
        return (self._settings.public_url or f"{scope['scheme']}:").startswith("https:")

    def session_secret(self, scope: Scope, incoming: Incoming) -> str | None:
        """The session's token, if the request brought one."""
        header = incoming.own.get(b"cookie")
        if header is None or "zn_session=" not in header:
            return None
        return cookies_of(header).get(session_cookie_name(is_secure=self.is_secure(scope)))

    async def identify(self, scope: Scope, incoming: Incoming) -> Identity | None:
        """The caller, or None for anonymous. A key or token that is not (or no longer) good is 401 `token-invalid`; a
        session that has ended is just nobody. Too many requests are 429 `too-many-requests`.
        """
        secret = _bearer(incoming)
        if secret is not None:
            if not secret.startswith((API_KEY_PREFIX, ACCESS_TOKEN_PREFIX)):
                raise _token_invalid()
            identity = await self._identities.find(secret)
            if identity is None:
                self._take(("wrong", _address(scope)))
                raise _token_invalid()
        else:
            cookie = self.session_secret(scope, incoming)
            identity = None if cookie is None else await self._identities.find(cookie)
        self._take(identity.credential_id if identity is not None else _address(scope))
        return identity

    def ensure_own_page(self, scope: Scope, incoming: Incoming, *, given_token: str | None, cookie: str | None) -> None:
        """Refuse an unsafe request that a foreign page made a browser send: 403 `csrf-failed`."""
        content_type = incoming.own.get(b"content-type", "").partition(";")[0].strip().lower()
        ensure_own_request(
            sec_fetch_site=incoming.own.get(b"sec-fetch-site"),
            origin=incoming.own.get(b"origin"),
            own_origins=self.own_origins(scope, incoming),
            given_token=given_token,
            cookie=cookie,
            is_form=content_type in _FORMS,
        )

    def ensure_routed_is_own(self, scope: Scope, incoming: Incoming, identity: Identity | None) -> None:
        """The same for a request that only a session's cookie speaks for, where the token comes as a header."""
        if identity is not None and identity.via == "session" and scope["method"] not in SAFE_METHODS:
            self.ensure_own_page(
                scope,
                incoming,
                given_token=incoming.own.get(b"x-csrf-token"),
                cookie=self.session_secret(scope, incoming),
            )

    def ensure_not_foreign(self, scope: Scope, incoming: Incoming) -> None:
        """Refuse an anonymous request that another site made a browser send, such as a sign-in as somebody else."""
        foreign = is_foreign(
            sec_fetch_site=incoming.own.get(b"sec-fetch-site"),
            origin=incoming.own.get(b"origin"),
            own_origins=self.own_origins(scope, incoming),
        )
        if foreign:
            raise csrf_failed()

    def own_origins(self, scope: Scope, incoming: Incoming) -> frozenset[str]:
        """The origins of our own pages."""
        configured = self._settings.public_url.rstrip("/").lower()
        host = incoming.own.get(b"host", "").lower()
        return frozenset({configured} if configured else {f"{scope['scheme']}://{host}"})

    def _take(self, key: object) -> None:
        moment = monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _BUCKETS:
                self._drop_full(moment)
            settings = self._settings
            bucket = TokenBucket(settings.caller_rate, settings.caller_burst, settings.caller_burst, moment)
            self._buckets[key] = bucket
        wait = bucket.take(moment)
        if wait:
            seconds = max(1, round(wait))
            raise TooMany("You ask too often. Slow down.", code="too-many-requests", retry_after_seconds=seconds)

    def _drop_full(self, moment: float) -> None:
        """A bucket that has filled up again says nothing that a new one would not."""
        refill = self._settings.caller_burst / self._settings.caller_rate
        self._buckets = {key: each for key, each in self._buckets.items() if moment - each.filled_at < refill}
        if len(self._buckets) >= _BUCKETS:
            self._buckets.clear()


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(client[0]) if client else "unknown"


def _bearer(incoming: Incoming) -> str | None:
    key = incoming.own.get(b"x-api-key")
    if key is not None:
        return key.strip()
    header = incoming.own.get(b"authorization")
    if header is None:
        return None
    kind, _, value = header.partition(" ")
    if kind.lower() != "bearer":
        raise _token_invalid()
    return value.strip()


def _token_invalid() -> Unauthenticated:
    return Unauthenticated(
        "This key or token is not valid: it may have been revoked or have expired.", code="token-invalid"
    )
