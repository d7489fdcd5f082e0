"""Purchases as they are asked for and shown."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.rules import Address
from orders.order.schemas import Body, DeliveryTo, OrderedLine, Text
from orders.purchase import rules
from orders.purchase.actions import address_of
from orders.purchase.rules import PurchaseLine

Status = Literal["DRAFT", "SUBMITTED", "APPROVED", "ORDERED", "REFUSED", "WITHDRAWN", "VOIDED"]
WayName = Literal["DIRECT", "QUOTATION", "AUCTION", "CALL_OFF", "CROP", "JOINT", "RESERVE", "ABSORPTION", "GIFT"]
FundName = Literal["CANTEEN", "UNION", "OTHER"]
PaperKind = Literal["MINUTES", "GROUP", "QUOTE", "CHAIR", "COMPETITION"]
Title = Annotated[Text, Field(min_length=1, max_length=80)]
Note = Annotated[Text, Field(max_length=500)]
Reason = Annotated[Text, Field(max_length=300)]


class PurchaseIn(Body):
    """What to buy at today's listed prices for institutions."""

    fund: FundName
    title: Title
    note: Note = ""
    lines: Annotated[list[OrderedLine], Field(min_length=1, max_length=rules.MOST_LINES)]
    address: DeliveryTo | None = None

    def wanted(self) -> list[PurchaseLine]:
        """Without prices: the listed ones."""
        return [PurchaseLine(each.sku_id, each.quantity) for each in self.lines]

    def goes_to(self) -> Address | None:
        """Where it goes, if that is known."""
        return _address(self.address)


class PurchaseEdit(Body):
    """Another basket, fund, address or title. Without lines they stay as they are, at today's prices."""

    fund: FundName
    title: Title
    note: Note = ""
    lines: Annotated[list[OrderedLine] | None, Field(min_length=1, max_length=rules.MOST_LINES)] = None
    address: DeliveryTo | None = None

    def wanted(self) -> list[PurchaseLine] | None:
        """Without prices: the listed ones; None: as they are."""
        return None if self.lines is None else [PurchaseLine(each.sku_id, each.quantity) for each in self.lines]

    def goes_to(self) -> Address | None:
        """Where it goes, if that is known."""
        return _address(self.address)


class WithdrawIn(Body):
    """Why it is not wanted any more, or not so."""

    reason: Reason = ""


class PurchaseFacts(BaseModel):
    """What a purchase is, in a list and by itself."""

    model_config = ConfigDict(from_attributes=True)

    purchase_id: UUID
    purchase_number: str
    revision: int
    unit_id: UUID
    way: WayName
    source_id: UUID | None
    fund: FundName
    title: str
    status: Status
    goods_fen: int
    delivery_fen: int
    total_fen: int
    budget_year: int | None
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    ordered_at: datetime | None


class PurchaseItem(PurchaseFacts):
    """A purchase in a list."""

    unit_name: str


class LineOut(BaseModel):
    """A line at the price that was seen when it was written."""

    model_config = ConfigDict(from_attributes=True)

    sku_id: UUID
    supplier_id: UUID
    supplier_name: str
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    category: str
    picture: str
    quantity: int
    unit_price_fen: int
    is_agreed: bool


class PaperOut(BaseModel):
    """A paper beside it."""

    model_config = ConfigDict(from_attributes=True)

    paper_id: UUID
    kind: PaperKind
    counted: int
    name: str
    content_type: str
    size_bytes: int
    uploaded_at: datetime


class UnionTierOut(BaseModel):
    """What the union's rule asks for at this sum, and what of it is missing."""

    method: str
    method_en: str
    requires: dict[PaperKind, int]
    missing: dict[PaperKind, int]
    source: str
    confidence: str


class PlacedOut(BaseModel):
    """An order that it became, one a supplier, and where it stands."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    order_number: str
    supplier_name: str
    payable_fen: int
    stage: str


class CaseRef(BaseModel):
    """An approval that was asked for it, the latest first."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    status: Literal["PENDING", "APPROVED", "REFUSED", "VOIDED", "WITHDRAWN", "EXPIRED"]
    tier_name: str
    tier_name_en: str
    step_number: int
    step_count: int
    due_at: datetime | None
    asked_at: datetime


class PurchaseOut(PurchaseFacts):
    """One with all that is known of it; `revision` is the ETag of its edits and verbs. `budget_left_fen` is what the
    fund has left this year (null: nothing was granted)."""

    note: str
    address: DeliveryTo | None
    lines: list[LineOut]
    papers: list[PaperOut]
    union_tier: UnionTierOut | None
    cases: list[CaseRef]
    orders: list[PlacedOut]
    budget_left_fen: int | None
    approved_by_kind: str | None
    approved_by_id: UUID | None

    @classmethod
    def of(cls, purchase: Any, **beside: Any) -> Self:
        """The row with what stands beside it."""
        address = address_of(purchase)
        told = PurchaseFacts.model_validate(purchase).model_dump()
        return cls(
            **told,
            note=purchase.note,
            address=None
            if address is None
            else DeliveryTo(
                recipient=address.recipient,
                phone=address.phone,
                county_code=address.county_code,
                detail=address.detail,
            ),
            approved_by_kind=purchase.approved_by_kind,
            approved_by_id=purchase.approved_by_id,
            **beside,
        )


def _address(given: DeliveryTo | None) -> Address | None:
    return None if given is None else Address(given.recipient, given.phone, given.county_code, given.detail)
