"""What routes of auctions take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from orders.auction import rules
from orders.auction.actions import Draft
from orders.order.rules import Address
from orders.order.schemas import Body, DeliveryTo, Quantity, Text
from orders.unit.rules import Fund

Status = Literal["DRAFT", "PUBLISHED", "ENDED", "FAILED", "AWARDED", "CANCELLED"]
Phase = Literal["DRAFT", "COMING", "RUNNING", "OVER", "ENDED", "FAILED", "AWARDED", "CANCELLED"]
Reason = Annotated[Text, Field(max_length=500)]
Amount = Annotated[int, Field(ge=1, le=10**13, strict=True, description="Fen for the whole lot, delivered.")]
County = Annotated[str, Field(pattern=r"^([0-9]{6})?$", description="Division code, or empty.")]
_FIGURES = rules.figures()


class LineIn(Body):
    """A line of the lot."""

    description: Annotated[Text, Field(min_length=1, max_length=300)]
    quantity: Quantity
    unit: Annotated[Text, Field(min_length=1, max_length=20)]
    origin_county_code: County = ""
    certificates: Annotated[Text, Field(max_length=200)] = ""


class AuctionIn(Body):
    """A reverse auction as a unit writes it."""

    title: Annotated[Text, Field(min_length=2, max_length=80)]
    fund: Fund
    note: Annotated[Text, Field(max_length=1000)] = ""
    address: DeliveryTo
    deliver_from: AwareDatetime
    deliver_until: AwareDatetime
    start_fen: Amount
    step_fen: Amount
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    extension_minutes: Annotated[int, Field(ge=0, le=_FIGURES.limit_extension_minutes)] = _FIGURES.extension_minutes
    most_extensions: Annotated[int, Field(ge=0, le=_FIGURES.limit_extensions)] = _FIGURES.most_extensions
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=_FIGURES.most_lines)]

    def draft(self) -> Draft:
        """As the action takes it."""
        return Draft(
            self.title,
            self.fund,
            self.note,
            Address(**self.address.model_dump()),
            self.deliver_from,
            self.deliver_until,
            rules.Terms(
                self.start_fen,
                self.step_fen,
                self.starts_at,
                self.ends_at,
                self.extension_minutes,
                self.most_extensions,
            ),
            tuple(rules.Wanted(**each.model_dump()) for each in self.lines),
        )


class ReasonIn(Body):
    """Why."""

    reason: Reason = ""


class OfferIn(Body):
    """With which pieces a line would be delivered."""

    line_id: UUID
    sku_id: UUID
    piece_count: Quantity


class EntryIn(Body):
    """Goods for every line."""

    offers: Annotated[list[OfferIn], Field(min_length=1, max_length=_FIGURES.most_lines)]

    def taken(self) -> list[rules.Offered]:
        """As the rules take them."""
        return [rules.Offered(each.line_id, each.sku_id, each.piece_count) for each in self.offers]


class BidIn(Body):
    """A bid for the whole lot."""

    amount_fen: Amount


class AuctionItem(BaseModel):
    """An auction in a list."""

    model_config = ConfigDict(from_attributes=True)

    auction_id: UUID
    unit_id: UUID
    unit_name: str
    status: Status
    phase: Phase
    title: str
    fund: Fund
    county_code: str
    start_fen: int
    step_fen: int
    starts_at: datetime
    ends_at: datetime
    extension_count: int
    bid_count: int
    lowest_fen: int | None
    entry_count: int
    line_count: int
    created_at: datetime
    is_late: bool


class OpenAuction(AuctionItem):
    """The same for a supplier: whether it entered, and whether it leads."""

    entry_number: int | None
    is_leading: bool


class LineOut(BaseModel):
    """A line of the lot."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    line_number: int
    description: str
    quantity: int
    unit: str
    origin_county_code: str
    certificates: str


class OfferOut(BaseModel):
    """With what the caller would deliver a line."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    sku_id: UUID
    product_title: str
    specification: str
    piece_count: int


class AgreedOffer(OfferOut):
    """With what the lowest bidder delivers a line; null where less than a fen a piece is left of the price."""

    agreed_price_fen: int | None


class AuctionOut(BaseModel):
    """An auction; `revision` is the ETag. Who receives the goods is for the unit only."""

    model_config = ConfigDict(from_attributes=True)

    auction_id: UUID
    revision: int
    unit_id: UUID
    unit_name: str = ""
    status: Status
    title: str
    fund: Fund
    note: str
    county_code: str
    detail: str
    recipient: str
    phone: str
    deliver_from: datetime
    deliver_until: datetime
    start_fen: int
    step_fen: int
    starts_at: datetime
    ends_at: datetime
    extension_minutes: int
    most_extensions: int
    extension_count: int
    bid_count: int
    lowest_fen: int | None
    published_at: datetime | None
    ended_at: datetime | None
    awarded_at: datetime | None
    award_reason: str
    cancel_reason: str
    purchase_id: UUID | None
    lines: list[LineOut] = []
    own_offers: list[OfferOut] = []
    leading_offers: list[AgreedOffer] = Field([], description="What the lowest bid brings, told when it is over.")


class BidItem(BaseModel):
    """One bid in the order of the database. The bidder has a number, and a name once it is over."""

    model_config = ConfigDict(from_attributes=True)

    bid_position: int
    amount_fen: int
    placed_at: datetime
    entry_number: int
    supplier_name: str | None
    is_own: bool


class Live(BaseModel):
    """How it stands: small, to be asked for again and again. `seen_at` is the database's clock; `most_fen` is the most
    that the next bid may be."""

    model_config = ConfigDict(from_attributes=True)

    status: Status
    phase: Phase
    seen_at: datetime
    starts_at: datetime
    ends_at: datetime
    extension_count: int
    start_fen: int
    step_fen: int
    most_fen: int
    lowest_fen: int | None
    bid_count: int
    entry_count: int
    entry_number: int | None
    own_fen: int | None
    own_rank: int | None
    is_leading: bool | None
    bids: list[BidItem] = []


class BidPlaced(BaseModel):
    """The bid counts, at this place."""

    bid_position: int
    amount_fen: int
    placed_at: datetime
    ends_at: datetime
    is_extended: bool


class EntryOut(BaseModel):
    """The caller takes part under this number."""

    model_config = ConfigDict(from_attributes=True)

    auction_id: UUID
    entry_number: int
    entered_at: datetime
