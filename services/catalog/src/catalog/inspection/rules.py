"""Inspection reports: which count, and the way from submission to their end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from catalog.certificate.data import certificate_kinds
from catalog.certificate.rules import REPORT, Proof
from shared.errors import Conflict, Forbidden, Invalid

SUBMITTED, ACCEPTED, REFUSED, WITHDRAWN, EXPIRED = "SUBMITTED", "ACCEPTED", "REFUSED", "WITHDRAWN", "EXPIRED"

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "accept": (frozenset({SUBMITTED}), ACCEPTED),
    "refuse": (frozenset({SUBMITTED}), REFUSED),
    "withdraw": (frozenset({SUBMITTED, ACCEPTED}), WITHDRAWN),
    "expire": (frozenset({ACCEPTED}), EXPIRED),
}
"""Verb: the statuses that it starts from, and where it leads. `expire` is the clock's."""
_DONE = {"accept": "accepted", "refuse": "refused", "withdraw": "withdrawn", "expire": "ended"}


@dataclass(frozen=True)
class Report:
    """A report that was accepted: it counts from the day of issue to `valid_until`, both included."""

    number: str
    laboratory: str
    issued_on: date
    valid_until: date
    is_passed: bool


def standing_proofs(reports: Iterable[Report]) -> list[Proof]:
    """The passed reports as proofs, by number; one that was followed by a failed report no longer speaks for the
    product."""
    known = list(reports)
    last_failure = max((each.issued_on for each in known if not each.is_passed), default=date.min)
    found = [each for each in known if each.is_passed and each.issued_on > last_failure]
    proofs = [Proof(REPORT, each.number, each.valid_until, each.issued_on, each.laboratory) for each in found]
    return sorted(proofs, key=lambda proof: proof.number)


def status_after(verb: str, status: str) -> str:
    """Where the verb leads from this status; 409 `inspection-status` if it does not start from it."""
    before, after = MOVES[verb]
    if status not in before:
        raise Conflict(
            f"A report that is {status} cannot be {_DONE[verb]}.", code="inspection-status", status_now=status
        )
    return after


def is_passed(conclusions: Sequence[str]) -> bool:
    """A report is passed when every item of it is."""
    return bool(conclusions) and all(each == "passed" for each in conclusions)


def ensure_report_number(number: str) -> None:
    """422 `report-number-invalid`."""
    form = certificate_kinds()[REPORT]
    if not form.takes(number):
        raise Invalid(
            f"A report's number looks like this: {form.example}.",
            code="report-number-invalid",
            field="report_number",
            example=form.example,
        )


def ensure_days(sampled_on: date, issued_on: date, valid_until: date, today: date) -> None:
    """422 `report-days` unless it was sampled, then issued, by today, and counts from then on; `report-over` for one
    that ended."""
    if issued_on < sampled_on or issued_on > today:
        raise Invalid(
            "A report is issued after the sample was taken, and by today.", code="report-days", field="issued_on"
        )
    if valid_until < issued_on:
        raise Invalid("It ends before it was issued.", code="report-days", field="valid_until")
    if valid_until < today:
        raise Invalid("This report has ended. Submit a new one.", code="report-over", field="valid_until")


def ensure_recognised(basis: str, cma_number: str) -> None:
    """409 `laboratory-not-recognised` where the report of this laboratory does not count."""
    if not basis:
        raise Conflict(
            "This laboratory's reports do not count here: it is not on the list, or its region's reports are not "
            "recognised in the county of origin. An operator may add it.",
            code="laboratory-not-recognised",
            field="cma_number",
            cma_number=cma_number,
        )


def ensure_may_take_back(status: str, *, is_passed: bool) -> None:
    """403 `failed-report-stays`: a failed report that was accepted is not taken back by who failed."""
    if status == ACCEPTED and not is_passed:
        raise Forbidden(
            "This report failed and was accepted: only an official or operator may withdraw it.",
            code="failed-report-stays",
        )
