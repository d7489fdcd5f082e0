"""What routes of stock take and give. Quantities in pieces."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]
PIECES_MAXIMUM = 10_000_000
Pieces = Annotated[int, Field(ge=1, le=PIECES_MAXIMUM, strict=True)]
LotNumber = Annotated[Text, Field(max_length=60, description="The lot's number, or its trace code; empty for none.")]


class Body(BaseModel):
    """A request's body: unknown members are mistakes, said at once."""

    model_config = ConfigDict(extra="forbid")


class Receipt(Body):
    """Pieces that came into the supplier's store. A lot that is new is entered with its dates."""

    sku_id: UUID
    quantity: Pieces
    reference: Annotated[Text, Field(max_length=100, description="Delivery note, or what helps to find it again.")] = ""
    site_id: UUID | None = None
    lot_number: LotNumber = ""
    harvested_on: date | None = None
    expires_on: date | None = None


class Adjustment(Body):
    """A correction after a count, a loss or a find. `quantity` is the change, never zero. Without a site and a lot,
    pieces are taken as shipping would take them; an empty lot number means pieces of no lot."""

    sku_id: UUID
    quantity: Annotated[int, Field(ge=-PIECES_MAXIMUM, le=PIECES_MAXIMUM, strict=True)]
    reason: Annotated[Text, Field(min_length=1, max_length=100)]
    site_id: UUID | None = None
    lot_number: LotNumber | None = None


class Transfer(Body):
    """Pieces that go from one site of a supplier to another, with their lots."""

    sku_id: UUID
    quantity: Pieces
    from_site_id: UUID
    to_site_id: UUID
    lot_number: LotNumber | None = None
    reference: Annotated[Text, Field(max_length=100)] = ""


class Threshold(Body):
    """From how many available pieces on a SKU counts as low; 0 for never before it is sold out."""

    low_at: Annotated[int, Field(ge=0, le=PIECES_MAXIMUM, strict=True)]


class Count(BaseModel):
    """The counters after a movement: available = on_hand - held."""

    sku_id: UUID
    on_hand: int
    held: int
    available: int


class Shelf(BaseModel):
    """Pieces of a SKU at a site, of one lot or of none (its number is empty then). `is_over`: its last day is past."""

    sku_id: UUID
    site_id: UUID
    site_name: str
    county_code: str
    lot_number: str
    harvested_on: date | None
    expires_on: date | None
    on_hand: int
    is_held: bool
    is_over: bool


class Level(Count):
    """A SKU's counters with what it is, and where its pieces lie."""

    supplier_id: UUID
    supplier_name: str
    product_title: str
    specification: str
    is_listed: bool
    low_at: int
    is_low: bool
    shelves: list[Shelf]


class Entry(BaseModel):
    """A movement. received and adjusted move on_hand; held and released move held; shipped takes from both; moved takes
    pieces from one site to another."""

    entry_id: int
    kind: Literal["received", "held", "released", "shipped", "adjusted", "moved", "returned"]
    quantity: int
    on_hand_change: int
    held_change: int
    order_id: UUID | None
    reference: str
    recorded_by: UUID | None
    recorded_at: datetime
    site_id: UUID | None
    site_name: str | None
    lot_number: str
    shipment_id: UUID | None


class Allocation(BaseModel):
    """From which site pieces should leave. `distance` is the ring around the buyer: 0 the same county, 1 prefecture,
    2 province, 3 elsewhere; `open_count` have not left."""

    sku_id: UUID
    site_id: UUID
    site_name: str
    county_code: str
    distance: int
    quantity: int
    open_count: int


class Shipped(BaseModel):
    """Pieces that left, of which lot, in which shipment; `reference` names its waybills."""

    sku_id: UUID
    site_id: UUID
    site_name: str
    quantity: int
    lot_number: str
    expires_on: date | None
    shipment_id: UUID | None
    reference: str
    shipped_at: datetime


class Plan(BaseModel):
    """Where a supplier order's pieces leave, as planned at payment and as it happened."""

    supplier_order_id: UUID
    allocations: list[Allocation]
    shipped: list[Shipped]


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
    """A SKU whose ledger (booked), counters, shelves (placed) and holds (promised) disagree. `shelves_apart` and
    `holds_apart` count the single shelves and holds that the ledger says otherwise of."""

    sku_id: UUID
    counted_on_hand: int
    booked_on_hand: int
    placed_on_hand: int
    counted_held: int
    booked_held: int
    promised_held: int
    shelves_apart: int
    holds_apart: int


class Reconciliation(BaseModel):
    """Empty means that ledger, counters, shelves and holds agree for every SKU."""

    items: list[Difference]
