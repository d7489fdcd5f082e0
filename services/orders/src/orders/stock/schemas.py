"""What routes of stock take and give. Quantities in pieces."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]
PIECES_MAXIMUM = 10_000_000


class Body(BaseModel):
    """A request's body: unknown members are mistakes, said at once."""

    model_config = ConfigDict(extra="forbid")


class Receipt(Body):
    """Pieces that came into the supplier's store."""

    sku_id: UUID
    quantity: Annotated[int, Field(ge=1, le=PIECES_MAXIMUM, strict=True)]
    reference: Annotated[
        Text, Field(max_length=100, description="Delivery note, lot, or what helps to find it again.")
    ] = ""


class Adjustment(Body):
    """A correction after a count, a loss or a find. `quantity` is the change, never zero."""

    sku_id: UUID
    quantity: Annotated[int, Field(ge=-PIECES_MAXIMUM, le=PIECES_MAXIMUM, strict=True)]
    reason: Annotated[Text, Field(min_length=1, max_length=100)]


class Count(BaseModel):
    """The counters after a movement: available = on_hand - held."""

    sku_id: UUID
    on_hand: int
    held: int
    available: int


class Level(Count):
    """A SKU's counters with what it is."""

    supplier_id: UUID
    supplier_name: str
    product_title: str
    specification: str
    is_listed: bool


class Entry(BaseModel):
    """A movement. received and adjusted move on_hand; held and released move held; shipped takes from both."""

    entry_id: int
    kind: Literal["received", "held", "released", "shipped", "adjusted"]
    quantity: int
    on_hand_change: int
    held_change: int
    order_id: UUID | None
    reference: str
    recorded_by: UUID | None
    recorded_at: datetime


class Available(BaseModel):
    """What anybody may know of a SKU's stock."""

    sku_id: UUID
    available: int
    price_fen: int
    is_listed: bool


class Availability(BaseModel):
    """By SKU, in the order asked; unknown SKUs are absent."""

    items: list[Available]


class Difference(BaseModel):
    """A SKU whose ledger (booked), counters and holds (promised) disagree."""

    sku_id: UUID
    counted_on_hand: int
    booked_on_hand: int
    counted_held: int
    booked_held: int
    promised_held: int


class Reconciliation(BaseModel):
    """Empty means that ledger, counters and holds agree for every SKU."""

    items: list[Difference]
