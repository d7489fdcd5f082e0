"""Credit as it comes in and goes out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Line, Reason, Title
from catalog.trail.schemas import TrailItem
from shared.page import Page

ListName = Literal["EXEMPLARY", "ABNORMAL", "SERIOUSLY_DISHONEST"]
PlacementStatus = Literal["PROPOSED", "DISMISSED", "IN_FORCE", "ENDED", "REPAIRED", "LIFTED"]


class EventIn(BaseModel):
    """Something that counts for or against a supplier. `reference` names the fact in its source (a report's or
    decision's number): the same is taken once."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID
    kind: Line
    summary: Title
    reference: Title
    occurred_on: date
    document_id: UUID | None = None


class EventSchema(BaseModel):
    """A credit event; `points` are before decay."""

    model_config = ConfigDict(from_attributes=True)

    event_id: UUID
    supplier_id: UUID
    county_code: str
    kind: str
    severity: Literal["good", "minor", "serious", "grave"]
    points: int
    source: str
    reference: str
    summary: str
    document_id: UUID | None
    occurred_on: date
    status: Literal["COUNTED", "STRUCK"]
    reported_at: datetime


class EventDetail(EventSchema):
    """A credit event with its supplier's name and its trail."""

    supplier_name: str
    trail: list[TrailItem]


class PlacementIn(BaseModel):
    """A proposal: a supplier, a list, the basis. `months` if the decision that it rests on says another time."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID
    list: ListName
    basis: Annotated[Title, Field(description="The decision or document that it rests on.")]
    months: int | None = Field(default=None, ge=1, le=120)


class DecisionIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class PlacementPublic(BaseModel):
    """A placement as everybody may read it."""

    model_config = ConfigDict(from_attributes=True)

    placement_id: UUID
    supplier_id: UUID
    supplier_name: str
    uscc: str | None
    county_code: str
    list: ListName
    basis: str
    status: PlacementStatus
    starts_on: date | None
    ends_on: date | None
    ended_on: date | None


class PlacementSchema(PlacementPublic):
    """A placement to its supplier and to those who decide."""

    status_reason: str
    months: int
    revision: int
    proposed_at: datetime
    changed_at: datetime


class PlacementDetail(PlacementSchema):
    """A placement with its trail."""

    trail: list[TrailItem]


class ListSchema(BaseModel):
    """A list, what it brings about, and what that rests on."""

    list: ListName
    zh: str
    en: str
    is_adverse: bool
    is_public: bool
    months: int
    rank: int
    listed_skus: int | None
    delists: bool
    bans_orders: bool
    objection_days: int
    repair_after_days: int
    can_be_repaired: bool
    source: str
    confidence: str


class KindSchema(BaseModel):
    """A kind of event."""

    kind: str
    zh: str
    en: str
    severity: str
    points: int
    decays_over_days: int


class CreditRules(BaseModel):
    """All figures that credit goes by."""

    lists: list[ListSchema]
    kinds: list[KindSchema]
    base: int
    lowest: int
    highest: int


class SupplierCredit(BaseModel):
    """A supplier's credit today: its score, the list that the score suggests, and what holds."""

    supplier_id: UUID
    name: str
    score: int
    suggested_list: ListName | None
    lists: list[ListName]
    rank: int
    listed_skus: int | None
    is_banned: bool


EventPage = Page[EventSchema]
PlacementPage = Page[PlacementSchema | PlacementPublic]
