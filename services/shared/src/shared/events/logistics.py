"""What logistics announces: shipments on their way and what happened to their temperature.

A shipment with `exchange_id` is a replacement for goods of a part that was delivered before: whoever waits for the
part's first delivery is not concerned. One with `gift_parcel_id` goes to one of the many recipients of a unit's order:
its part has arrived when all of them have.
"""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import DivisionCode, Event, Part


class ShipmentCreated(Event):
    """A supplier has something to send."""

    type: ClassVar[str] = "logistics.shipment-created.v1"
    subject_field: ClassVar[str] = "order_id"

    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    supplier_id: UUID
    created_at: datetime
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None


class DispatchedLine(Part):
    """Pieces of a SKU that left the supplier; of one lot if it was named, so a SKU may come more than once."""

    sku_id: UUID
    quantity: int
    lot_code: str | None = None


class ShipmentDispatched(Event):
    """Goods left the supplier: on-hand stock moves now. A shipment may leave in several of these."""

    type: ClassVar[str] = "logistics.shipment-dispatched.v1"
    subject_field: ClassVar[str] = "order_id"

    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    carrier_code: str
    waybill_numbers: tuple[str, ...]
    lines: tuple[DispatchedLine, ...]
    dispatched_at: datetime
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None


class ShortLine(Part):
    """Paid pieces of a SKU that will not be sent."""

    sku_id: UUID
    quantity: int


class ShipmentShort(Event):
    """The supplier cannot send these pieces of a shipment any more: their hold ends and their money goes back."""

    type: ClassVar[str] = "logistics.shipment-short.v1"
    subject_field: ClassVar[str] = "order_id"

    shortfall_id: UUID
    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    lines: tuple[ShortLine, ...]
    reason: str
    noted_at: datetime
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None


class ShipmentDelivered(Event):
    """Every parcel of the shipment was delivered, those apart that are lost; the instant is the last parcel's."""

    type: ClassVar[str] = "logistics.shipment-delivered.v1"
    subject_field: ClassVar[str] = "order_id"

    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    delivered_at: datetime
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None
    supplier_name: str = ""
    sku_id: UUID | None = None
    product_title: str = Field(default="", description="The first of its goods, as is `sku_id`.")


class ParcelsArrived(Event):
    """Parcels of a shipment arrived while others are still awaited: so many of so many that were sent and are not lost.
    Told once a parcel; the last ones are told by ShipmentDelivered alone. `is_all_sent` is false while more is to be
    sent."""

    type: ClassVar[str] = "logistics.parcels-arrived.v1"
    subject_field: ClassVar[str] = "order_id"

    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    waybill_numbers: tuple[str, ...]
    arrived_count: int
    parcel_count: int
    is_all_sent: bool
    arrived_at: datetime
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None


class ParcelsLost(Event):
    """Parcels of a shipment were declared lost on their way: their pieces are paid back, or sent again where the buyer
    shall have them and there are any. `reason` is what shows it."""

    type: ClassVar[str] = "logistics.parcels-lost.v1"
    subject_field: ClassVar[str] = "order_id"

    loss_id: UUID
    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    carrier_code: str
    waybill_numbers: tuple[str, ...]
    lines: tuple[ShortLine, ...]
    remedy: Literal["refund", "send_again"]
    reason: str
    declared_side: Literal["supplier", "operator"]
    declared_by: UUID
    declared_at: datetime
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None


class ShipmentLost(Event):
    """A shipment has left, and every parcel of it is lost. It comes after the last of its ParcelsLost."""

    type: ClassVar[str] = "logistics.shipment-lost.v1"
    subject_field: ClassVar[str] = "order_id"

    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    noted_at: datetime
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None


class LostParcelArrived(Event):
    """A parcel that was declared lost came all the same. Nothing follows by itself: what was paid back stays paid."""

    type: ClassVar[str] = "logistics.lost-parcel-arrived.v1"
    subject_field: ClassVar[str] = "order_id"

    loss_id: UUID
    parcel_id: UUID
    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    waybill_number: str
    arrived_at: datetime


class PickupPointFacts(Event):
    """What others need to know of a pickup point that is open. `kept_classes` are the temperature classes that it can
    keep."""

    subject_field: ClassVar[str] = "pickup_point_id"

    pickup_point_id: UUID
    county_code: DivisionCode
    name: str
    address: str
    kept_classes: tuple[str, ...]
    revision: int


class PickupPointOpened(PickupPointFacts):
    """Goods may be sent there from now on, for the first time or again."""

    type: ClassVar[str] = "logistics.pickup-point-opened.v1"

    opened_at: datetime


class PickupPointChanged(PickupPointFacts):
    """An open point has another name, place or storage."""

    type: ClassVar[str] = "logistics.pickup-point-changed.v1"

    changed_at: datetime


class PickupPointClosed(Event):
    """Nothing more is sent there; what is on its way arrives."""

    type: ClassVar[str] = "logistics.pickup-point-closed.v1"
    subject_field: ClassVar[str] = "pickup_point_id"

    pickup_point_id: UUID
    revision: int
    closed_at: datetime


class ExcursionOpened(Event):
    """A parcel was out of its temperature range (`high`, `low`) or sent no reading for too long (`gap`)."""

    type: ClassVar[str] = "logistics.excursion-opened.v1"
    subject_field: ClassVar[str] = "order_id"

    excursion_id: UUID
    parcel_id: UUID
    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    temperature_class: str
    kind: Literal["high", "low", "gap"]
    severity: Literal["minor", "major", "critical"]
    started_at: datetime
    extreme_c: float | None = None


class ExcursionClosed(Event):
    """The excursion ended; the instants are those of the readings, not of their arrival."""

    type: ClassVar[str] = "logistics.excursion-closed.v1"
    subject_field: ClassVar[str] = "order_id"

    excursion_id: UUID
    parcel_id: UUID
    order_id: UUID
    severity: Literal["minor", "major", "critical"]
    started_at: datetime
    ended_at: datetime
    extreme_c: float | None = None
