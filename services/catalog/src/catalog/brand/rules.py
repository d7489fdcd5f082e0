"""Regional brands: certificate numbers that check themselves, periods and quotas."""

import re
from datetime import date, timedelta

from catalog.authority import OfficialRole
from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

BRAND_MOVES: Moves = {"retire": (frozenset({"ACTIVE"}), "RETIRED")}
GRANT_MOVES: Moves = {
    "use": (frozenset({"IN_FORCE"}), "IN_FORCE"),
    "revoke": (frozenset({"IN_FORCE"}), "REVOKED"),
    "expire": (frozenset({"IN_FORCE"}), "EXPIRED"),
}
OWNERS: tuple[OfficialRole, ...] = ("agriculture", "market_supervision", "decider", "province")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_MOST_AHEAD = timedelta(days=90)
_FORM = re.compile(r"PB\d{6}\d{4}\d{5}[0-9A-HJ-NPQRTUWXY]")


def brand_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `brand-status`."""
    return _status_after(BRAND_MOVES, verb, status, noun="brand")


def grant_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `grant-status`."""
    return _status_after(GRANT_MOVES, verb, status, noun="grant")


def ensure_active(status: str) -> None:
    """409 `brand-status` for a brand that was retired."""
    if status != "ACTIVE":
        raise Conflict("The brand was retired.", code="brand-status", status_now=status)


def certificate_number(region_code: str, year: int, serial: int) -> str:
    """PB, the region, the year, a running number of five digits, and a check character modulo 31."""
    digits = f"{region_code}{year:04d}{serial:05d}"
    return f"PB{digits}{_check(digits)}"


def normalised_number(typed: str) -> str:
    """The number as it is stored, however it was typed; 422 `brand-number-invalid` for one that cannot be ours,
    so that a slip of the finger is not taken for a forgery."""
    number = re.sub(r"[\s-]", "", typed).upper()
    if _FORM.fullmatch(number) is None or _check(number[2:-1]) != number[-1]:
        raise Invalid(
            "This is not one of our certificate numbers: PB, 15 digits and a check character. Look again.",
            code="brand-number-invalid",
            field="number",
        )
    return number


def ensure_period(first: date, last: date, today: date) -> None:
    """422 `period-invalid` for a period that ends before it begins, is past, or begins in more than three months."""
    if last < first or last < today or first > today + _MOST_AHEAD:
        raise Invalid(
            "The period ends before it begins, is past, or begins in more than three months.",
            code="period-invalid",
            field="valid_until_on",
        )


def ensure_within_quota(used: int, more: int, quota: int) -> None:
    """409 `quota-exceeded` for more labels than are left."""
    if used + more > quota:
        raise Conflict(f"{quota - used} labels are left of {quota}.", code="quota-exceeded", left=quota - used)


def _check(digits: str) -> str:
    return _ALPHABET[sum(int(digit) * pow(3, place, 31) for place, digit in enumerate(digits)) % 31]
