"""Telling workers apart without knowing them, what may be told of them, and how their search for work goes."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import date

from shared.errors import Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

BAND_YEARS = 5
MOVES: Moves = {
    "seek": (frozenset({"EMPLOYED", "WITHDRAWN"}), "SEEKING"),
    "match": (frozenset({"SEEKING", "MATCHED"}), "MATCHED"),
    "unmatch": (frozenset({"SEEKING", "MATCHED"}), "SEEKING"),
    "employ": (frozenset({"SEEKING", "MATCHED"}), "EMPLOYED"),
    "withdraw": (frozenset({"SEEKING", "MATCHED", "EMPLOYED"}), "WITHDRAWN"),
}
"""`match` and `unmatch` are said by placements only; the others also by the office."""

_PURPOSE = b"zhunong labour register\x00"
_FORM = re.compile(r"[1-9][0-9]{5}(19|20)[0-9]{9}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_YOUNGEST = 16


def check_character(first_seventeen: str) -> str:
    """The last character of an identity number (GB 11643, ISO 7064 MOD 11-2)."""
    weighted = sum(int(digit) * weight for digit, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return _CHECKS[weighted % 11]


def plain_number(text: str) -> str:
    """The identity number as it is hashed; 422 `identity-number-invalid`. The answer never repeats what was typed."""
    number = re.sub(r"[\s-]", "", text).upper()
    if _FORM.fullmatch(number) and check_character(number[:17]) == number[17]:
        try:
            date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
        except ValueError:
            pass
        else:
            return number
    raise Invalid(
        "This is not an identity number: 18 characters, the last one checks the others.",
        code="identity-number-invalid",
        field="identity_number",
    )


def worker_key(secret: bytes, number: str) -> bytes:
    """What stands for a person: a hash that only who has the secret can make, and of no use for another purpose."""
    return hmac.new(secret, _PURPOSE + number.encode(), hashlib.sha256).digest()


def birth_band(number: str, *, today: date) -> int:
    """The first year of the band of five in which the person was born; 422 `too-young` below 16 years."""
    born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if age < _YOUNGEST:
        raise Invalid("Who works is at least 16 years old.", code="too-young", field="identity_number")
    return born.year - born.year % BAND_YEARS


def ensure_skills(given: Iterable[str], known: Iterable[str], *, field: str) -> list[str]:
    """The skills once each, in the order of our list; 422 `skill-unknown`."""
    wanted = set(given)
    order = list(known)
    if strange := sorted(wanted - set(order)):
        raise Invalid(
            f"There is no skill {strange[0]!r}.", code="skill-unknown", field=field, unknown=strange, known=order
        )
    return [each for each in order if each in wanted]


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `worker-status` with `status_now`."""
    return _status_after(MOVES, verb, status, noun="worker")


def public_count(count: int, *, smallest: int) -> int | None:
    """The count, or None where it is so small that somebody could be recognised."""
    return count if count >= smallest else None
