"""Money is a whole number of fen (1/100 yuan). Nothing here rounds in silence."""

from collections.abc import Sequence


def share_by_largest_remainder(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Split `total_fen` in proportion to `weights` so that the shares sum to it exactly.

    Each share is the floor of its exact part; the fen left over go, one each, to the largest remainders, the earlier
    line first among equals. All weights zero splits evenly. A negative total is shared as its positive mirror.
    """
    if not weights:
        if total_fen:
            raise ValueError("there is nothing to share the money among")
        return []
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight may not be negative")
    if total_fen < 0:
        return [-share for share in share_by_largest_remainder(-total_fen, weights)]
    parts = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(parts)
    shares = [total_fen * part // whole for part in parts]
    remainders = [total_fen * part % whole for part in parts]
    left_over = total_fen - sum(shares)
    for index in sorted(range(len(parts)), key=lambda place: (-remainders[place], place))[:left_over]:
        shares[index] += 1
    return shares


def yuan(fen: int) -> str:
    """The amount as people read it: 1230 is "12.30"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
