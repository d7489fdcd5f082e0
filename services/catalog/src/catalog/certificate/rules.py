"""Certificates: the forms of their numbers, when one counts, and the way from submission to its end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from catalog.certificate.data import certificate_kinds, conformity_bases
from shared.errors import Conflict, Invalid

SUBMITTED, VERIFIED, REFUSED, WITHDRAWN, EXPIRED = "SUBMITTED", "VERIFIED", "REFUSED", "WITHDRAWN", "EXPIRED"
STATUSES = (SUBMITTED, VERIFIED, REFUSED, WITHDRAWN, EXPIRED)

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "verify": (frozenset({SUBMITTED}), VERIFIED),
    "refuse": (frozenset({SUBMITTED}), REFUSED),
    "withdraw": (frozenset({SUBMITTED, VERIFIED}), WITHDRAWN),
    "expire": (frozenset({VERIFIED}), EXPIRED),
}
"""Verb: the statuses that it starts from, and where it leads. `expire` is the clock's."""

REPORT = "test_report"
"""The badge of a passed report in force; the reports themselves are inspections."""


@dataclass(frozen=True)
class Proof:
    """A certificate as a value: it counts from `valid_from` (None: since ever) to `valid_until`, that day included
    (None: for good)."""

    type: str
    number: str
    valid_until: date | None = None
    valid_from: date | None = None
    issuer: str = ""


def ensure_certificates(certificates: Sequence[Proof]) -> None:
    """422 `certificate-number-invalid` for a number not of its type's form, `certificate-is-report` for a report (which
    is registered as an inspection), `certificate-repeated` for one twice."""
    seen: set[tuple[str, str]] = set()
    for place, certificate in enumerate(certificates):
        ensure_number(certificate.type, certificate.number, field=f"certificates.{place}.number")
        ensure_period(certificate.valid_from, certificate.valid_until, field=f"certificates.{place}.valid_until")
        key = (certificate.type, certificate.number)
        if key in seen:
            raise Invalid(
                "This certificate is given twice.", code="certificate-repeated", field=f"certificates.{place}"
            )
        seen.add(key)


def ensure_number(kind: str, number: str, *, field: str = "number") -> None:
    """422 `certificate-number-invalid` with an example, `certificate-is-report`."""
    if kind == REPORT:
        raise Invalid(
            "A test report is registered as an inspection, with its laboratory and items.",
            code="certificate-is-report",
            field=field.replace("number", "type"),
        )
    form = certificate_kinds()[kind]
    if not form.takes(number):
        raise Invalid(
            f"{number!r} is not the number of such a certificate; it looks like this: {form.example}.",
            code="certificate-number-invalid",
            field=field,
            example=form.example,
        )


def ensure_period(valid_from: date | None, valid_until: date | None, *, field: str = "valid_until") -> None:
    """422 `certificate-period-empty` for a last day before the first."""
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        raise Invalid("Its last day lies before its first.", code="certificate-period-empty", field=field)


def ensure_not_over(valid_until: date | None, day: date) -> None:
    """422 `certificate-over` for a certificate that ended before that day."""
    if valid_until is not None and valid_until < day:
        raise Invalid("This certificate has ended. Submit the new one.", code="certificate-over", field="valid_until")


def ensure_bases(bases: Sequence[str]) -> None:
    """422 `conformity-basis-unknown` for a basis that the certificate does not know, or none at all."""
    if not bases or not set(bases) <= set(conformity_bases()):
        raise Invalid(
            "Name at least one basis of the promise.",
            code="conformity-basis-unknown",
            field="conformity.bases",
            known=list(conformity_bases()),
        )


def ensure_statement(kind: str, *, has_statement: bool) -> None:
    """422 `conformity-missing` for a conformity certificate without what it states, `conformity-unexpected` for another
    type with it."""
    if kind == "conformity" and not has_statement:
        raise Invalid(
            "A conformity certificate says who promises what, for which goods.",
            code="conformity-missing",
            field="conformity",
        )
    if kind != "conformity" and has_statement:
        raise Invalid(
            "Only a conformity certificate makes such a statement.", code="conformity-unexpected", field="conformity"
        )


def is_in_force(certificate: Proof, day: date) -> bool:
    """Whether the certificate counts on that day."""
    has_begun = certificate.valid_from is None or certificate.valid_from <= day
    return has_begun and (certificate.valid_until is None or day <= certificate.valid_until)


def status_after(verb: str, status: str) -> str:
    """Where the verb leads from this status; 409 `certificate-status` if it does not start from it."""
    before, after = MOVES[verb]
    if status not in before:
        raise Conflict(
            f"A certificate that is {status} cannot be {_DONE[verb]}.", code="certificate-status", status_now=status
        )
    return after


_DONE = {"verify": "verified", "refuse": "refused", "withdraw": "withdrawn", "expire": "ended"}


def reminder_due(valid_until: date | None, day: date, days_before: Iterable[int]) -> int | None:
    """The reminder that is due on that day: the nearest mark that the days left have reached; None while it is early,
    after the end, and for what has no end."""
    if valid_until is None:
        return None
    left = (valid_until - day).days
    return min((mark for mark in days_before if 0 <= left <= mark), default=None)
