"""How long a session lives, and when a request is our own page's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from shared.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Lifetime:
    """`idle`: how long a session lives without a request; `total`: how long it lives whatever happens."""

    idle: timedelta
    total: timedelta


def expiry(lifetime: Lifetime, *, created_at: datetime, seen_at: datetime) -> datetime:
    """A session slides on with each use, up to its total."""
    return min(seen_at + lifetime.idle, created_at + lifetime.total)


def is_touch_due(lifetime: Lifetime, *, last_seen_at: datetime, now: datetime) -> bool:
    """Whether the use is worth a write: a hundredth of the idle time has passed, five minutes at most."""
    return now - last_seen_at >= min(lifetime.idle / 100, timedelta(minutes=5))


def csrf_token_of(cookie: str) -> str:
    """The synchroniser token that belongs to a cookie: only who has the cookie, or a page made for it, can know it."""
    return sha256(b"zhunong form " + cookie.encode()).hexdigest()[:40]


def is_foreign(*, sec_fetch_site: str | None, origin: str | None, own_origins: frozenset[str]) -> bool | None:
    """What the browser itself says of where an unsafe request came from; None if it says nothing."""
    if sec_fetch_site is not None:
        return sec_fetch_site not in {"same-origin", "none"}
    if origin is not None:
        return origin.lower() not in own_origins
    return None


def csrf_failed() -> Forbidden:
    """The refusal of a request that is not our own page's."""
    return Forbidden(
        "This request does not come from one of our pages. Open the page again and repeat it.", code="csrf-failed"
    )


def ensure_own_request(
    *,
    sec_fetch_site: str | None,
    origin: str | None,
    own_origins: frozenset[str],
    given_token: str | None,
    cookie: str | None,
    is_form: bool,
) -> None:
    """An unsafe request that a cookie speaks for must come from a page of ours: by the browser's word where it gives
    one, and by the synchroniser token for every form post and wherever the browser is silent.

    Refuses 403 `csrf-failed`.
    """
    foreign = is_foreign(sec_fetch_site=sec_fetch_site, origin=origin, own_origins=own_origins)
    is_token_right = bool(cookie and given_token) and compare_digest(
        (given_token or "").encode(), csrf_token_of(cookie or "").encode()
    )
    if foreign or (not is_token_right and (is_form or foreign is None)):
        raise csrf_failed()
