"""When a supplier may object to what counts against it, and when it may ask for repair."""

from datetime import date, timedelta
from uuid import UUID

from catalog.credit.rules import CreditList
from shared.errors import Conflict, Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "grant": (frozenset({"OPEN"}), "GRANTED"),
    "refuse": (frozenset({"OPEN"}), "REFUSED"),
    "withdraw": (frozenset({"OPEN"}), "WITHDRAWN"),
}


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `appeal-status`."""
    return _status_after(MOVES, verb, status, noun="appeal")


def ensure_has_proof(kind: str, document_count: int) -> None:
    """422 `correction-missing`: a repair shows what was corrected."""
    if kind == "repair" and not document_count:
        raise Invalid(
            "Upload what proves the correction, then ask for repair.", code="correction-missing", field="document_ids"
        )


def ensure_in_time_to_object(since: date, days: int, today: date) -> None:
    """409 `objection-too-late` after the days that the list's rule gives."""
    until = since + timedelta(days=days)
    if today > until:
        raise Conflict(f"Objections were possible until {until}.", code="objection-too-late", until=str(until))


def ensure_may_repair(which: CreditList, starts_on: date, latest_adverse_on: date | None, today: date) -> None:
    """409 `repair-not-possible` for a list without repair, `repair-too-early` before its time, `repair-relapsed` where
    something adverse happened since the placement."""
    if not which.can_be_repaired:
        raise Conflict("This list knows no repair.", code="repair-not-possible")
    first = starts_on + timedelta(days=which.repair_after_days)
    if today < first:
        raise Conflict(f"Repair is possible from {first}.", code="repair-too-early", from_on=str(first))
    if latest_adverse_on is not None and latest_adverse_on > starts_on:
        raise Conflict(
            f"Something counted against the supplier since it was placed, on {latest_adverse_on}.",
            code="repair-relapsed",
            occurred_on=str(latest_adverse_on),
        )


def ensure_other_person(person_id: UUID, earlier: UUID | None) -> None:
    """403 `decided-before`: who reported or placed does not review the objection."""
    if person_id == earlier:
        raise Forbidden("You made the decision that is objected to. A colleague reviews it.", code="decided-before")
