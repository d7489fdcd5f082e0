"""Which key signs, which keys are shown, and when a new one is due.

A new key is shown before it signs, so that services and other gateways know it by then; an old one is shown for as long
as a token that it signed can live.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

LEAD = timedelta(minutes=10)
OVERLAP = timedelta(minutes=30)


@dataclass(frozen=True)
class KeyDates:
    """A signing key as the rotation sees it; `is_ours` if we can open its private part."""

    key_id: str
    signs_from: datetime
    public_jwk: dict[str, Any]
    is_ours: bool = True


def signer(keys: Sequence[KeyDates], *, now: datetime) -> KeyDates | None:
    """The key that signs now: the newest that has begun."""
    begun = [key for key in keys if key.is_ours and key.signs_from <= now]
    return max(begun, key=lambda key: (key.signs_from, key.key_id), default=None)


def published(keys: Sequence[KeyDates], *, now: datetime) -> list[KeyDates]:
    """The keys that services must know: the coming, the present, and the past whose tokens may still live."""
    ordered = sorted(keys, key=lambda key: (key.signs_from, key.key_id))
    with_next = zip_longest(ordered, ordered[1:])
    return [key for key, following in with_next if following is None or following.signs_from + OVERLAP > now]


def next_signs_from(keys: Sequence[KeyDates], *, every: timedelta, now: datetime) -> datetime | None:
    """When a key made now would begin to sign; None while none is due. The very first signs at once."""
    newest = max((key.signs_from for key in keys if key.is_ours), default=None)
    if newest is None:
        return now
    return now + LEAD if newest + every <= now + LEAD else None
