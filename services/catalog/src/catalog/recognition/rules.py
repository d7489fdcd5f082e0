"""Product recognition (产品认定) in six steps: application, township, line department, county, public notice,
recommendation to the province."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from catalog.authority import OfficialRole
from shared.errors import Conflict, Forbidden
from shared.moves import Moves
from shared.moves import status_after as _status_after

OPEN = frozenset({"APPLIED", "TOWNSHIP_REVIEW", "DEPARTMENT_REVIEW", "COUNTY_DECISION", "PUBLIC_NOTICE"})
IN_FORCE = frozenset({"RECOGNISED", "RECOMMENDED"})
PUBLIC = IN_FORCE | {"PUBLIC_NOTICE"}
"""What everybody may see."""

MOVES: Moves = {
    "accept": (frozenset({"APPLIED"}), "TOWNSHIP_REVIEW"),
    "pass-township": (frozenset({"TOWNSHIP_REVIEW"}), "DEPARTMENT_REVIEW"),
    "pass-department": (frozenset({"DEPARTMENT_REVIEW"}), "COUNTY_DECISION"),
    "decide": (frozenset({"COUNTY_DECISION"}), "PUBLIC_NOTICE"),
    "reject": (frozenset({"TOWNSHIP_REVIEW", "DEPARTMENT_REVIEW", "COUNTY_DECISION"}), "REJECTED"),
    "uphold": (frozenset({"PUBLIC_NOTICE"}), "REJECTED"),
    "resubmit": (frozenset({"REJECTED"}), "APPLIED"),
    "conclude": (frozenset({"PUBLIC_NOTICE"}), "RECOGNISED"),
    "recommend": (frozenset({"RECOGNISED"}), "RECOMMENDED"),
    "send-back": (frozenset({"RECOMMENDED"}), "RECOGNISED"),
    "revoke": (IN_FORCE, "REVOKED"),
    "expire": (IN_FORCE, "EXPIRED"),
}

ROLES: dict[str, tuple[OfficialRole, ...]] = {
    "accept": ("township",),
    "pass-township": ("township",),
    "pass-department": ("department",),
    "decide": ("decider",),
    "conclude": ("decider",),
    "recommend": ("decider",),
    "send-back": ("province",),
    "revoke": ("decider", "province"),
    "answer": ("department", "decider", "market_supervision"),
}
"""Who may do what; `reject` belongs to the role whose turn it is."""

REJECTING: dict[str, OfficialRole] = {
    "TOWNSHIP_REVIEW": "township",
    "DEPARTMENT_REVIEW": "department",
    "COUNTY_DECISION": "decider",
}
STEPS = {"TOWNSHIP_REVIEW": "township", "DEPARTMENT_REVIEW": "department", "COUNTY_DECISION": "county"}
"""The step that a decision in this status belongs to."""


@dataclass(frozen=True)
class Policy:
    """A region's figures: days of public notice, years of validity, and how long before the end one may renew."""

    notice_days: int
    valid_years: int
    renewal_days: int
    source: str
    confidence: str


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `recognition-status`."""
    return _status_after(MOVES, verb, status, noun="recognition")


def ensure_decides_first_time(person_id: UUID, decided: Collection[UUID]) -> None:
    """403 `decided-before`: each step of an application is decided by somebody else."""
    if person_id in decided:
        raise Forbidden(
            "You decided another step of this application. A colleague has to take this one.", code="decided-before"
        )


def notice_days(policy: Policy, today: date) -> tuple[date, date]:
    """First and last day of the public notice: it begins the day after the decision, so that every day is whole."""
    return today + timedelta(days=1), today + timedelta(days=policy.notice_days)


def ensure_notice_over(until: date | None, *, open_objections: int, today: date) -> None:
    """409 `notice-running` before the notice has ended, `objection-open` while an objection has no answer."""
    if until is None or today <= until:
        raise Conflict("The public notice is still running.", code="notice-running", until=str(until))
    if open_objections:
        raise Conflict(
            "Answer every objection before the product can be recognised.",
            code="objection-open",
            open_objections=open_objections,
        )


def ensure_may_object(status: str, until: date | None, today: date) -> None:
    """409 `recognition-status` unless it is on public notice, `notice-over` after its last day."""
    status_after("uphold", status)
    if until is None or today > until:
        raise Conflict("The public notice has ended.", code="notice-over", until=str(until))


def valid_days(policy: Policy, today: date, earlier_until: date | None) -> tuple[date, date]:
    """First and last day of the recognition: a renewal follows the earlier one without a gap."""
    first = max(today, earlier_until + timedelta(days=1)) if earlier_until else today
    return first, _years_later(first, policy.valid_years) - timedelta(days=1)


def ensure_may_renew(until: date, policy: Policy, today: date) -> None:
    """409 `recognition-in-force` while the recognition in force ends later than the renewal time."""
    if today < until - timedelta(days=policy.renewal_days):
        raise Conflict(
            f"The product is recognised until {until}. Apply again in the last {policy.renewal_days} days.",
            code="recognition-in-force",
            valid_until_on=str(until),
        )


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
