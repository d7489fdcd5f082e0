"""What orders announces: an order placed, paid or cancelled, with everything that others need of it."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import DivisionCode, Event, Fen, Grams, Part


class SoldLine(Part):
    """One line as sold: facts of the SKU frozen at placement. `payable_fen` is money: price times pieces without the
    discount and without what love-card points paid (`points_fen`, which the house bears)."""

    line_id: UUID
    sku_id: UUID
    product_id: UUID
    product_title: str
    specification: str
    category: str
    origin_county_code: DivisionCode
    designations: tuple[str, ...] = ()
    temperature_class: str
    net_weight_g: Grams
    quantity: int
    unit_price_fen: Fen
    discount_fen: Fen = 0
    points_fen: Fen = 0
    payable_fen: Fen


class SoldPart(Part):
    """One supplier's share of the order: its own fulfilment, its own money."""

    supplier_order_id: UUID
    supplier_id: UUID
    supplier_name: str
    ship_from_county_code: DivisionCode
    delivery_fen: Fen = 0
    points_fen: Fen = 0
    payable_fen: Fen
    lines: tuple[SoldLine, ...]


class DeliveryAddress(Part):
    """Where the parcel goes. Personal data: logistics needs it, analytics must not keep it. With a pickup point it goes
    there, and `detail` says where that is. Of a donation `is_hidden`: its buyer is never shown the address."""

    recipient: str
    phone: str
    county_code: DivisionCode
    detail: str
    pickup_point_id: UUID | None = None
    pickup_point_name: str = ""
    is_hidden: bool = False


class OrderPlaced(Event):
    """The order stands and its stock is held until `payment_due_at`."""

    type: ClassVar[str] = "orders.order-placed.v1"
    subject_field: ClassVar[str] = "order_id"

    order_id: UUID
    order_number: str
    mode: str
    buyer_id: UUID
    buyer_kind: str
    organisation_id: UUID | None = None
    payable_fen: Fen
    deposit_fen: Fen = Field(default=0, description="Of it, what a deposit paid ahead.")
    is_on_account: bool = Field(default=False, description="A unit's: confirmed until then instead of paid.")
    placed_at: datetime
    payment_due_at: datetime


class OrderPaid(Event):
    """The whole order is paid: suppliers may ship, analysts may count. `paid_at` is the provider's time."""

    type: ClassVar[str] = "orders.order-paid.v1"
    subject_field: ClassVar[str] = "order_id"

    order_id: UUID
    order_number: str
    mode: str
    buyer_id: UUID
    buyer_kind: str
    organisation_id: UUID | None = None
    payable_fen: Fen
    parts: tuple[SoldPart, ...]
    address: DeliveryAddress
    placed_at: datetime
    paid_at: datetime

    @property
    def sold_at(self) -> datetime:
        """From when on it counts as sold."""
        return self.paid_at


class OrderCancelled(Event):
    """The order is void and its stock released; `refunded_fen` is what goes back to the buyer. One on account was never
    paid, but may have been confirmed."""

    type: ClassVar[str] = "orders.order-cancelled.v1"
    subject_field: ClassVar[str] = "order_id"

    order_id: UUID
    order_number: str
    reason: str
    was_paid: bool
    was_confirmed: bool = False
    refunded_fen: Fen = 0
    cancelled_at: datetime

    @property
    def was_sold(self) -> bool:
        """Whether it counted as sold before."""
        return self.was_paid or self.was_confirmed


class SettledLine(Part):
    """One line of a settled part: what the buyer paid for it."""

    line_id: UUID
    sku_id: UUID
    product_id: UUID
    quantity: int
    payable_fen: Fen


class SupplierOrderSettled(Event):
    """A supplier's part of a prepaid order was delivered, or one on account was paid for what its unit accepted: its
    money is the supplier's, and shares of it fall due."""

    type: ClassVar[str] = "orders.supplier-order-settled.v1"
    subject_field: ClassVar[str] = "supplier_order_id"

    order_id: UUID
    supplier_order_id: UUID
    supplier_id: UUID
    lines: tuple[SettledLine, ...]
    settled_at: datetime


class RefundedLine(Part):
    """Pieces of a line whose money goes back, as a share of what was frozen at placement."""

    line_id: UUID
    sku_id: UUID
    product_id: UUID
    quantity: int
    goods_fen: Fen


class RefundGranted(Event):
    """Money of a delivered part goes back to its buyer: for a claim, whose goods stay there, for goods sent back, for
    goods that should have been sent again and cannot, or as the platform's goodwill. It has no lines where the delivery
    alone goes back.

    `refunded_fen` is the lines' goods and the share of the delivery, borne by the supplier, the carrier and the
    platform in these parts. It follows the part's `SupplierOrderSettled` and has its subject. A grant is final; the
    money's own way to the buyer is the payment's affair.
    """

    type: ClassVar[str] = "orders.refund-granted.v1"
    subject_field: ClassVar[str] = "supplier_order_id"

    refund_id: UUID
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    buyer_kind: str
    organisation_id: UUID | None = None
    cause: Literal["claim", "return", "exchange", "goodwill"]
    cause_id: UUID
    lines: tuple[RefundedLine, ...]
    delivery_fen: Fen = 0
    refunded_fen: Fen
    supplier_fen: Fen
    carrier_fen: Fen = 0
    platform_fen: Fen = 0
    granted_at: datetime


class PiecesGivenUp(Event):
    """Paid pieces of a part will never be sent, or were lost on their way: their money goes back before the part is
    delivered.

    It comes before the part's `SupplierOrderSettled`, whose lines are without these pieces: who counts what was settled
    has nothing to take back, who counts what was paid has.
    """

    type: ClassVar[str] = "orders.pieces-given-up.v1"
    subject_field: ClassVar[str] = "supplier_order_id"

    shortfall_id: UUID
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    supplier_id: UUID
    lines: tuple[RefundedLine, ...]
    refunded_fen: Fen
    cause: Literal["short", "lost"] = "short"
    carrier_fen: Fen = Field(default=0, description="Of it, what the carrier bears for what it lost.")
    noted_at: datetime


class ReplacementDue(Event):
    """Pieces of a delivered part are to be sent again instead of money: the exchange is approved, and the first goods
    are on their way back where they had to be. Their stock is held; they go where the first went."""

    type: ClassVar[str] = "orders.replacement-due.v1"
    subject_field: ClassVar[str] = "supplier_order_id"

    exchange_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    supplier_id: UUID
    sku_id: UUID
    quantity: int
    noted_at: datetime


class PresaleBooked(Event):
    """A deposit was paid: pieces of a coming harvest are booked. The order will have the booking's id and number."""

    type: ClassVar[str] = "orders.presale-booked.v1"
    subject_field: ClassVar[str] = "booking_id"

    booking_id: UUID
    offer_id: UUID
    booking_number: str
    buyer_id: UUID
    supplier_id: UUID
    sku_id: UUID
    product_title: str
    quantity: int
    amount_fen: Fen
    deposit_fen: Fen
    paid_at: datetime


class PresaleBalanceDue(Event):
    """The harvest is in: the booking got its share, the deposit of the rest goes back, the balance is due."""

    type: ClassVar[str] = "orders.presale-balance-due.v1"
    subject_field: ClassVar[str] = "booking_id"

    booking_id: UUID
    offer_id: UUID
    booking_number: str
    buyer_id: UUID
    product_title: str
    quantity: int
    allocated_count: int
    returned_fen: Fen = 0
    balance_fen: Fen
    due_at: datetime


class PresaleBookingEnded(Event):
    """Nothing comes of a booking: never paid, given up, called off or without a share of the harvest. What was paid
    goes back whole."""

    type: ClassVar[str] = "orders.presale-booking-ended.v1"
    subject_field: ClassVar[str] = "booking_id"

    booking_id: UUID
    offer_id: UUID
    booking_number: str
    buyer_id: UUID
    reason: str
    returned_fen: Fen = 0
    ended_at: datetime


class ProductReviewed(Event):
    """What buyers say of a product changed: a review came, or one was hidden or shown again.

    The figures are those of all reviews shown; of two such events the one with the higher `revision` is right.
    """

    type: ClassVar[str] = "orders.product-reviewed.v1"
    subject_field: ClassVar[str] = "product_id"

    product_id: UUID
    supplier_id: UUID
    rating_count: int
    rating_sum: int
    revision: int
    reviewed_at: datetime


class PointsExpiring(Event):
    """Love-card points of a person can be spent for some days more. Told once for each lot of points."""

    type: ClassVar[str] = "orders.points-expiring.v1"
    subject_field: ClassVar[str] = "person_id"

    person_id: UUID
    lot_id: UUID
    points: int = Field(ge=0)
    expires_at: datetime


class StockSignal(Event):
    """How a SKU's available pieces stand to its threshold `low_at`. A later `revision` of the SKU outweighs an
    earlier."""

    subject_field: ClassVar[str] = "sku_id"

    sku_id: UUID
    product_id: UUID
    supplier_id: UUID
    available: int = Field(ge=0)
    low_at: int = Field(ge=0)
    revision: int
    noted_at: datetime


class StockLow(StockSignal):
    """Not more than the threshold is available any more, or nothing at all, or again something but not more."""

    type: ClassVar[str] = "orders.stock-low.v1"


class BackInStock(StockSignal):
    """More than the threshold is available again, or for the first time."""

    type: ClassVar[str] = "orders.back-in-stock.v1"


class DonationThanked(Event):
    """The recipient of a donation has its goods and says thanks. Told once an order."""

    type: ClassVar[str] = "orders.donation-thanked.v1"
    subject_field: ClassVar[str] = "order_id"

    order_id: UUID
    order_number: str
    buyer_id: UUID
    recipient_id: UUID
    recipient_name: str
    thanked_at: datetime
