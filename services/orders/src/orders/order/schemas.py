"""What routes of orders take and give."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from orders.donation.rules import GiftTo
from orders.invoice_title.schemas import OrderTitle, TitleIn
from orders.order import rules
from orders.pickup_point.rules import PointTo
from orders.price.schemas import AppliedPromotion, Seen, TraceStep, UsePoints, applied_of, trace_of

Status = Literal["PENDING_PAYMENT", "PAID", "PENDING_CONFIRM", "CONFIRMED", "COMPLETED", "CANCELLED"]
Fulfilment = Literal[
    "PENDING_PAYMENT",
    "PENDING_CONFIRM",
    "AWAITING_GROUP",
    "PENDING_SHIPMENT",
    "PARTLY_SHIPPED",
    "SHIPPED",
    "DELIVERED",
    "LOST",
    "CANCELLED",
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]
Recipient = Annotated[Text, Field(min_length=1, max_length=50)]
Phone = Annotated[
    str, Field(pattern=r"^\+?[0-9][0-9 -]{5,18}[0-9]$", description="With the area code, if there is one.")
]
Quantity = Annotated[int, Field(ge=1, le=99_999, strict=True, description="Pieces.")]


class Body(BaseModel):
    """A request's body: unknown members are mistakes, said at once."""

    model_config = ConfigDict(extra="forbid")


class OrderedLine(Body):
    """Pieces of a SKU to buy. A SKU named twice is bought once, with both quantities."""

    sku_id: UUID
    quantity: Quantity


class DeliveryTo(Body):
    """Where the goods go."""

    recipient: Recipient
    phone: Phone
    county_code: Annotated[str, Field(pattern=r"^[0-9]{6}$", description="Six-digit administrative division code.")]
    detail: Annotated[Text, Field(min_length=1, max_length=200, description="Street, house, room.")]


class PickupAt(Body):
    """At which pickup point the goods wait, and for whom."""

    recipient: Recipient
    phone: Phone
    pickup_point_id: UUID


class GiveTo(Body):
    """To whom the goods are given (以购代捐), with a word to them."""

    recipient_id: UUID
    message: Annotated[Text, Field(max_length=200)] = ""


class PlaceOrder(Body):
    """An order to place. `seen_payable_fen` is the sum that the buyer saw and agrees to. The goods go to an address, to
    a pickup point or, as a donation, to a verified recipient; `invoice` says to whom an e-invoice is made out, and may
    be said later."""

    lines: Annotated[list[OrderedLine], Field(min_length=1, max_length=100)]
    address: DeliveryTo | None = None
    pickup: PickupAt | None = None
    donation: GiveTo | None = None
    invoice: TitleIn | None = None
    note: Annotated[Text, Field(max_length=500)] = ""
    seen_payable_fen: Annotated[int, Field(ge=0, le=2**53, strict=True)]
    seen: Annotated[Seen | None, Field(description="`seen` of the cart or quote: a refusal then says all.")] = None
    coupon_ids: Annotated[list[UUID], Field(max_length=10)] = []
    use_points: Annotated[UsePoints, Field(description="Exactly so many love-card points pay a part.")] = 0

    @model_validator(mode="after")
    def goes_somewhere(self) -> Self:
        """One of the three, and no other."""
        if [self.address, self.pickup, self.donation].count(None) != 2:  # noqa: PLR2004 - of three
            raise ValueError("give an address, a pickup point or the recipient of a donation")
        return self

    def goes_to(self, point: PointTo | None, gift: GiftTo | None) -> rules.Address:
        """Where the goods go; `point` or `gift` is the one that the body names."""
        if gift is not None:
            return rules.Address(gift.contact, gift.phone, gift.county_code, gift.detail)
        if self.pickup is not None and point is not None:
            return rules.Address(self.pickup.recipient, self.pickup.phone, point.county_code, point.detail)
        if self.address is None:
            raise ValueError("an order goes somewhere")
        return rules.Address(self.address.recipient, self.address.phone, self.address.county_code, self.address.detail)


class CancelOrder(Body):
    """Why the buyer does not want it any more."""

    reason: Annotated[Text, Field(min_length=1, max_length=200)]


class Line(BaseModel):
    """A line as sold; its shares of the discount and of what points paid are frozen, `payable_fen` is money. `trace`
    says why it costs that (nothing: the list price)."""

    line_id: UUID
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    quantity: int
    unit_price_fen: int
    amount_fen: int
    discount_fen: int
    points_fen: int
    payable_fen: int
    is_gift: bool
    trace: list[TraceStep]


class Part(BaseModel):
    """One supplier's part."""

    supplier_order_id: UUID
    supplier_id: UUID
    supplier_name: str
    ship_from_county_code: str
    fulfilment: Fulfilment
    goods_fen: int
    discount_fen: int
    points_fen: int
    delivery_fen: int
    payable_fen: int
    shipped_at: datetime | None
    delivered_at: datetime | None
    lines: list[Line]


class Address(BaseModel):
    """Where the goods go: to the pickup point, if there is one, whose place `detail` says. Of a donation it is the
    recipient's name and county, and nothing else."""

    recipient: str
    phone: str
    county_code: str
    detail: str
    pickup_point_id: UUID | None
    pickup_point_name: str


class OrderedGift(BaseModel):
    """To whom the goods are given, and how they were thanked for (nothing: not yet)."""

    recipient_id: UUID
    recipient_name: str
    message: str
    thanks: str
    thanked_at: datetime | None


class Change(BaseModel):
    """One entry of the history. `supplier_order_id` is set where it concerns one part only."""

    change: Literal[
        "PLACED",
        "PAID",
        "CANCELLED",
        "PARTLY_SHIPPED",
        "SHIPPED",
        "GIVEN_UP",
        "PIECES_LOST",
        "LOST",
        "ARRIVED_AFTER_LOSS",
        "DELIVERED",
        "COMPLETED",
        "SHIPPED_AFTER_CANCEL",
        "GROUP_FORMED",
        "CONFIRMED",
    ]
    changed_at: datetime
    supplier_order_id: UUID | None
    reason: str


class OrderSummary(BaseModel):
    """An order as lists show it. Amounts in fen."""

    order_id: UUID
    order_number: str
    mode: str
    status: Status
    goods_fen: int
    discount_fen: int
    points_fen: int
    delivery_fen: int
    payable_fen: int
    deposit_fen: int = Field(description="Of `payable_fen`, what a deposit paid ahead.")
    returns_deposit: bool = Field(description="Whether the deposit goes back if the rest is not paid.")
    placed_at: datetime
    payment_due_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    parts: list[Part]


class OrderPage(OrderSummary):
    """The whole order."""

    promotions: list[AppliedPromotion]
    buyer_id: UUID
    note: str
    address: Address
    invoice: OrderTitle | None
    donation: OrderedGift | None
    history: list[Change]


class SupplierOrder(BaseModel):
    """A supplier's part of an order. The address and the invoice's title appear once it is paid."""

    supplier_order_id: UUID
    order_id: UUID
    order_number: str
    supplier_id: UUID
    supplier_name: str
    fulfilment: Fulfilment
    goods_fen: int
    discount_fen: int
    points_fen: int
    delivery_fen: int
    payable_fen: int
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    note: str
    address: Address | None
    invoice: OrderTitle | None
    lines: list[Line]


def placed_page(draft: rules.OrderDraft) -> bytes:
    """The page of an order at the moment of its placement: what GET answers right after, without reading it again."""
    return orjson.dumps(
        {
            "order_id": draft.order_id,
            "order_number": draft.order_number,
            "mode": draft.mode,
            "status": "PENDING_PAYMENT",
            "goods_fen": draft.goods_fen,
            "discount_fen": draft.discount_fen,
            "points_fen": draft.points_fen,
            "delivery_fen": draft.delivery_fen,
            "payable_fen": draft.payable_fen,
            "deposit_fen": draft.deposit_fen,
            "returns_deposit": draft.returns_deposit,
            "placed_at": draft.placed_at,
            "payment_due_at": draft.payment_due_at,
            "paid_at": None,
            "completed_at": None,
            "cancelled_at": None,
            "cancel_reason": None,
            "parts": [_placed_part(part) for part in draft.parts],
            "promotions": applied_of(draft.priced.uses),
            "buyer_id": draft.buyer.person_id,
            "note": draft.note,
            "address": _placed_address(draft),
            "invoice": None if draft.invoice is None else {**asdict(draft.invoice), "revision": 1},
            "donation": None if draft.gift is None else _placed_gift(draft.gift),
            "history": [{"change": "PLACED", "changed_at": draft.placed_at, "supplier_order_id": None, "reason": ""}],
        },
        default=str,  # asyncpg's UUIDs are a class of their own
    )


def _placed_address(draft: rules.OrderDraft) -> dict[str, object]:
    address, gift = draft.address, draft.gift
    return {
        "recipient": address.recipient if gift is None else gift.name,
        "phone": address.phone if gift is None else "",
        "county_code": address.county_code,
        "detail": address.detail if gift is None else "",
        "pickup_point_id": None if draft.pickup is None else draft.pickup.pickup_point_id,
        "pickup_point_name": "" if draft.pickup is None else draft.pickup.name,
    }


def _placed_gift(gift: GiftTo) -> dict[str, object]:
    return {
        "recipient_id": gift.recipient_id,
        "recipient_name": gift.name,
        "message": gift.message,
        "thanks": "",
        "thanked_at": None,
    }


def _placed_part(part: rules.DraftPart) -> dict[str, object]:
    sku = part.lines[0].sku
    return {
        "supplier_order_id": part.supplier_order_id,
        "supplier_id": sku.supplier_id,
        "supplier_name": sku.supplier_name,
        "ship_from_county_code": sku.supplier_county_code,
        "fulfilment": "PENDING_PAYMENT",
        "goods_fen": part.goods_fen,
        "discount_fen": part.discount_fen,
        "points_fen": part.points_fen,
        "delivery_fen": part.delivery_fen,
        "payable_fen": part.payable_fen,
        "shipped_at": None,
        "delivered_at": None,
        "lines": [_placed_line(line) for line in part.lines],
    }


def _placed_line(line: rules.DraftLine) -> dict[str, object]:
    return {
        "line_id": line.line_id,
        "sku_id": line.sku.sku_id,
        "product_id": line.sku.product_id,
        "product_title": line.sku.product_title,
        "product_title_en": line.sku.product_title_en,
        "specification": line.sku.specification,
        "specification_en": line.sku.specification_en,
        "picture": line.sku.picture,
        "quantity": line.quantity,
        "unit_price_fen": line.unit_price_fen,
        "amount_fen": line.amount_fen,
        "discount_fen": line.discount_fen,
        "points_fen": line.points_fen,
        "payable_fen": line.payable_fen,
        "is_gift": line.is_gift,
        "trace": trace_of(line.trace),
    }
