"""What routes of quotations take and give."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from orders.order.rules import Address
from orders.order.schemas import Body, DeliveryTo, Quantity, Text
from orders.quotation import rules
from orders.quotation.actions import Draft
from orders.quotation.models import QuotationBidFile
from orders.unit.rules import Fund

Status = Literal["DRAFT", "OPEN", "OPENED", "AWARDED", "CANCELLED"]
BidStatus = Literal["SEALED", "WITHDRAWN", "OPENED", "WON", "PARTLY_WON", "LOST"]
Reason = Annotated[Text, Field(max_length=500)]
Price = Annotated[int, Field(ge=1, le=100_000_000, strict=True, description="Fen a piece, delivery included.")]
County = Annotated[str, Field(pattern=r"^([0-9]{6})?$", description="Division code, or empty.")]
WarrantyDays = Annotated[
    int | None, Field(ge=0, le=3650, strict=True, description="For so long after the acceptance they are taken back.")
]
_FIGURES = rules.figures()


class LineIn(Body):
    """One thing wanted: a SKU, or words. `quantity` counts pieces of the SKU, else the `unit` that is said."""

    sku_id: UUID | None = None
    description: Annotated[Text, Field(max_length=300)] = ""
    quantity: Quantity
    unit: Annotated[Text, Field(min_length=1, max_length=20)]
    origin_county_code: County = ""
    certificates: Annotated[Text, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.sku_id is None and not self.description:
            raise ValueError("say what is wanted: a SKU or words")
        return self


class QuotationIn(Body):
    """A request for quotation as a unit writes it."""

    title: Annotated[Text, Field(min_length=2, max_length=80)]
    fund: Fund
    note: Annotated[Text, Field(max_length=1000)] = ""
    address: DeliveryTo
    deliver_from: AwareDatetime
    deliver_until: AwareDatetime
    closes_at: AwareDatetime
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=_FIGURES.most_lines)]
    supplier_ids: Annotated[list[UUID], Field(default_factory=list, max_length=_FIGURES.most_suppliers)]

    def draft(self) -> Draft:
        """As the action takes it."""
        return Draft(
            self.title,
            self.fund,
            self.note,
            Address(**self.address.model_dump()),
            self.deliver_from,
            self.deliver_until,
            self.closes_at,
            tuple(rules.Wanted(**each.model_dump()) for each in self.lines),
            tuple(self.supplier_ids),
        )


class ReasonIn(Body):
    """Why."""

    reason: Reason = ""


class ExtendIn(Body):
    """A later deadline."""

    closes_at: AwareDatetime
    reason: Reason = ""


class PickIn(Body):
    """This line goes to this bid."""

    line_id: UUID
    bid_id: UUID


class AwardIn(Body):
    """Who gets what, and why. Lines that nobody is picked for are not bought."""

    picks: Annotated[list[PickIn], Field(min_length=1, max_length=_FIGURES.most_lines)]
    reason: Reason

    def taken(self) -> list[rules.Pick]:
        """As the rules take them."""
        return [rules.Pick(each.line_id, each.bid_id) for each in self.picks]


class AnswerIn(Body):
    """An answer for all invited suppliers."""

    answer: Annotated[Text, Field(min_length=1, max_length=1000)]


class QuestionIn(Body):
    """A question that all invited suppliers will see."""

    question: Annotated[Text, Field(min_length=2, max_length=500)]


class OfferIn(Body):
    """So many pieces of an own SKU for a line."""

    line_id: UUID
    sku_id: UUID
    piece_count: Quantity
    unit_price_fen: Price


class BidIn(Body):
    """A whole bid; it replaces an earlier one. A line without an offer is not bid for."""

    offers: Annotated[list[OfferIn], Field(min_length=1, max_length=_FIGURES.most_lines)]
    promised_on: date
    note: Annotated[Text, Field(max_length=500)] = ""
    warranty_days: WarrantyDays = None

    def bid(self) -> rules.Bid:
        """As it is sealed."""
        offers = tuple(rules.Offer(**each.model_dump()) for each in self.offers)
        return rules.Bid(offers, self.promised_on, self.note, self.warranty_days)


class SupplierItem(BaseModel):
    """A supplier that may be invited."""

    model_config = ConfigDict(from_attributes=True)

    supplier_id: UUID
    supplier_name: str
    county_code: str
    sku_count: int
    categories: list[str]


class QuotationItem(BaseModel):
    """A quotation in a list. `bid_count` and `awarded_fen` are null until the bids are opened and awarded."""

    model_config = ConfigDict(from_attributes=True)

    quotation_id: UUID
    unit_id: UUID
    unit_name: str
    status: Status
    title: str
    fund: Fund
    county_code: str
    closes_at: datetime
    deliver_from: datetime
    deliver_until: datetime
    created_at: datetime
    opened_at: datetime | None
    awarded_at: datetime | None
    line_count: int
    invited_count: int
    bid_count: int | None
    awarded_fen: int | None
    open_question_count: int
    is_late: bool


class InvitationItem(QuotationItem):
    """The same for an invited supplier, with its own bid."""

    bid_status: BidStatus | None
    submitted_at: datetime | None
    bid_count: None = None
    awarded_fen: None = None


class LineOut(BaseModel):
    """One thing wanted."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    line_number: int
    sku_id: UUID | None
    description: str
    quantity: int
    unit: str
    origin_county_code: str
    certificates: str
    goods: str = Field("", description="The SKU that is named, as it is called now; empty for words alone.")
    goods_supplier: str = ""


class QuestionOut(BaseModel):
    """A question and its answer, for all who are invited."""

    model_config = ConfigDict(from_attributes=True)

    question_id: UUID
    question: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


class InvitedOut(BaseModel):
    """A supplier that is asked."""

    model_config = ConfigDict(from_attributes=True)

    supplier_id: UUID
    supplier_name: str


class _Whole(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    quotation_id: UUID
    status: Status
    title: str
    note: str
    county_code: str
    detail: str
    deliver_from: datetime
    deliver_until: datetime
    closes_at: datetime
    extension_count: int
    published_at: datetime | None
    opened_at: datetime | None
    cancel_reason: str
    unit_name: str = ""
    lines: list[LineOut] = []
    questions: list[QuestionOut] = []


class QuotationOut(_Whole):
    """A quotation for its unit; `revision` is the ETag."""

    revision: int
    unit_id: UUID
    fund: Fund
    recipient: str
    phone: str
    created_at: datetime
    opened_by: UUID | None
    few_bids_reason: str
    awarded_at: datetime | None
    awarded_by: UUID | None
    award_reason: str
    purchase_id: UUID | None
    suppliers: list[InvitedOut] = []


class FileOut(BaseModel):
    """An attachment of a bid."""

    model_config = ConfigDict(from_attributes=True)

    file_id: UUID
    kind: rules.FileKind
    name: str
    media_type: str
    size_bytes: int
    filed_at: datetime


class OwnBid(BaseModel):
    """A supplier's own bid: nobody else reads it before the opening."""

    status: BidStatus
    submitted_at: datetime
    promised_on: date | None = None
    note: str = ""
    warranty_days: int | None = None
    total_fen: int | None = None
    offers: list[OfferIn] = []
    files: list[FileOut] = []


class InvitationOut(_Whole):
    """A quotation for an invited supplier. Who receives the goods is told with the order."""

    own_bid: OwnBid | None = None


class SheetOffer(BaseModel):
    """What a bid offers for a line, and by how much it is above the cheapest (basis points)."""

    bid_id: UUID
    line_id: UUID
    sku_id: UUID
    product_title: str
    specification: str
    origin_county_code: str
    is_origin_other: bool
    piece_count: int
    unit_price_fen: int
    amount_fen: int
    is_cheapest: bool
    above_bp: int
    is_awarded: bool


class SheetBid(BaseModel):
    """A bid as a whole; `above_bp` only where it offers every line."""

    bid_id: UUID
    supplier_id: UUID
    supplier_name: str
    status: BidStatus
    total_fen: int
    promised_on: date
    is_in_time: bool
    note: str
    submitted_at: datetime
    is_whole: bool
    is_cheapest: bool
    above_bp: int | None
    warranty_days: int | None = None
    files: list[FileOut] = []


class Sheet(BaseModel):
    """The comparison of an opened quotation (比价表)."""

    quotation_id: UUID
    title: str
    lines: list[LineOut]
    bids: list[SheetBid]
    offers: list[SheetOffer]

    @classmethod
    def of(
        cls,
        quotation: Any,
        lines: list[LineOut],
        bids: Any,
        offers: Any,
        comparison: rules.Comparison,
        files: Sequence[QuotationBidFile] = (),
    ) -> Self:
        """Put together from what is kept and what the rules make of it."""
        whole = {each.bid_id: each for each in comparison.bids}
        single = {(each.bid_id, each.line_id): each for each in comparison.lines}
        origin = {each.line_id: each.origin_county_code for each in lines}
        by_id = {each.bid_id: each for each in bids}
        return cls(
            quotation_id=quotation.quotation_id,
            title=quotation.title,
            lines=lines,
            bids=[
                SheetBid(
                    bid_id=each.bid_id,
                    supplier_id=by_id[each.bid_id].supplier_id,
                    supplier_name=by_id[each.bid_id].supplier_name,
                    status=by_id[each.bid_id].status,
                    total_fen=each.total_fen,
                    promised_on=by_id[each.bid_id].promised_on,
                    is_in_time=rules.is_in_time(by_id[each.bid_id].promised_on, quotation.deliver_until),
                    note=by_id[each.bid_id].note,
                    submitted_at=by_id[each.bid_id].submitted_at,
                    is_whole=each.is_whole,
                    is_cheapest=each.is_cheapest,
                    above_bp=each.above_bp,
                    warranty_days=by_id[each.bid_id].warranty_days,
                    files=[FileOut.model_validate(file) for file in files if file.bid_id == each.bid_id],
                )
                for each in comparison.bids
            ],
            offers=[
                SheetOffer(
                    bid_id=each.bid_id,
                    line_id=each.line_id,
                    sku_id=each.sku_id,
                    product_title=each.product_title,
                    specification=each.specification,
                    origin_county_code=each.origin_county_code,
                    is_origin_other=origin[each.line_id] not in {"", each.origin_county_code},
                    piece_count=each.piece_count,
                    unit_price_fen=each.unit_price_fen,
                    amount_fen=each.amount_fen,
                    is_cheapest=single[each.bid_id, each.line_id].is_cheapest,
                    above_bp=single[each.bid_id, each.line_id].above_bp,
                    is_awarded=each.is_awarded,
                )
                for each in offers
                if each.bid_id in whole
            ],
        )
