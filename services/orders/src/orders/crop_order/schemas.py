"""What routes of crop orders and harvests take and give. Money in fen, shares in basis points, harvests in pieces."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.crop_order.rules import MilestoneKind, Season, Stage
from orders.order.schemas import Body, Phone, Recipient, Text
from orders.unit.rules import Fund

Status = Literal[
    "DRAFT",
    "SUBMITTED",
    "OFFERED",
    "AGREED",
    "DEPOSIT_PAID",
    "GROWING",
    "HARVESTED",
    "DELIVERING",
    "COMPLETED",
    "REFUSED",
    "CANCELLED",
    "FAILED",
]
Pieces = Annotated[int, Field(ge=1, le=99_999, strict=True, description="Pieces of the pack.")]
Harvested = Annotated[int, Field(ge=0, le=10_000_000, strict=True, description="Pieces that were harvested.")]
PriceFen = Annotated[int, Field(ge=1, le=100_000_000, strict=True, description="Fen a piece, delivered.")]
Share = Annotated[int, Field(ge=0, le=10_000, strict=True, description="Basis points.")]
Year = Annotated[int, Field(ge=2019, le=2100)]
Voucher = Annotated[Text, Field(max_length=60, description="What the bank or the books call it.")]
Reason = Annotated[Text, Field(min_length=1, max_length=300)]


class StageIn(Body):
    """A milestone and the day by which it is due."""

    kind: MilestoneKind
    due_on: date

    def to_stage(self) -> Stage:
        """As the rules read it."""
        return Stage(self.kind, self.due_on)


class CropOrderIn(Body):
    """A crop order as it is drafted or changed. Below `least_share_bp` of what was ordered the unit need not take what
    grew; the agreed price is a price delivered."""

    title: Annotated[Text, Field(min_length=2, max_length=80)]
    fund: Fund
    sku_id: UUID
    quantity: Pieces
    unit_price_fen: PriceFen
    deposit_bp: Share
    least_share_bp: Share = 0
    season: Season
    sowing_on: date
    harvest_from_on: date
    harvest_until_on: date
    terms: Annotated[Text, Field(max_length=4000)] = ""
    recipient: Recipient
    phone: Phone
    county_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    address_detail: Annotated[Text, Field(min_length=1, max_length=200)]
    milestones: Annotated[list[StageIn], Field(min_length=1, max_length=50)]


class ReasonIn(Body):
    """Why."""

    reason: Reason


class PaidIn(Body):
    """A transfer: on which day, under which voucher."""

    paid_on: date
    voucher: Voucher = ""


class ReportIn(Body):
    """A milestone that was reached, with photos that were uploaded before."""

    number: Annotated[int, Field(ge=1, le=50, strict=True)]
    reached_on: date
    note: Annotated[Text, Field(max_length=500)] = ""
    photo_ids: Annotated[list[UUID], Field(max_length=9)] = Field(default_factory=list)


class HarvestIn(Body):
    """What grew of a pack in a season. `seen` is that of the sharing which was looked at."""

    sku_id: UUID
    season_year: Year
    season: Season
    harvested_count: Harvested
    note: Annotated[Text, Field(max_length=500)] = ""
    seen: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Words(BaseModel):
    """A word in both languages."""

    zh: str
    en: str


class Figures(BaseModel):
    """The limits of crop orders, where they come from, and the kinds of milestones and seasons."""

    most_deposit_bp: int
    least_deposit_bp: int
    deposit_source: str
    deposit_days: int
    decide_days: int
    most_milestones: int
    milestones: dict[str, Words]
    seasons: dict[str, Words]


class CropOrderItem(BaseModel):
    """A crop order in a list. `season_year` is the harvest's."""

    model_config = ConfigDict(from_attributes=True)

    crop_order_id: UUID
    crop_order_number: str
    revision: int
    status: Status
    unit_id: UUID
    supplier_id: UUID
    supplier_name: str
    title: str
    fund: Fund
    sku_id: UUID
    product_title: str
    specification: str
    quantity: int
    unit_price_fen: int
    total_fen: int
    deposit_bp: int
    deposit_fen: int
    least_share_bp: int
    season: Season
    season_year: int
    sowing_on: date
    harvest_from_on: date
    harvest_until_on: date
    budget_year: int | None
    payment_code: str = Field(description="To be named when the deposit is transferred.")
    deposit_due_on: date | None
    deposit_told_on: date | None
    deposit_voucher: str
    deposit_paid_at: datetime | None
    allocated_count: int | None = Field(description="Its share of the harvest; null before that.")
    credited_fen: int = Field(description="What of the deposit paid for accepted goods.")
    owed_back_fen: int = Field(description="What of the deposit the supplier owes back, or owed.")
    refunded_fen: int = Field(description="What of it came back.")
    decide_by: datetime | None
    harvest_id: UUID | None
    purchase_id: UUID | None
    created_at: datetime
    agreed_at: datetime | None
    taken_at: datetime | None


class MilestoneOut(BaseModel):
    """A milestone: when it is due, and what was reported."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    kind: MilestoneKind
    due_on: date
    reached_on: date | None
    note: str
    reported_at: datetime | None
    missed_at: datetime | None
    is_late: bool = False


class CropOrderPage(CropOrderItem):
    """A whole crop order. `order_id` is the order that its share became."""

    unit_name: str
    terms: str
    recipient: str
    phone: str
    county_code: str
    address_detail: str
    drafted_by: UUID
    changed_at: datetime
    refunded_on: date | None
    refund_voucher: str
    order_id: UUID | None
    milestones: list[MilestoneOut]
    photo_ids: list[UUID]


class OpenMilestone(MilestoneOut):
    """A milestone that is still to be reported, with its order."""

    crop_order_id: UUID
    crop_order_number: str
    title: str
    supplier_name: str
    product_title: str
    unit_id: UUID


class ShareOut(BaseModel):
    """What an order gets of the harvest. Its deposit pays for it first; `returned_fen` of it is owed back."""

    crop_order_id: UUID
    crop_order_number: str
    unit_name: str
    quantity: int
    allocated_count: int
    amount_fen: int
    deposit_fen: int
    credited_fen: int
    returned_fen: int
    is_below_least: bool


class SharingOut(BaseModel):
    """A sharing that was not written yet. `passed_over` are orders that end without a part in it: their deposit never
    came, or their unit was closed. `surplus_count` goes on sale."""

    sku_id: UUID
    season_year: int
    season: Season
    product_title: str
    specification: str
    harvested_count: int
    ordered_count: int
    shared_count: int
    surplus_count: int
    shares: list[ShareOut]
    passed_over: list[str] = Field(description="Their numbers.")
    seen: str


class SeasonOut(BaseModel):
    """A pack's season whose harvest is awaited."""

    model_config = ConfigDict(from_attributes=True)

    sku_id: UUID
    season_year: int
    season: Season
    product_title: str
    specification: str
    order_count: int
    ordered_count: int
    harvest_from_on: date
    harvest_until_on: date


class SeasonList(BaseModel):
    """Seasons, the earliest harvest first."""

    items: list[SeasonOut]


class HarvestOut(BaseModel):
    """A harvest that was declared and shared."""

    model_config = ConfigDict(from_attributes=True)

    harvest_id: UUID
    supplier_id: UUID
    sku_id: UUID
    product_title: str
    specification: str
    season_year: int
    season: Season
    harvested_count: int
    shared_count: int
    order_count: int
    ordered_count: int
    note: str
    declared_at: datetime


class HarvestPage(HarvestOut):
    """The same with each order's share."""

    shares: list[CropOrderItem]
