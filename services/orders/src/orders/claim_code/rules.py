"""Claim codes (提货码): what they look like, how a slip is told, what may become of one, how often one may try.

A code is sixteen characters of an alphabet of 23 in which no two look alike, whatever the font: of 2 and Z, 5 and S, 8
and B, 6 and G the digit is kept, and 0, O, D, Q, 1, I, L, U and V are not used. 23 is prime and each place has a weight
of its own, so the check character finds every single wrong character and any two that changed places, not neighbours
only. The first three characters are the campaign's, twelve are drawn at random: 54 bits.
"""

import tomllib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Final
from uuid import UUID

from shared.errors import Invalid, NotFound
from shared.moves import Moves
from shared.moves import status_after as _status_after

ALPHABET: Final = "23456789ACEFHJKMNPRTWXY"
LENGTH: Final = 16
MARK_LENGTH: Final = 3
_GROUP: Final = 4
_READ_AS: Final = str.maketrans({"Z": "2", "S": "5", "B": "8", "G": "6"})
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_LAST_WEIGHT: Final = LENGTH  # the check character's; the others weigh as much as their place says, from 1
_INVERSE: Final = pow(_LAST_WEIGHT, -1, len(ALPHABET))
_LONGEST_TYPED: Final = 64

LIVE: Final = frozenset({"ISSUED", "CLAIMED", "SHIPPED", "RECEIVED"})
DEAD: Final = frozenset({"VOID", "REISSUED"})
MOVES: Moves = {
    "claim": (frozenset({"ISSUED"}), "CLAIMED"),
    "change": (frozenset({"CLAIMED"}), "CLAIMED"),
    "ship": (frozenset({"CLAIMED"}), "SHIPPED"),
    "receive": (frozenset({"CLAIMED", "SHIPPED"}), "RECEIVED"),
    "expire": (frozenset({"ISSUED"}), "EXPIRED"),
    "void": (frozenset({"ISSUED", "CLAIMED"}), "VOID"),
    "reissue": (frozenset({"ISSUED", "CLAIMED", "SHIPPED"}), "REISSUED"),
}
"""A code that is issued again begins where the voided one stood: the claim is the member's, not the code's."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `claim-code-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="claim-code")


def mark_of(campaign_id: UUID) -> str:
    """The three characters with which a campaign's codes begin. Two campaigns may share them: they tell whose codes are
    being guessed, nothing more."""
    number = int.from_bytes(sha256(campaign_id.bytes).digest()[:8], "big")
    return "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(MARK_LENGTH))


def with_check(body: Sequence[str]) -> str:
    """The code: these characters and the one that makes the weighted sum a multiple of 23."""
    total = sum(place * _VALUES[character] for place, character in enumerate(body, start=1))
    return "".join(body) + ALPHABET[-total * _INVERSE % len(ALPHABET)]


def new_code(mark: str, pick: Callable[[str], str]) -> str:
    """A code of a campaign; `pick` draws one character, in earnest `secrets.choice`."""
    return with_check([*mark, *(pick(ALPHABET) for _ in range(LENGTH - MARK_LENGTH - 1))])


def in_groups(code: str) -> str:
    """As it is printed: 2345-6789-ACEF-HJKM."""
    return "-".join(code[start : start + _GROUP] for start in range(0, LENGTH, _GROUP))


def tidied(typed: str) -> str:
    """What was typed as a code is written: capitals, no spaces or strokes, full-width letters made narrow, and letters
    that a code never holds read as the digits that they look like. It may still be no code."""
    text = unicodedata.normalize("NFKC", typed[:_LONGEST_TYPED]).upper()
    return "".join(each for each in text if each.isalnum()).translate(_READ_AS)


def is_sound(code: str) -> bool:
    """Whether a tidied text can be a code at all: so many characters of the alphabet, and the check character right."""
    if len(code) != LENGTH or any(each not in _VALUES for each in code):
        return False
    return sum(place * _VALUES[each] for place, each in enumerate(code, start=1)) % len(ALPHABET) == 0


def mistyped() -> Invalid:
    """The refusal of what can be no code. It says nothing of codes that there are: it was looked up nowhere."""
    return Invalid(
        f"This is no code: {LENGTH} characters, without 0, O, D, Q, 1, I, L, U and V. One of them is wrong or two have "
        "changed places.",
        code="claim-code-mistyped",
        field="code",
    )


def code_unknown() -> NotFound:
    """The refusal of a code that was never given out, or is void: nobody learns which."""
    return NotFound(
        "This code is not valid, or not any more. Ask the union of your unit.", code="claim-code-unknown", field="code"
    )


def hash_of(code: str, key: bytes) -> bytes:
    """What is kept of a code. Without the key a stolen table cannot be searched, for 54 bits could be tried out."""
    return digest(key, b"claim-code\n" + code.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` wrong codes in a `window`."""

    count: int
    window: timedelta


@cache
def limit_of(whose: str) -> Limit:
    """How often `asker` or `campaign` may be wrong."""
    limits = tomllib.loads((Path(__file__).parent / "limits.toml").read_text(encoding="utf-8"))
    return Limit(limits[whose]["wrong_count"], timedelta(minutes=limits[whose]["minutes"]))


def bucket_of(whose: str, name: str, key: bytes) -> str:
    """Under which key tries are counted; hashed, so that no address of a person is kept."""
    return digest(key, f"claim-attempts\n{whose}\n{name}".encode(), "sha256").hex()


def is_refused(*, asker_wrong: int, campaign_wrong: int) -> bool:
    """Whether the next try must wait. A campaign under attack costs an address its second try, not members their
    first: otherwise whoever guesses would keep everybody out."""
    if asker_wrong >= limit_of("asker").count:
        return True
    return campaign_wrong >= limit_of("campaign").count and asker_wrong > 0
