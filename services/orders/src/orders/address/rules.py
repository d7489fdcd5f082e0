"""What an address book may hold."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from shared.errors import Conflict

ENTRIES_MAXIMUM = 20
FORGOTTEN_AFTER = timedelta(days=30)
"""So long a removed address can be restored; then it is deleted (personal data is kept no longer than it is of use)."""


def ensure_room(count: int) -> None:
    """Conflict `address-book-full` if the book holds as many as it may."""
    if count >= ENTRIES_MAXIMUM:
        raise Conflict(
            f"Your address book holds {ENTRIES_MAXIMUM} addresses. Remove one that you no longer use.",
            code="address-book-full",
            maximum=ENTRIES_MAXIMUM,
        )


def next_default(remaining: Sequence[UUID], default: UUID | None) -> UUID | None:
    """Which one is the default now: the old one while it is there, else the one used last (the first of them)."""
    if default in remaining:
        return default
    return remaining[0] if remaining else None
