"""What a goods check may say of each line, and what is owed for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from orders.line_refund.rules import pieces_fen
from shared.errors import Invalid
from shared.money import share_by_largest_remainder

Quality = Literal["GOOD", "FAIR", "POOR"]
Cause = Literal["", "QUALITY", "ORIGIN", "TEMPERATURE", "DAMAGED", "EXPIRED", "WRONG_GOODS", "OTHER"]
NEEDS_PHOTO: Final = frozenset({"QUALITY", "TEMPERATURE", "DAMAGED", "EXPIRED", "WRONG_GOODS"})
"""What one can see is shown."""


@dataclass(frozen=True, slots=True)
class SentLine:
    """A line as it was sold at frozen prices; of its pieces `given_up_count` were never sent."""

    line_id: UUID
    sku_id: UUID
    product_id: UUID
    line_number: int
    quantity: int
    given_up_count: int
    payable_fen: int

    @property
    def sent_count(self) -> int:
        """The pieces that should be there."""
        return self.quantity - self.given_up_count


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """What was found of a line."""

    line_id: UUID
    accepted_count: int
    missing_count: int = 0
    refused_count: int = 0
    cause: Cause = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed for a line's accepted pieces, and what the others are worth."""

    sent: SentLine
    checked: CheckedLine
    payable_fen: int
    delivery_fen: int
    refused_fen: int


def owed_lines(
    sent: Sequence[SentLine], checked: Sequence[CheckedLine], *, delivery_fen: int, photo_count: int
) -> list[Owed]:
    """Every line once, its pieces adding up; money as shares of what was frozen, the delivery by largest remainder.

    422 `check-lines` (not each line once), `check-pieces` (they do not add up), `refusal-cause` (refused without saying
    why, or the other way round), `photos-missing`.
    """
    found: Mapping[UUID, CheckedLine] = {each.line_id: each for each in checked}
    if len(found) != len(checked) or set(found) != {each.line_id for each in sent}:
        raise Invalid("Check each line of the order once.", code="check-lines", field="lines")
    for each in sent:
        _ensure_pieces(each, found[each.line_id])
    if not photo_count and any(each.cause in NEEDS_PHOTO for each in checked):
        raise Invalid("Show what is wrong with the goods: add a photo.", code="photos-missing", field="photo_ids")
    carried = share_by_largest_remainder(delivery_fen, [each.payable_fen for each in sent])
    return [_owed(each, found[each.line_id], share) for each, share in zip(sent, carried, strict=True)]


def _owed(sent: SentLine, checked: CheckedLine, carried_fen: int) -> Owed:
    kept, rest = checked.accepted_count, sent.sent_count - checked.accepted_count
    before = sent.given_up_count
    return Owed(
        sent,
        checked,
        pieces_fen(sent.payable_fen, quantity=sent.quantity, before=before, count=kept),
        pieces_fen(carried_fen, quantity=sent.quantity, before=before, count=kept),
        pieces_fen(sent.payable_fen, quantity=sent.quantity, before=before + kept, count=rest),
    )


def _ensure_pieces(sent: SentLine, checked: CheckedLine) -> None:
    told = checked.accepted_count + checked.missing_count + checked.refused_count
    if told != sent.sent_count:
        raise Invalid(
            "Accepted, missing and refused pieces together are those that were sent.",
            code="check-pieces",
            field="lines",
            line_id=str(sent.line_id),
            sent_count=sent.sent_count,
        )
    if (checked.refused_count > 0) != (checked.cause != ""):
        raise Invalid("Say why pieces are refused.", code="refusal-cause", field="lines", line_id=str(sent.line_id))
