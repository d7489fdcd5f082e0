"""What an order is called: its number, and a few words for its payer."""

import hashlib
from collections.abc import Sequence
from datetime import date
from uuid import UUID

_NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to misread
_NUMBER_CHARACTERS = 10
_DESCRIPTION_CHARACTERS = 40


def order_number(order_id: UUID, placed_on: date) -> str:
    """What people read and say: the business day and ten characters that tell nothing of any other order's number."""
    digest = int.from_bytes(hashlib.sha256(order_id.bytes).digest()[:8])
    characters = "".join(_NUMBER_ALPHABET[digest >> 5 * place & 31] for place in range(_NUMBER_CHARACTERS))
    return f"{placed_on:%y%m%d}-{characters[:5]}-{characters[5:]}"


def describe(titles: Sequence[str], piece_count: int) -> str:
    """An order in a few words for the payer: its first product and how many pieces there are."""
    ending = f"等{piece_count}件" if piece_count > 1 else ""
    return titles[0][: _DESCRIPTION_CHARACTERS - len(ending)] + ending
