"""What routes of group buys take and give. Counts are pieces, amounts fen."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from orders.order import rules as order_rules
from orders.order.schemas import Body, DeliveryTo, Quantity, Text

Status = Literal["DRAFT", "OPEN", "FORMED", "FAILED", "CANCELLED"]
Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=r"^[^\x00]*$")]


class GroupBuyIn(Body):
    """A group buy as its supplier writes it: it forms when `min_count` pieces are paid before `closes_at`."""

    sku_id: UUID
    title: Annotated[Title, Field(min_length=1)]
    title_en: Title = ""
    price_fen: Annotated[int, Field(ge=1, le=10**10, strict=True)]
    min_count: Count
    max_count: Count | None = None
    person_cap: Count | None = None
    closes_at: AwareDatetime

    def facts(self) -> dict[str, Any]:
        """As it is kept."""
        return self.model_dump()


class Reason(Body):
    """Why."""

    reason: Annotated[Text, Field(max_length=200)] = ""


class JoinIn(Body):
    """An order in the group. `seen_payable_fen` is the sum that the buyer saw in the quote."""

    quantity: Quantity
    address: DeliveryTo
    note: Annotated[Text, Field(max_length=500)] = ""
    seen_payable_fen: Annotated[int, Field(ge=0, le=2**53, strict=True)]


class GroupBuyItem(BaseModel):
    """A group buy as everybody sees it. `taken_count` is what is joined, `paid_count` what of it is paid and counts
    towards the minimum; `reached_count` is what was paid when it ended without forming."""

    model_config = ConfigDict(from_attributes=True)

    group_buy_id: UUID
    status: Status
    is_joinable: bool
    supplier_id: UUID
    supplier_name: str
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    category: str
    origin_county_code: str
    title: str
    title_en: str
    price_fen: int
    list_price_fen: int
    min_count: int
    max_count: int | None
    person_cap: int | None
    closes_at: datetime
    taken_count: int
    paid_count: int
    reached_count: int | None
    opened_at: datetime | None
    formed_at: datetime | None
    ended_at: datetime | None


class ManagedGroupBuy(GroupBuyItem):
    """The same for who offers it; `revision` is the ETag of editing and moving it."""

    revision: int
    changed_at: datetime


class Candidate(BaseModel):
    """A SKU that may be offered, with the pieces that nobody holds."""

    model_config = ConfigDict(from_attributes=True)

    sku_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    price_fen: int
    available: int


class CandidateList(BaseModel):
    """SKUs by name."""

    items: list[Candidate]


class Quote(BaseModel):
    """What so many pieces cost, brought to the county."""

    quantity: int
    unit_price_fen: int
    goods_fen: int
    delivery_fen: int
    payable_fen: int


class Joined(BaseModel):
    """One of the caller's orders in groups."""

    order_id: UUID
    order_number: str
    order_status: Literal["PENDING_PAYMENT", "PAID", "COMPLETED", "CANCELLED"]
    join_status: Literal["PLACED", "PAID", "LEFT"]
    quantity: int
    payable_fen: int
    joined_at: datetime
    group: GroupBuyItem


class Participant(BaseModel):
    """An order in a group, for who offers it: nobody's name, the city that it goes to."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    order_number: str
    quantity: int
    status: Literal["PLACED", "PAID", "LEFT"]
    payable_fen: int
    city_code: str
    joined_at: datetime


def joined_of(row: Any) -> Joined:
    """A row of `queries.list_joined`."""
    return Joined(
        order_id=row.order_id,
        order_number=row.order_number,
        order_status=row.order_status,
        join_status=row.join_status,
        quantity=row.quantity,
        payable_fen=row.payable_fen,
        joined_at=row.joined_at,
        group=GroupBuyItem.model_validate(row),
    )


def quote_of(draft: order_rules.OrderDraft) -> Quote:
    """The sums of an order that is not placed."""
    [line] = draft.lines
    return Quote(
        quantity=line.quantity,
        unit_price_fen=line.unit_price_fen,
        goods_fen=draft.goods_fen,
        delivery_fen=draft.delivery_fen,
        payable_fen=draft.payable_fen,
    )
