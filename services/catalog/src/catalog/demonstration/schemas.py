"""Demonstrations as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Prose, Reason, Title
from catalog.trail.schemas import TrailItem
from shared.page import Page

Kind = Literal["county", "base", "enterprise"]
Status = Literal["APPLIED", "REVIEW", "NAMED", "REJECTED", "REMOVED"]
Statement = Annotated[Prose, Field(min_length=1)]


class DemonstrationIn(BaseModel):
    """An application. A supplier applies for its base or itself, an office for its county."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: Title
    county_code: DivisionCode
    supplier_id: UUID | None = None
    statement: Statement
    document_ids: list[UUID] = Field(default=[], max_length=20)


class ResubmissionIn(BaseModel):
    """An application, mended."""

    model_config = ConfigDict(extra="forbid")

    statement: Statement


class RemarkIn(BaseModel):
    """A decision that may be given without words."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = ""


class ReasonIn(BaseModel):
    """A decision that must say why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class YearIn(BaseModel):
    """The review of a year."""

    model_config = ConfigDict(extra="forbid")

    year: int = Field(ge=2000, le=2100)
    is_passed: bool
    note: Reason


class ReviewSchema(BaseModel):
    """The review of a year."""

    model_config = ConfigDict(from_attributes=True)

    year: int
    is_passed: bool
    note: str
    reviewed_at: datetime


class DemonstrationPublic(BaseModel):
    """A demonstration as everybody may know it."""

    model_config = ConfigDict(from_attributes=True)

    demonstration_id: UUID
    kind: Kind
    name: str
    county_code: str
    supplier_id: UUID | None
    status: Status
    reviewed_for_year: int | None


class DemonstrationSchema(DemonstrationPublic):
    """A demonstration to who applied and to who reviews."""

    statement: str
    document_ids: list[UUID]
    status_reason: str
    revision: int
    applied_at: datetime
    changed_at: datetime
    is_review_due: bool = False


class DemonstrationDetail(DemonstrationSchema):
    """A demonstration with its reviews and its trail."""

    reviews: list[ReviewSchema]
    trail: list[TrailItem]


DemonstrationPage = Page[DemonstrationSchema | DemonstrationPublic]
