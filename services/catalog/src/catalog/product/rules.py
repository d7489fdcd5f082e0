"""Products: seasons and what a listing needs."""

from shared.errors import Conflict, Invalid

YEAR_ROUND = (1, 12)


def season_mask(from_month: int, to_month: int) -> int:
    """The months of a season as bits, January the lowest; November to February runs over the new year."""
    length = (to_month - from_month) % 12 + 1
    return sum(1 << ((from_month - 1 + step) % 12) for step in range(length))


def is_in_season(mask: int, month: int) -> bool:
    """Whether the month is one of the season's."""
    return bool(mask & (1 << (month - 1)))


def ensure_known(value: str, known: frozenset[str], *, field: str) -> None:
    """422 `<field>-unknown` for an id that is not in our data."""
    if value not in known:
        raise Invalid(
            f"There is no {field.replace('_', ' ')} {value!r}.",
            code=f"{field.replace('_', '-')}-unknown",
            field=field,
            known=sorted(known),
        )


def ensure_category_stays(before: str, after: str, *, is_listed: bool) -> None:
    """409 `product-listed`: sales of a listed product are counted under its category, so it moves only as a draft."""
    if is_listed and before != after:
        raise Conflict(
            "Delist its SKUs before you move the product to another category.", code="product-listed", field="category"
        )
