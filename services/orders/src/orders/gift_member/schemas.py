"""What routes of rosters take and give. Only the unit's own people see names; the public list masks them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Text

Ineligible = Literal["", "JOINED_AFTER_CUTOFF", "LEFT", "RETIRED", "UNPAID_LEAVE", "NO_DUES"]
Cell = Annotated[Text, Field(max_length=60)]


class MemberIn(Body):
    """One member as a row of the roster says it; the words of `standing` and `handing_out` are the roster's."""

    member_no: Annotated[Text, Field(min_length=1, max_length=40)]
    name: Annotated[Text, Field(min_length=1, max_length=40)]
    department: Cell = ""
    phone: Annotated[Text, Field(max_length=24, description="Only its first three and last four digits are kept.")] = ""
    joined_on: date | None = None
    standing: Cell = ""
    handing_out: Cell = ""
    reason: Annotated[Text, Field(min_length=1, max_length=200, description="Why now and not by the file.")]

    def cells(self) -> dict[str, str]:
        """As a row of a file."""
        facts = self.model_dump(exclude={"reason", "joined_on"})
        return {**facts, "joined_on": "" if self.joined_on is None else self.joined_on.isoformat()}


class RemoveIn(Body):
    """Why somebody is taken off."""

    reason: Annotated[Text, Field(min_length=1, max_length=200)]


class MemberOut(BaseModel):
    """A member on the roster."""

    model_config = ConfigDict(from_attributes=True)

    member_id: UUID
    member_no: str
    name: str
    department: str
    phone_masked: str
    joined_on: date | None
    is_eligible: bool
    reason: Ineligible
    takes_whole_lot: bool
    added_at: datetime


class RosterFileOut(BaseModel):
    """A file that was taken in: `wrong_count` rows were not, each with a sentence."""

    model_config = ConfigDict(from_attributes=True)

    file_id: UUID
    name: str
    row_count: int
    taken_count: int
    ineligible_count: int
    wrong_count: int
    uploaded_at: datetime


class RosterErrorOut(BaseModel):
    """A row that was not taken."""

    row_number: int
    column_key: str
    code: str
    sentence: str
    sentence_en: str


class PublicMember(BaseModel):
    """A line of the public list: nobody is named in full."""

    department: str
    name_masked: str
    per_head_fen: int
