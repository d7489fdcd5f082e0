"""What routes of filings take and give."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Text
from orders.reserved_share import rules
from orders.unit.schemas import Kind, Mode

Status = rules.Status
Fen = Annotated[int, Field(ge=0, le=10**13, strict=True)]


class FactsIn(Body):
    """A filing's figures. The canteen's mode and the union's funds are said of the unit itself."""

    canteen_total_fen: Fen = 0
    ratio_bp: Annotated[int, Field(ge=0, le=10_000, strict=True, description="1500 = 15 %.")] = 0
    union_total_fen: Fen = 0
    union_member_count: Annotated[int, Field(ge=0, le=10_000_000, strict=True)] = 0
    union_reserved_fen: Fen = 0
    contact: Annotated[Text, Field(max_length=50)] = ""
    phone: Annotated[str, Field(pattern=r"^$|^\+?[0-9][0-9 -]{5,18}[0-9]$")] = ""
    note: Annotated[Text, Field(max_length=500)] = ""

    def facts(self) -> dict[str, Any]:
        """As it is kept."""
        return {name: getattr(self, name) for name in FactsIn.model_fields}


class DraftIn(FactsIn):
    """A filing as it is begun."""

    year: Annotated[int, Field(ge=2000, le=2100)]


class VerbIn(Body):
    """Why, where somebody wants to say it."""

    reason: Annotated[Text, Field(max_length=500)] = ""


class ReasonIn(Body):
    """Why."""

    reason: Annotated[Text, Field(min_length=1, max_length=500)]


class FigureItem(BaseModel):
    """A figure of policy with where it comes from."""

    model_config = ConfigDict(from_attributes=True)

    value: int
    region: str
    source: str
    confidence: str
    is_carried_on: bool


class RuleItem(BaseModel):
    """What holds for a county in a year; null where nobody says anything."""

    model_config = ConfigDict(from_attributes=True)

    canteen_min: FigureItem | None
    encouraged: FigureItem | None
    union_min: FigureItem | None
    union_per_head_min: FigureItem | None
    no_canteen_union_min: FigureItem | None
    not_below_last_year: FigureItem | None
    deadline_on: date | None = None

    @classmethod
    def of(cls, county_code: str, year: int) -> Self:
        """The rules there, and until when one files."""
        found = cls.model_validate(rules.rule_of(county_code, year))
        found.deadline_on = rules.deadline_of(county_code, year)
        return found


class ShareItem(BaseModel):
    """A filing."""

    model_config = ConfigDict(from_attributes=True)

    share_id: UUID
    revision: int
    unit_id: UUID
    unit_name: str
    county_code: str
    parent_name: str | None
    year: int
    version: int
    status: Status
    is_in_force: bool
    canteen_mode: Mode
    shared_with_id: UUID | None
    shared_with_name: str | None
    has_union_funds: bool
    canteen_total_fen: int
    ratio_bp: int
    canteen_reserved_fen: int
    union_total_fen: int
    union_member_count: int
    union_reserved_fen: int
    reserved_fen: int
    contact: str
    phone: str
    note: str
    correction_reason: str
    return_reason: str
    submitted_at: datetime | None
    locked_at: datetime | None
    superseded_at: datetime | None


class ShareWhole(ShareItem):
    """The same with the rules that it is held to, and what the caller may do now."""

    rule: RuleItem
    last_year_canteen_fen: int | None
    last_year_union_fen: int | None
    verbs: list[Literal["edit", "submit", "withdraw", "review", "approve", "return", "confirm", "lock", "correct"]]


class OwnShares(BaseModel):
    """A unit's own filings, the newest first, and what a new one of the year would be held to."""

    items: list[ShareItem]
    rule: RuleItem
    canteen_mode: Mode | None
    last_year_canteen_fen: int | None
    last_year_union_fen: int | None


class OverdueItem(BaseModel):
    """A unit that has not filed in time."""

    model_config = ConfigDict(from_attributes=True)

    unit_id: UUID
    name: str
    kind: Kind
    county_code: str
    parent_name: str | None
    is_activated: bool
    status: Status | None
    deadline_on: date
    late_days: int


class ProgressItem(BaseModel):
    """A unit, or with `is_whole` it and all below it. Completed is what was accepted, paid and reviewed."""

    unit_id: UUID
    name: str
    kind: Kind
    status: Literal["ACTIVE", "MERGED", "CLOSED"]
    county_code: str
    canteen_mode: Mode | None
    has_below: bool
    is_whole: bool
    unit_count: int
    activated_count: int
    locked_count: int
    reserved_fen: int
    ordered_fen: int
    completed_fen: int
    completed_canteen_fen: int
    completed_union_fen: int
    completed_other_fen: int
    staff_fen: int
    progress_bp: int | None
    is_lagging: bool


class ProgressPage(BaseModel):
    """Laggards first. `whole` is the sum of all that is looked at; `place` is the way up to the whole tree."""

    year: int
    time_progress_bp: int
    whole: ProgressItem | None
    place: list["Place"]
    items: list[ProgressItem]
    next_cursor: str | None


class Place(BaseModel):
    """A step of the way up."""

    unit_id: UUID
    name: str


class CountyItem(BaseModel):
    """A county's figures in the bulletin."""

    county_code: str
    unit_count: int
    activated_count: int
    locked_count: int
    reserved_fen: int
    ordered_fen: int
    completed_fen: int
    progress_bp: int | None


class Bulletin(BaseModel):
    """A month's figures (通报): units entered and activated, reserved and completed, and who is how far."""

    year: int
    as_of: date
    time_progress_bp: int
    unit_count: int
    activated_count: int
    locked_count: int
    lagging_count: int
    reserved_fen: int
    ordered_fen: int
    completed_fen: int
    progress_bp: int | None
    counties: list[CountyItem]
    ranking: list[ProgressItem]
