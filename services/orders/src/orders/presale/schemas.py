"""What routes of presales take and give."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from orders.order.schemas import DeliveryTo, Text
from orders.presale import rules
from orders.presale.models import PresaleOffer
from orders.presale.rules import Shortfall, Unpaid

OfferStatus = Literal["DRAFT", "BOOKING", "CLOSED", "ALLOCATED", "COMPLETED", "CANCELLED"]
BookingStatus = Literal["PENDING_DEPOSIT", "BOOKED", "BALANCE_DUE", "PAID", "LAPSED", "CANCELLED", "REFUNDED"]
Pieces = Annotated[int, Field(ge=1, le=99_999, strict=True, description="Pieces.")]
Harvest = Annotated[int, Field(ge=0, le=9_999_999, strict=True, description="Pieces harvested; 0 is none at all.")]


class Body(BaseModel):
    """A request's body: unknown members are mistakes, said at once."""

    model_config = ConfigDict(extra="forbid")


class TermsIn(Body):
    """What an offer asks and promises."""

    price_fen: Annotated[int, Field(ge=1, le=10**9, strict=True, description="Of a piece, delivery in it.")]
    deposit_bp: Annotated[int, Field(ge=1, le=9999, strict=True, description="Share asked ahead, in basis points.")]
    planned_count: Annotated[int, Field(ge=1, le=9_999_999, strict=True, description="Pieces that may be booked.")]
    person_cap: Annotated[int | None, Field(ge=1, le=99_999, strict=True, description="Pieces a buyer.")] = None
    opens_at: Annotated[AwareDatetime, Field(description="Booking begins.")]
    closes_at: Annotated[AwareDatetime, Field(description="Booking ends.")]
    harvest_from: date
    harvest_until: date
    balance_days: Annotated[int, Field(ge=1, le=365, strict=True, description="Days to pay the balance.")]
    if_unpaid: Annotated[Unpaid, Field(description="The deposit of who does not pay the balance.")]
    shortfall_rule: Annotated[Shortfall, Field(description="How a short harvest is shared.")]
    note: Annotated[Text, Field(max_length=500)] = ""

    def terms(self) -> rules.Terms:
        """As rules take them."""
        return rules.Terms(**self.model_dump(exclude={"sku_id"}))


class OfferIn(TermsIn):
    """A presale of a SKU."""

    sku_id: UUID


class Reason(Body):
    """Why."""

    reason: Annotated[Text, Field(max_length=200)] = ""


class HarvestIn(Body):
    """What came in."""

    harvested_count: Harvest


class BookingIn(Body):
    """Pieces to book, and where they shall go."""

    quantity: Pieces
    address: DeliveryTo
    note: Annotated[Text, Field(max_length=500)] = ""


class Offer(BaseModel):
    """An offer as everybody sees it."""

    model_config = ConfigDict(from_attributes=True)

    offer_id: UUID
    revision: int
    status: OfferStatus
    supplier_id: UUID
    supplier_name: str
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    origin_county_code: str
    price_fen: int
    deposit_bp: int
    planned_count: int
    person_cap: int | None
    opens_at: datetime
    closes_at: datetime
    harvest_from: date
    harvest_until: date
    balance_days: int
    if_unpaid: Unpaid
    shortfall_rule: Shortfall
    note: str
    booked_count: int
    allocated_count: int
    harvested_count: int | None
    allocated_at: datetime | None
    balance_due_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, offer: PresaleOffer) -> Self:
        """An offer as it is."""
        return cls.model_validate(offer)


class OfferPage(Offer):
    """The same with how many bookings are in which state."""

    bookings: dict[BookingStatus, int]


class FiguresView(BaseModel):
    """What a new offer begins with, and its limits."""

    deposit_bp: int
    balance_days: int
    if_unpaid: Unpaid
    shortfall_rule: Shortfall
    most_deposit_bp: dict[Unpaid, int]
    least_price_fen: int
    most_bookings: int
    most_balance_days: int


class ShareView(BaseModel):
    """What one booking gets of the harvest."""

    booking_id: UUID
    booking_number: str
    quantity: int
    allocated_count: int
    deposit_fen: int
    returned_fen: int
    balance_fen: int


class AllocationView(BaseModel):
    """What allocating so many pieces would do, or did: nothing is written by asking."""

    harvested_count: int
    booked_count: int
    allocated_count: int
    left_count: int = Field(description="Harvested and booked by nobody: free for sale.")
    returned_fen: int
    balance_fen: int
    items: list[ShareView]


class Booking(BaseModel):
    """A booking as its supplier sees it."""

    booking_id: UUID
    offer_id: UUID
    booking_number: str
    status: BookingStatus
    quantity: int
    amount_fen: int
    deposit_fen: int
    booked_at: datetime
    deposit_due_at: datetime
    deposit_paid_at: datetime | None
    allocated_count: int
    returned_fen: int = Field(description="Of the deposit, what went back for pieces that the harvest did not give.")
    balance_fen: int
    balance_due_at: datetime | None
    balance_paid_at: datetime | None
    returns_deposit: bool
    end_reason: str
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    price_fen: int
    supplier_name: str
    closes_at: datetime
    harvest_from: date
    harvest_until: date
    shortfall_rule: Shortfall
    if_unpaid: Unpaid
    offer_status: OfferStatus


class BookedTo(BaseModel):
    """Where it shall go; empty once nothing will be sent."""

    recipient: str
    phone: str
    county_code: str
    detail: str


class BookingPage(Booking):
    """A booking as its buyer sees it. From BALANCE_DUE on there is an order of the same id and number."""

    buyer_id: UUID
    note: str
    address: BookedTo


def booking_page(row: Any) -> BookingPage:
    """A row of the queries as the buyer sees it."""
    address = BookedTo(
        recipient=row["recipient"], phone=row["phone"], county_code=row["county_code"], detail=row["address_detail"]
    )
    return BookingPage.model_validate({**row, "address": address})


def figures_view() -> FiguresView:
    """The figures as they are."""
    told = rules.figures()
    return FiguresView(
        deposit_bp=told.deposit_bp,
        balance_days=told.balance_days,
        if_unpaid=told.if_unpaid,
        shortfall_rule=told.shortfall_rule,
        most_deposit_bp={"KEEP": told.most_deposit_bp["KEEP"], "RETURN": told.most_deposit_bp["RETURN"]},
        least_price_fen=told.least_price_fen,
        most_bookings=told.most_bookings,
        most_balance_days=told.most_balance_days,
    )
