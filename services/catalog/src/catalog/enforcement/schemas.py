"""Cases and measures as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Line, Prose, Reason, Title
from catalog.trail.schemas import TrailItem
from shared.page import Page

CaseStatus = Literal["OPENED", "INVESTIGATING", "MEASURES", "CLOSED", "DROPPED"]
MeasureKind = Literal["order_correction", "seize", "fine", "delist"]


class CaseIn(BaseModel):
    """A case to open. For a lot, `product_id` names its product."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID
    subject_kind: Literal["supplier", "product", "lot"]
    subject_id: UUID
    product_id: UUID | None = None
    title: Title
    grounds: Annotated[Prose, Field(min_length=1)]
    document_ids: list[UUID] = Field(default=[], max_length=20)


class StepIn(BaseModel):
    """A step, with a remark."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = ""


class DropIn(BaseModel):
    """Why a case is dropped, or a measure ends."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class MeasureIn(BaseModel):
    """A measure; a fine in fen."""

    model_config = ConfigDict(extra="forbid")

    kind: MeasureKind
    instruction: Title
    deadline_on: date
    fine_fen: int | None = Field(default=None, ge=1, le=10_000_000_000)


class ClosingIn(BaseModel):
    """How a case ends."""

    model_config = ConfigDict(extra="forbid")

    result: Literal["violation", "corrected", "no_violation"]
    conclusion: Title


class MeasureSchema(BaseModel):
    """A measure; `is_overdue` while it stands past its deadline."""

    model_config = ConfigDict(from_attributes=True)

    measure_id: UUID
    kind: MeasureKind
    fine_fen: int | None
    instruction: str
    deadline_on: date
    status: Literal["ORDERED", "MET", "LIFTED"]
    note: str
    is_overdue: bool = False


class CaseSchema(BaseModel):
    """A case."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    county_code: str
    supplier_id: UUID
    supplier_name: str
    subject_kind: Literal["supplier", "product", "lot"]
    subject_id: UUID
    product_id: UUID | None
    title: str
    grounds: str
    document_ids: list[UUID]
    status: CaseStatus
    result: str
    conclusion: str
    opened_on: date
    deadline_on: date
    revision: int
    opened_at: datetime
    changed_at: datetime


class CaseDetail(CaseSchema):
    """A case with its measures and its trail."""

    measures: list[MeasureSchema]
    trail: list[TrailItem]


CasePage = Page[CaseSchema]
