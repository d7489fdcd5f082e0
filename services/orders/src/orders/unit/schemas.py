"""What routes of units take and give."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Text
from orders.unit import rules

Kind = rules.Kind
KINDS: tuple[Kind, ...] = get_args(Kind)
Mode = rules.Mode
Status = Literal["ACTIVE", "MERGED", "CLOSED"]
Name = Annotated[Text, Field(max_length=100)]
Code = Annotated[Text, Field(min_length=1, max_length=30, description="Unified social credit code (GB 32100).")]
Year = Annotated[int, Field(ge=2000, le=2100)]


class UnitIn(Body):
    """A unit as it registers itself."""

    kind: Kind
    name: Annotated[Name, Field(min_length=2)]
    uscc: Code
    county_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    has_union: bool = False
    has_union_funds: bool = False
    union_name: Name = ""
    union_uscc: Annotated[Text, Field(max_length=30, description="The union's own code, which begins with 81.")] = ""

    def facts(self) -> rules.UnitFacts:
        """As the rules take it."""
        return rules.UnitFacts(**{name: getattr(self, name) for name in UnitIn.model_fields})


class EnterIn(UnitIn):
    """A unit as a finance office enters it, with the unit that supervises it."""

    parent_id: UUID | None = None


class EditIn(UnitIn):
    """Other facts, and why."""

    reason: Annotated[Text, Field(max_length=200)] = ""


class BindIn(Body):
    """The code by which the unit was entered, and the one that its people were given to take it over."""

    uscc: Code
    activation_code: Annotated[Text, Field(min_length=1, max_length=64)]


class ActivationOut(BaseModel):
    """A code, for the only time that it can be read."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    expires_at: datetime


class ReasonIn(Body):
    """Why."""

    reason: Annotated[Text, Field(min_length=1, max_length=200)]


class MoveIn(ReasonIn):
    """To where; null for a unit that nobody supervises."""

    parent_id: UUID | None


class MergeIn(ReasonIn):
    """Which unit takes it over."""

    into_id: UUID


class CanteenIn(Body):
    """How a unit eats in a year."""

    mode: Mode
    shared_with_id: Annotated[UUID | None, Field(description="Who files for a shared canteen.")] = None
    contractor_name: Name = ""
    contractor_uscc: Annotated[Text, Field(max_length=30)] = ""


class CanteenItem(BaseModel):
    """How it eats in a year."""

    model_config = ConfigDict(from_attributes=True)

    year: int
    mode: Mode
    shared_with_id: UUID | None
    shared_with_name: str | None
    contractor_name: str
    contractor_uscc: str


class DirectoryItem(BaseModel):
    """What everybody who is signed in may know of a unit."""

    model_config = ConfigDict(from_attributes=True)

    unit_id: UUID
    name: str
    county_code: str


class UnitItem(BaseModel):
    """A unit in a list: its place, whether it has an account, and how it eats this year."""

    model_config = ConfigDict(from_attributes=True)

    unit_id: UUID
    revision: int
    status: Status
    kind: Kind
    name: str
    uscc: str
    county_code: str
    parent_id: UUID | None
    parent_name: str | None
    merged_into_id: UUID | None
    merged_into_name: str | None
    is_activated: bool
    has_union: bool
    has_union_funds: bool
    union_name: str
    union_uscc: str
    below_count: int
    canteen_mode: Mode | None


class UnitWhole(UnitItem):
    """The same with what the caller may do with it; `revision` is the ETag of changing it."""

    created_at: datetime
    changed_at: datetime
    staff_count: int
    canteens: list[CanteenItem]
    is_own: bool
    is_overseen: bool


class Period(BaseModel):
    """What it was from one change to the next."""

    model_config = ConfigDict(from_attributes=True)

    valid_from: datetime
    valid_until: datetime | None
    name: str
    kind: Kind
    county_code: str
    status: Status
    parent_id: UUID | None
    parent_name: str | None


class UnitPage(BaseModel):
    """A page of units; of all that the filters leave, how many are entered and how many have an account."""

    items: list[UnitItem]
    next_cursor: str | None
    total: int
    activated: int


class StaffIn(Body):
    """To which unit one's own purchases count."""

    unit_id: UUID


class StaffLink(BaseModel):
    """The caller's own unit."""

    unit_id: UUID
    name: str
    linked_at: datetime


class WrongRow(BaseModel):
    """A row that was not entered, and why."""

    row: int
    name: str
    column: str
    value: str
    code: str
    sentence: str


class Imported(BaseModel):
    """What became of a file: entered anew, known already, and what is wrong with the rest."""

    entered: int
    unchanged: int
    wrong: list[WrongRow]
    total: int
    activated: int
