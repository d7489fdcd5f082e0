"""What claims, returns and exchanges have in common: the goods that they are about, and whose affair they are."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, ForeignKey, Text, or_, true
from sqlalchemy.orm import Mapped, mapped_column

from orders.line_refund.rules import SoldLine
from shared.auth import Caller
from shared.clock import parse_instant
from shared.errors import BadRequest
from shared.page import decode_cursor

Side = Literal["buyer", "supplier", "operator"]
_COPIED = (
    "order_id", "order_number", "supplier_order_id", "line_id", "supplier_id", "buyer_id", "product_id",
    "product_title", "product_title_en", "specification", "picture", "delivered_at",
)  # fmt: skip


class SoldGoods:
    """The line that it is about, as it was sold: columns of every such table."""

    order_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(Text)
    supplier_order_id: Mapped[UUID]
    line_id: Mapped[UUID] = mapped_column(ForeignKey("line_balances.line_id"))
    supplier_id: Mapped[UUID]
    buyer_id: Mapped[UUID]
    product_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    delivered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def goods_of(line: SoldLine) -> dict[str, Any]:
    """The columns of `SoldGoods` for a line."""
    return {name: getattr(line, name) for name in _COPIED}


def side_of(subject: SoldGoods, caller: Caller) -> Side:
    """On which side the caller stands: who bought it decides nothing about it, whatever else they are."""
    if subject.buyer_id == caller.person_id:
        return "buyer"
    return "operator" if caller.is_operator else "supplier"


def visible(noun: type[SoldGoods], caller: Caller, *, mine: bool = False) -> ColumnElement[bool]:
    """Its buyer's, its supplier's and operators'; with `mine` only what the caller bought. For anybody else it does not
    exist."""
    own = noun.buyer_id == caller.person_id
    if mine:
        return own
    if caller.is_operator:
        return true()
    if caller.kind == "supplier" and caller.organisation_id is not None:
        return or_(own, noun.supplier_id == caller.organisation_id)
    return own


def place_of(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where a list goes on: an instant and an id. 400 `cursor-invalid`."""
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
