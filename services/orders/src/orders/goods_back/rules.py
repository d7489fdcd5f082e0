"""What may be done with goods that came back."""

from collections.abc import Collection

from shared.errors import Conflict, Forbidden, Invalid


def ensure_supplier(side: str) -> None:
    """403 `not-your-move`: who keeps the stock books what comes into it."""
    if side != "supplier":
        raise Forbidden("This is for the supplier.", code="not-your-move", side=side)


def ensure_back(*, is_back: bool, is_booked: bool) -> None:
    """409 `goods-not-back`, `goods-booked-already`."""
    if not is_back:
        raise Conflict("These goods have not come back.", code="goods-not-back")
    if is_booked:
        raise Conflict("These goods were booked already.", code="goods-booked-already")


def ensure_count(restocked_count: int, piece_count: int, reason: str) -> None:
    """422 `restocked-too-many`, `reason-missing` where some are written off without a word."""
    if restocked_count > piece_count:
        raise Invalid(
            "Fewer pieces came back.", code="restocked-too-many", field="restocked_count", piece_count=piece_count
        )
    if restocked_count < piece_count and not reason:
        raise Invalid("Say why the others are written off.", code="reason-missing", field="reason")


def ensure_lot(lot_number: str, lots: Collection[str]) -> None:
    """422 `lot-not-sent` for a lot of which none of these pieces left."""
    if lot_number and lot_number not in lots:
        raise Invalid(
            "None of these pieces were of that lot.", code="lot-not-sent", field="lot_number", lots=sorted(lots)
        )
