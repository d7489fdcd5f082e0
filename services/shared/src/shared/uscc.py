"""The unified social credit code (统一社会信用代码, GB 32100-2015): its form, its check character and whose it is."""

import re

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


def check_character(first_seventeen: str) -> str:
    """The eighteenth character: 31 minus the weighted sum modulo 31, weights being powers of 3 modulo 31."""
    weighted = sum(_VALUES[character] * weight for character, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return _ALPHABET[-weighted % 31]


def has_form(code: str) -> bool:
    """Whether the code is well formed and of a known holder, whatever its check character.

    Characters 3 to 8 are the division code of the day of registration, so they are not compared with today's.
    """
    return _FORM.fullmatch(code) is not None and code[:2] in HOLDERS


def is_uscc(code: str) -> bool:
    """Whether the code is well formed, of a known holder and ends in its check character."""
    return has_form(code) and check_character(code[:17]) == code[17]


def normalised_uscc(code: str) -> str:
    """The code as it is stored: upper case, without spaces or hyphens."""
    return re.sub(r"[\s-]", "", code).upper()
