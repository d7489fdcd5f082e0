"""What orders announces of what institutions do. Orders on account: from the supplier's word to the day on which they
count."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.envelope import DivisionCode, Event, Fen, Grams, Part
from shared.events.orders import DeliveryAddress, SoldPart


class OrderConfirmed(Event):
    """The supplier confirmed an order on account: it may be sent, analysts may count it as ordered. With `is_split` its
    goods go to many, and the shipments come from elsewhere."""

    type: ClassVar[str] = "orders.order-confirmed.v1"
    subject_field: ClassVar[str] = "order_id"

    order_id: UUID
    order_number: str
    mode: str
    buyer_id: UUID
    buyer_kind: str
    organisation_id: UUID | None = None
    unit_id: UUID
    way: str
    fund: Literal["CANTEEN", "UNION", "OTHER"]
    budget_year: int
    is_split: bool = False
    payable_fen: Fen
    parts: tuple[SoldPart, ...]
    address: DeliveryAddress
    placed_at: datetime
    confirmed_at: datetime

    @property
    def sold_at(self) -> datetime:
        """From when on it counts as sold."""
        return self.confirmed_at


class UnitOrderFact(Event):
    """What every later word of a unit's order says."""

    subject_field: ClassVar[str] = "order_id"

    order_id: UUID
    order_number: str
    organisation_id: UUID | None = None
    unit_id: UUID
    supplier_order_id: UUID
    supplier_id: UUID
    way: str
    fund: Literal["CANTEEN", "UNION", "OTHER"]
    budget_year: int


class ConfirmationAsked(UnitOrderFact):
    """A supplier is to say until `lapses_at` whether it will send a unit's order: asked when it is placed, and once
    more where nothing was said for long."""

    type: ClassVar[str] = "orders.confirmation-asked.v1"

    payable_fen: Fen
    is_reminder: bool = False
    lapses_at: datetime
    asked_at: datetime


class AcceptedLine(Part):
    """Pieces of a line that passed the goods check, and what is owed for them, with their share of the delivery. The
    refused ones are worth `refused_fen` without any delivery, and are not owed."""

    line_id: UUID
    sku_id: UUID
    product_id: UUID
    quantity: int
    refused_count: int = 0
    refused_fen: Fen = 0
    payable_fen: Fen
    delivery_fen: Fen = 0


class OrderAccepted(UnitOrderFact):
    """The unit checked the goods: what it accepted is owed, until `due_on` unless agreed otherwise."""

    type: ClassVar[str] = "orders.order-accepted.v1"

    lines: tuple[AcceptedLine, ...]
    accepted_fen: Fen
    refused_fen: Fen = 0
    due_on: date
    accepted_at: datetime


class OrderSettled(UnitOrderFact):
    """The unit paid what it had accepted."""

    type: ClassVar[str] = "orders.order-settled.v1"

    settled_fen: Fen
    settled_at: datetime


class OrderCounted(UnitOrderFact):
    """Accepted, paid and reviewed: from now on it counts for the unit's reserved share."""

    type: ClassVar[str] = "orders.order-counted.v1"

    counted_fen: Fen
    counted_at: datetime


class SupplierInvited(Event):
    """A unit asks a supplier for a quotation. Told once for each who is invited."""

    type: ClassVar[str] = "orders.supplier-invited.v1"
    subject_field: ClassVar[str] = "quotation_id"

    quotation_id: UUID
    supplier_id: UUID
    title: str
    closes_at: datetime


class BidDecided(Event):
    """A supplier's bid won, won in part, lost, or what it bid for was called off. Told once for each supplier."""

    type: ClassVar[str] = "orders.bid-decided.v1"
    subject_field: ClassVar[str] = "subject_id"

    subject_kind: Literal["quotation", "auction"]
    subject_id: UUID
    supplier_id: UUID
    title: str
    outcome: Literal["WON", "PARTLY_WON", "LOST", "CANCELLED"]
    decided_at: datetime


class CropOrderOffered(Event):
    """A unit's approvers agreed to a crop order: its supplier is to say whether it agrees too."""

    type: ClassVar[str] = "orders.crop-order-offered.v1"
    subject_field: ClassVar[str] = "crop_order_id"

    crop_order_id: UUID
    supplier_id: UUID
    title: str
    quantity: int
    total_fen: Fen
    offered_at: datetime


class CropMilestoneMissed(Event):
    """The day by which a supplier was to report a milestone is over, and it reported nothing. Told once for each."""

    type: ClassVar[str] = "orders.crop-milestone-missed.v1"
    subject_field: ClassVar[str] = "crop_order_id"

    crop_order_id: UUID
    organisation_id: UUID | None = None
    supplier_id: UUID
    title: str
    number: int
    milestone: str
    due_on: date
    told_at: datetime


class CropHarvestShared(Event):
    """A crop order's share of the harvest: all that was ordered or less. With `is_below_least` it is so little that
    the unit may leave it until `decide_until_at`; `owed_back_fen` is what of the deposit the share does not need."""

    type: ClassVar[str] = "orders.crop-harvest-shared.v1"
    subject_field: ClassVar[str] = "crop_order_id"

    crop_order_id: UUID
    organisation_id: UUID | None = None
    supplier_id: UUID
    title: str
    quantity: int
    allocated_count: int
    owed_back_fen: Fen = 0
    is_below_least: bool = False
    decide_until_at: datetime | None = None
    shared_at: datetime


class CropOrderEnded(Event):
    """Nothing comes of a crop order: its crop failed or a side left it; so much of its deposit is owed back."""

    type: ClassVar[str] = "orders.crop-order-ended.v1"
    subject_field: ClassVar[str] = "crop_order_id"

    crop_order_id: UUID
    organisation_id: UUID | None = None
    supplier_id: UUID
    title: str
    outcome: Literal["CANCELLED", "FAILED"]
    owed_back_fen: Fen = 0
    reason: str
    ended_at: datetime


class GiftLine(Part):
    """Pieces of a SKU in each parcel of a chunk, as they were sold."""

    sku_id: UUID
    product_id: UUID
    product_title: str
    specification: str
    temperature_class: str
    net_weight_g: Grams
    quantity: int


class GiftParcel(Part):
    """One recipient's parcel; a lot for the unit is one as well."""

    gift_parcel_id: UUID
    address: DeliveryAddress


class GiftParcelsDue(Event):
    """A supplier confirmed its part of a unit's order of gifts: these parcels of it may be sent, to as many recipients.
    A part is told in chunks of at most 500 parcels, all of which hold the same `lines`; a parcel is in one chunk. The
    unit that buys is not shown an address that `is_hidden`."""

    type: ClassVar[str] = "orders.gift-parcels-due.v1"
    subject_field: ClassVar[str] = "order_id"

    campaign_id: UUID
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    supplier_id: UUID
    supplier_name: str
    ship_from_county_code: DivisionCode
    buyer_id: UUID
    organisation_id: UUID | None = None
    lines: tuple[GiftLine, ...]
    parcels: tuple[GiftParcel, ...]
    due_at: datetime


class GiftClaimsWaiting(Event):
    """The time to choose a union's gifts ends soon, and so many members have chosen nothing. Told once for a campaign,
    to its union: of members nobody here has a number or an address."""

    type: ClassVar[str] = "orders.gift-claims-waiting.v1"
    subject_field: ClassVar[str] = "campaign_id"

    campaign_id: UUID
    campaign_name: str
    organisation_id: UUID
    unclaimed_count: int
    without_code_count: int = 0
    until_at: datetime
    told_at: datetime


class OverdueTold(Event):
    """What was late on a day of what an organisation has to do (`supplier`, `unit`), or of units below it (`lead`):
    told once a day while something is late."""

    type: ClassVar[str] = "orders.overdue-told.v1"
    subject_field: ClassVar[str] = "organisation_id"

    organisation_id: UUID
    side: Literal["supplier", "unit", "lead"]
    told_on: date
    late_count: int
    payment_count: int = 0
    payment_fen: Fen = 0
    most_days: int


class PoolTold(Event):
    """Something happened to a joint purchase or to a harvest that units absorb: told once to each organisation that
    takes part or may, `supplier` or `unit`."""

    type: ClassVar[str] = "orders.pool-told.v1"
    subject_field: ClassVar[str] = "pool_id"

    pool_kind: Literal["joint-purchase", "absorption"]
    pool_id: UUID
    organisation_id: UUID
    side: Literal["supplier", "unit"]
    outcome: Literal[
        "OFFERED", "DECLINED", "OPENED", "CLOSED", "FAILED", "CANCELLED", "ORDERED", "PUBLISHED", "ABSORBED", "ENDED"
    ]
    title: str
    told_at: datetime


class DecisionAsked(Event):
    """Somebody of a unit is to decide: on a step of an approval, by the `duty` that it needs, or as the lead unit on a
    reserved share that was filed. Told once a step and duty, and again to those to whom a late step went on."""

    type: ClassVar[str] = "orders.decision-asked.v1"
    subject_field: ClassVar[str] = "subject_id"

    subject_kind: Literal["approval", "reserved-share"]
    subject_id: UUID
    organisation_id: UUID
    unit_name: str
    duty: str
    title: str
    asked_at: datetime


class DecisionTaken(Event):
    """What became of what a person asked for: an approval, or the filing of a reserved share."""

    type: ClassVar[str] = "orders.decision-taken.v1"
    subject_field: ClassVar[str] = "subject_id"

    subject_kind: Literal["approval", "reserved-share"]
    subject_id: UUID
    person_id: UUID
    title: str
    outcome: Literal["APPROVED", "REFUSED", "EXPIRED", "RETURNED", "LOCKED"]
    taken_at: datetime
