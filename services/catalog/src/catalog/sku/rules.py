"""A pack's bar code, and whether it may be sold."""

from collections.abc import Collection
from uuid import UUID

from shared.errors import Conflict, Invalid

LOT_HELD = "lot-held"
"""Why packs of a held lot are off the shelf."""
GTIN_LENGTHS = frozenset({8, 12, 13, 14})


def is_gtin(code: str) -> bool:
    """Whether it is a GTIN-8, -12, -13 or -14: from the right, the digits before the check digit weigh 3, 1, 3, 1…, and
    the check digit brings the sum to a multiple of ten (GS1 General Specifications 7.9)."""
    if len(code) not in GTIN_LENGTHS or not (code.isascii() and code.isdigit()):
        return False
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(code[:-1])))
    return -weighted % 10 == int(code[-1])


def ensure_gtin(code: str) -> None:
    """422 `gtin-invalid` for a code that is not empty and no GTIN: loose produce has none, and needs none."""
    if code and not is_gtin(code):
        raise Invalid(
            "A GTIN has 8, 12, 13 or 14 digits and the last one checks the others. Leave it out if there is none.",
            code="gtin-invalid",
            field="gtin",
        )


def ensure_approved(*, is_approved: bool) -> None:
    """409 `sku-in-review`: a pack that nobody has reviewed is not sold."""
    if not is_approved:
        raise Conflict("The pack has not been reviewed yet: it waits for the reviewer.", code="sku-in-review")


def ensure_not_held(blocked: Collection[UUID]) -> None:
    """409 `lot-held` if lots of these SKUs are held or recalled and none is open."""
    if blocked:
        raise Conflict(
            "A lot of this SKU is held or recalled and there is no other: have it released, or enter a new lot.",
            code="lot-held",
            cause=LOT_HELD,
            sku_ids=sorted(str(each) for each in blocked),
        )
