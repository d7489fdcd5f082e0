"""Lots: who holds and who releases, where each verb leads, and codes for scanners."""

from collections.abc import Collection
from datetime import date
from urllib.parse import quote

from shared.errors import Conflict, Forbidden, Invalid
from shared.trace_codes import LARGEST_LOT, LARGEST_SUBJECT, is_trace_code, normalised

OPEN, HELD, CLOSED, RECALLED = "OPEN", "HELD", "CLOSED", "RECALLED"

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "hold": (frozenset({OPEN, HELD}), HELD),
    "release": (frozenset({HELD}), OPEN),
    "close": (frozenset({OPEN}), CLOSED),
    "recall": (frozenset({OPEN, HELD, CLOSED}), RECALLED),
}
"""Verb: the statuses that it starts from, and where it leads. Who outranks the holder may hold what is held."""
_DONE = {"hold": "held", "release": "released", "close": "closed", "recall": "recalled"}

HOLDER_RANKS = {"supplier": 1, "clock": 2, "official": 2, "operator": 3}
"""Who held it; `clock` is an excursion or a failed report. Nobody releases what a higher one holds."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads from this status; 409 `lot-status` if it does not start from it."""
    before, after = MOVES[verb]
    if status not in before:
        raise Conflict(f"A lot that is {status} cannot be {_DONE[verb]}.", code="lot-status", status_now=status)
    return after


def ensure_may_hold(holder: str, held_by: str | None) -> None:
    """409 `lot-status` for holding what somebody of the same or a higher rank holds already."""
    if held_by is not None and HOLDER_RANKS[holder] <= HOLDER_RANKS[held_by]:
        raise Conflict("It is held already.", code="lot-status", status_now=HELD, held_by=held_by)


def ensure_may_release(releaser: str, held_by: str | None) -> None:
    """403 `held-by-higher` unless the releaser ranks with the holder, or above."""
    if held_by is not None and HOLDER_RANKS[releaser] < HOLDER_RANKS[held_by]:
        raise Forbidden(
            "Somebody of a higher office holds this lot: ask them to release it.",
            code="held-by-higher",
            held_by=held_by,
        )


def blocked_skus(statuses: dict[str, Collection[str]]) -> set[str]:
    """Of SKUs with the statuses of their lots, those that must not be sold: one of their lots is held or recalled and
    none is open."""
    return {
        sku_id for sku_id, found in statuses.items() if OPEN not in found and not {HELD, RECALLED}.isdisjoint(found)
    }


def ensure_harvest(harvested_on: date, today: date) -> None:
    """422 `harvest-in-future`."""
    if harvested_on > today:
        raise Invalid(
            "A lot is entered on the day of harvest or later.", code="harvest-in-future", field="harvested_on"
        )


def ensure_serials(subject: int, lot: int) -> None:
    """409 `lot-serials-exhausted` when a supplier's codes of that day, or a county's subjects, are used up."""
    if subject > LARGEST_SUBJECT or lot > LARGEST_LOT:
        raise Conflict(
            f"There are {LARGEST_LOT} codes for a supplier and day, and {LARGEST_SUBJECT} suppliers in a county; no "
            "more are left.",
            code="lot-serials-exhausted",
        )


def normalised_code(code: str) -> str:
    """The trace code as it is stored; 422 `trace-code-invalid` if a character is wrong."""
    found = normalised(code)
    if not is_trace_code(found):
        raise Invalid(
            "This is not a trace code: 22 digits and a check character. Compare it with the label, character by "
            "character.",
            code="trace-code-invalid",
            field="code",
        )
    return found


def digital_link(gtin: str, code: str) -> str:
    """The path of the GS1 Digital Link of a lot of this article: GTIN under 01, lot under 10."""
    return f"/01/{gtin.zfill(14)}/10/{quote(code)}"
