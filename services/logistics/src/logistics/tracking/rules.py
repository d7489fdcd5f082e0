"""Tracking: what the updates of a parcel add up to, in whatever order and however often they came.

A leg is one way of the parcel: 1 to the buyer, 2 back to the supplier, further ones as the carrier counts them. Within
a leg the state only rises; an exception is noted beside it and lowers nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

FORWARD, RETURN = 1, 2
CREATED, DELIVERED, RETURNING, RETURNED = "CREATED", "DELIVERED", "RETURNING", "RETURNED"
BEIJING = timezone(timedelta(hours=8))
EARLIEST = datetime(2000, 1, 1, tzinfo=BEIJING)
CLOCK_AHEAD = timedelta(days=2)
_ZONE = re.compile(r"(Z|z|[+-]\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d+)?)?)?)$")


@dataclass(frozen=True, slots=True)
class Status:
    """What a status means. `rank` orders progress within a leg; exceptions and remarks have none."""

    status: str
    name: str
    name_en: str
    kind: Literal["progress", "return", "exception", "remark"]
    rank: int | None


@dataclass(frozen=True, slots=True)
class StatusBook:
    """All statuses, and the carriers' words for them."""

    statuses: Mapping[str, Status]
    words: Mapping[str, str]

    def find(self, word: str) -> Status | None:
        """The status that a carrier means, or None for a word that we do not know."""
        return self.statuses.get(self.words.get(word, word))


@dataclass(frozen=True, slots=True)
class Update:
    """One line of the log, as far as the state depends on it. `leg` is None where the carrier named none."""

    leg: int | None
    status: Status
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ParcelState:
    """Where a parcel stands. `delivered_at` stays when a return opens a new leg."""

    status: str = CREATED
    leg: int = FORWARD
    exception: str | None = None
    exception_at: datetime | None = None
    last_update_at: datetime | None = None
    delivered_at: datetime | None = None
    returned_at: datetime | None = None


def state_of(updates: Iterable[Update]) -> ParcelState:
    """The state that the log adds up to. Order and repetition of the updates make no difference."""
    log = sorted(updates, key=_order)
    if not log:
        return ParcelState()
    legs = legs_of(log)
    leg = max(legs.values(), default=FORWARD)
    of_leg = [each for each in log if legs[each] == leg]
    progress = [each for each in of_leg if each.status.rank is not None]
    furthest = max(progress, key=_advance, default=None)
    exception = _lasting_exception(of_leg, progress)
    delivered = [each.occurred_at for each in log if is_forward(legs[each]) and each.status.status == DELIVERED]
    returned = [each.occurred_at for each in log if not is_forward(legs[each]) and _ends_return(each)]
    return ParcelState(
        status=_status_of_leg(leg, furthest, is_returned=bool(returned)),
        leg=leg,
        exception=exception.status.status if exception else None,
        exception_at=exception.occurred_at if exception else None,
        last_update_at=log[-1].occurred_at,
        delivered_at=min(delivered, default=None),
        returned_at=min(returned, default=None),
    )


def rested_at(state: ParcelState) -> datetime | None:
    """When the parcel's way ended: with its delivery, or back at the supplier; None while it is under way."""
    return state.delivered_at or state.returned_at


def is_forward(leg: int) -> bool:
    """Odd legs lead to the buyer, even ones back."""
    return leg % 2 == 1


def legs_of(log: Iterable[Update]) -> dict[Update, int]:
    """The leg of each update: as the carrier said, else by what the update says, else by when it happened.

    A return status belongs to the way back, and so does what happened after the first of them; what happened before
    belongs to the way out, however late it arrives.
    """
    updates = list(log)
    turned_at = min((each.occurred_at for each in updates if _is_on_way_back(each)), default=None)
    legs: dict[Update, int] = {}
    for each in updates:
        if each.leg is not None:
            legs[each] = each.leg
        elif each.status.kind == "return" or (turned_at is not None and each.occurred_at > turned_at):
            legs[each] = RETURN
        else:
            legs[each] = FORWARD
    return legs


def _is_on_way_back(update: Update) -> bool:
    return update.leg == RETURN or (update.leg is None and update.status.kind == "return")


def _status_of_leg(leg: int, furthest: Update | None, *, is_returned: bool) -> str:
    if not is_forward(leg):
        return RETURNED if is_returned else RETURNING
    return CREATED if furthest is None else furthest.status.status


def _ends_return(update: Update) -> bool:
    return update.status.status in (RETURNED, DELIVERED)


def _lasting_exception(of_leg: list[Update], progress: list[Update]) -> Update | None:
    """The latest exception that no later progress has overcome."""
    exceptions = [each for each in of_leg if each.status.kind == "exception"]
    if not exceptions:
        return None
    latest = exceptions[-1]
    return None if any(each.occurred_at > latest.occurred_at for each in progress) else latest


def _advance(update: Update) -> tuple[int, datetime, str]:
    return (update.status.rank or 0, update.occurred_at, update.status.status)


def _order(update: Update) -> tuple[datetime, int, str, int]:
    rank = update.status.rank
    return (update.occurred_at, -1 if rank is None else rank, update.status.status, update.leg or 0)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An instant and the zone in which the carrier wrote it."""

    at: datetime
    zone: str
    is_zone_assumed: bool


def occurrence_of(written: str) -> Occurrence:
    """Read a carrier's time. Without a zone it is Beijing time, and says so. Raises ValueError."""
    instant = datetime.fromisoformat(written.strip())
    if instant.tzinfo is None:
        return Occurrence(instant.replace(tzinfo=BEIJING), "+08:00", is_zone_assumed=True)
    found = _ZONE.search(written.strip())
    zone = found.group(1) if found else "+00:00"
    return Occurrence(instant, "+00:00" if zone in ("Z", "z") else zone, is_zone_assumed=False)


def ensure_plausible(at: datetime, *, now: datetime) -> None:
    """A carrier's clock may be off by a day or two, not by years. Raises ValueError."""
    if not EARLIEST <= at <= now + CLOCK_AHEAD:
        raise ValueError("not of these years")


def repeat_key(*, event_id: str | None, leg: int | None, carrier_status: str, occurred_at: datetime) -> str:
    """The same for the same thing said again: the carrier's own id, else leg, time and status."""
    if event_id:
        return f"id {event_id}"
    return f"at {leg or 0} {int(occurred_at.timestamp() * 1_000_000)} {carrier_status}"
