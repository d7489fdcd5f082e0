"""Products: their way from a draft to the shelf, seasons, and what a listing needs."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after


class TaxTerms(Protocol):
    """For which shelves, suppliers and days a tax rate or exemption is."""

    @property
    def categories(self) -> Sequence[str]: ...
    @property
    def supplier_kinds(self) -> Sequence[str]: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_until(self) -> date | None: ...


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


DRAFT, IN_REVIEW, LISTED, DELISTED = "DRAFT", "IN_REVIEW", "LISTED", "DELISTED"
STATUSES = (DRAFT, IN_REVIEW, LISTED, DELISTED)
PRODUCT_DELISTED = "product-delisted"
"""Why packs are off the shelf that come back with their product."""
MOVES: Moves = {
    "submit": (frozenset({DRAFT, DELISTED}), IN_REVIEW),
    "withdraw": (frozenset({IN_REVIEW}), DRAFT),
    "accept": (frozenset({IN_REVIEW}), LISTED),
    "reject": (frozenset({IN_REVIEW}), DRAFT),
    "approve": (frozenset({DRAFT}), LISTED),
    "delist": (frozenset({LISTED}), DELISTED),
    "relist": (frozenset({DELISTED}), LISTED),
}
"""From which statuses each verb leads where. `approve` is an operator's own entry let through at once."""
MOST_PICTURES = 9


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `product-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="product")


def ensure_listed(status: str) -> None:
    """409 `product-not-listed`: packs of a product that nobody let through are not sold."""
    if status != LISTED:
        raise Conflict(
            "The product is not listed: submit it, and it is sold once a reviewer has accepted it.",
            code="product-not-listed",
            cause=PRODUCT_DELISTED,
            status_now=status,
        )


def ensure_still_reviewed(*, is_reviewed: bool) -> None:
    """409 `product-changed` for a delisted product that was changed since: it comes back through a review."""
    if not is_reviewed:
        raise Conflict(
            "The product was changed after it was delisted. Submit it for review instead.", code="product-changed"
        )


def ensure_pictures(pictures: Sequence[str]) -> None:
    """422 `picture-repeated` for one twice, `pictures-too-many` beyond nine."""
    if len(pictures) > MOST_PICTURES:
        raise Invalid(f"A product has at most {MOST_PICTURES} pictures.", code="pictures-too-many", field="pictures")
    if len(set(pictures)) != len(pictures):
        raise Invalid("A picture is given twice.", code="picture-repeated", field="pictures")


def ensure_tax(basis: TaxTerms, *, category: str, supplier_kind: str, on: date) -> None:
    """422 `tax-basis-not-applicable` where the rate or exemption is not for this shelf, supplier or day."""
    why = ""
    if basis.categories and category not in basis.categories:
        why = f"it is for {', '.join(basis.categories)}"
    elif basis.supplier_kinds and supplier_kind not in basis.supplier_kinds:
        why = f"it is for suppliers of kind {', '.join(basis.supplier_kinds)}"
    elif on < basis.valid_from or (basis.valid_until is not None and on > basis.valid_until):
        why = "it does not hold today"
    if why:
        raise Invalid(
            f"This tax basis does not apply: {why}.",
            code="tax-basis-not-applicable",
            field="tax_basis",
            category=category,
            supplier_kind=supplier_kind,
        )


def missing_before_review(
    *,
    pictures: Sequence[str],
    description: str,
    tax_basis: str,
    invoice_name: str,
    has_sku: bool,
    has_priced_sku: bool,
) -> list[str]:
    """What a reviewer could not do without, in the order of the form."""
    found = {
        "description": not description,
        "pictures": not pictures,
        "skus": not has_sku,
        "prices": has_sku and not has_priced_sku,
        "tax_basis": not tax_basis,
        "invoice_name": not invoice_name,
    }
    return [field for field, is_missing in found.items() if is_missing]


def ensure_complete(missing: Sequence[str]) -> None:
    """422 `product-incomplete` with what is missing."""
    if missing:
        raise Invalid(
            f"Before it can be reviewed it needs: {', '.join(missing)}.",
            code="product-incomplete",
            field=missing[0],
            missing=list(missing),
        )
