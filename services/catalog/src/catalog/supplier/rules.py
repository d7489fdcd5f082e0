"""Who may be a supplier: the unified social credit code (统一社会信用代码, GB 32100-2015) and whose it is."""

import re

from shared.errors import Conflict, Invalid

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")

HOLDERS = {
    "11": "state organ",
    "12": "public institution",
    "13": "mass organisation",
    "51": "social association",
    "52": "private non-enterprise unit",
    "53": "foundation",
    "54": "village committee",
    "71": "religious site",
    "81": "trade union",
    "91": "company",
    "92": "self-employed person",
    "93": "farmers' cooperative",
    "A1": "army institution",
    "N1": "group-level collective",
    "N2": "village-level collective",
    "N3": "township-level collective",
    "Y1": "other",
}
"""What the first two characters (registering authority and kind of holder) stand for."""

KINDS: dict[str, frozenset[str]] = {
    "enterprise": frozenset({"91"}),
    "cooperative": frozenset({"93"}),
    "family_farm": frozenset({"91", "92"}),
    "village_collective": frozenset({"N1", "N2", "N3", "54"}),
    "agent": frozenset({"91", "92"}),
}
"""The holders that may register as each kind of supplier."""

STATUSES = (
    "DRAFT",
    "SUBMITTED",
    "COUNTY_REVIEW",
    "COUNTY_REJECTED",
    "RECOMMENDED",
    "PLATFORM_REVIEW",
    "PLATFORM_REJECTED",
    "ACTIVE",
    "SUSPENDED",
    "EXITED",
)
"""The way of a supplier: it applies, its county reviews and recommends, the platform reviews and admits."""

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "approve": (frozenset({"DRAFT"}), "ACTIVE"),
    "suspend": (frozenset({"ACTIVE"}), "SUSPENDED"),
    "resume": (frozenset({"SUSPENDED"}), "ACTIVE"),
}
"""Each verb: the states that it leads on from, and where to."""


def check_character(first_seventeen: str) -> str:
    """The eighteenth character: 31 minus the weighted sum modulo 31, weights being powers of 3 modulo 31."""
    weighted = sum(_VALUES[character] * weight for character, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return _ALPHABET[-weighted % 31]


def is_uscc(code: str) -> bool:
    """Whether the code is well formed, of a known holder and ends in its check character.

    Characters 3 to 8 are the division code of the day of registration, so they are not compared with today's.
    """
    return _FORM.fullmatch(code) is not None and code[:2] in HOLDERS and check_character(code[:17]) == code[17]


def normalised_uscc(code: str) -> str:
    """The code as it is stored: upper case, without spaces or hyphens."""
    return re.sub(r"[\s-]", "", code).upper()


def ensure_uscc(code: str, *, kind: str) -> None:
    """422 `uscc-invalid` for a wrong code, `uscc-kind-mismatch` for one of another kind of holder."""
    if not is_uscc(code):
        raise Invalid(
            "This is not a unified social credit code: 18 characters, the last one checks the others.",
            code="uscc-invalid",
            field="uscc",
        )
    if code[:2] not in KINDS[kind]:
        raise Invalid(
            f"The code belongs to a {HOLDERS[code[:2]]}, which cannot be a supplier of kind {kind}.",
            code="uscc-kind-mismatch",
            field="uscc",
        )


def ensure_may_lack_uscc(kind: str) -> None:
    """422 `uscc-missing` unless the supplier is a family farm, which may be a person without one."""
    if kind != "family_farm":
        raise Invalid(
            f"A supplier of kind {kind} has a unified social credit code: give it.", code="uscc-missing", field="uscc"
        )


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `supplier-status` if it does not lead on from here."""
    before, after = MOVES[verb]
    if status not in before:
        raise Conflict(
            f"{verb} needs a supplier that is {' or '.join(sorted(before))}; this one is {status}.",
            code="supplier-status",
            status_now=status,
        )
    return after


def ensure_may_sell(status: str) -> None:
    """409 `supplier-not-active` unless the supplier was admitted and is not suspended."""
    if status != "ACTIVE":
        raise Conflict(
            "The supplier is not admitted, or is suspended: its goods cannot be listed.", code="supplier-not-active"
        )
