"""Trace codes (追溯码) of lots: 22 digits and a check character.

Six digits of the division, six of the subject's serial in it, the day of harvest as yyMMdd, four of the lot's serial on
that day; then a character so that the sum of all, weighted with the powers of 3, is 0 modulo 31. As 31 is prime, no
wrong character and no two neighbours swapped leave the sum as it was. The alphabet is that of GB 32100-2015.
"""

import re
from datetime import date

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_FORM = re.compile(r"[0-9]{22}[0-9A-HJ-NPQRTUWXY]")
LARGEST_SUBJECT, LARGEST_LOT = 999_999, 9_999
LENGTH = 23


def check_character(digits: str) -> str:
    """The character that ends a code of these 22 digits."""
    weighted = sum(_VALUES[character] * pow(3, place, 31) for place, character in enumerate(digits))
    return ALPHABET[-weighted % 31]


def trace_code(*, division: str, subject: int, harvested_on: date, serial: int) -> str:
    """The code of a lot; the numbers lie within `LARGEST_SUBJECT` and `LARGEST_LOT`."""
    digits = f"{division}{subject:06d}{harvested_on:%y%m%d}{serial:04d}"
    return digits + check_character(digits)


def is_trace_code(code: str) -> bool:
    """Whether the code has the form and ends in its check character."""
    return _FORM.fullmatch(code) is not None and check_character(code[:-1]) == code[-1]


def normalised(code: str) -> str:
    """As it is stored: upper case, without blanks and hyphens that people put in."""
    return re.sub(r"[\s-]", "", code).upper()
