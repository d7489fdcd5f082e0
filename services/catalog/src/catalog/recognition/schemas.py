"""Recognitions as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Line, Prose, Reason, Title
from catalog.recognition.models import Recognition
from catalog.trail.schemas import TrailItem
from shared.page import Page

Status = Literal[
    "APPLIED",
    "TOWNSHIP_REVIEW",
    "DEPARTMENT_REVIEW",
    "COUNTY_DECISION",
    "PUBLIC_NOTICE",
    "RECOGNISED",
    "RECOMMENDED",
    "REJECTED",
    "REVOKED",
    "EXPIRED",
]
Statement = Annotated[Prose, Field(min_length=1)]


class SubmissionIn(BaseModel):
    """What a supplier says for its product; documents are uploaded first."""

    model_config = ConfigDict(extra="forbid")

    township: Title = Field(description="The township or subdistrict that looks at it first (镇办).")
    statement: Statement
    document_ids: list[UUID] = Field(default=[], max_length=20)


class ApplicationIn(SubmissionIn):
    """An application for one product."""

    product_id: UUID


class RemarkIn(BaseModel):
    """A decision that may be given without words."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = ""


class ReasonIn(BaseModel):
    """A decision that must say why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ObjectionIn(BaseModel):
    """An objection. Name and contact are read by the officials who answer, by nobody else."""

    model_config = ConfigDict(extra="forbid")

    name: Title
    contact: Title = Field(description="Telephone or e-mail, so that the answer reaches the person.")
    grounds: Statement


class AnswerIn(BaseModel):
    """The answer to an objection."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["upheld", "dismissed"]
    answer: Reason


class RecognitionPublic(BaseModel):
    """What everybody may know of a recognition."""

    model_config = ConfigDict(from_attributes=True)

    recognition_id: UUID
    product_id: UUID
    product_title: str
    supplier_id: UUID
    supplier_name: str
    county_code: str
    township: str
    status: Status
    notice_from_on: date | None
    notice_until_on: date | None
    valid_from_on: date | None
    valid_until_on: date | None

    @classmethod
    def of(cls, recognition: Recognition) -> Self:
        return cls.model_validate(recognition)


class RecognitionSchema(RecognitionPublic):
    """A recognition to its supplier and to the officials of its county."""

    statement: str
    document_ids: list[UUID]
    status_reason: str
    attempt: int
    renews_id: UUID | None
    revision: int
    applied_at: datetime
    changed_at: datetime


class RecognitionItem(RecognitionSchema):
    """A line of the reviewers' and suppliers' list."""

    open_objections: int = 0


class ObjectionPublic(BaseModel):
    """An objection that was answered, as everybody may read it."""

    model_config = ConfigDict(from_attributes=True)

    objection_id: UUID
    status: Literal["OPEN", "UPHELD", "DISMISSED"]
    answer: str
    raised_at: datetime
    answered_at: datetime | None


class ObjectionSchema(ObjectionPublic):
    """An objection to the officials who answer it."""

    name: str
    contact: str
    grounds: str
    revision: int


class RecognitionDetail(RecognitionSchema):
    """Everything about a recognition for those who deal with it."""

    objections: list[ObjectionSchema | ObjectionPublic]
    trail: list[TrailItem]


class RecognitionNotice(RecognitionPublic):
    """A recognition for everybody, with what became of the objections."""

    objections: list[ObjectionPublic]


RecognitionPage = Page[RecognitionItem | RecognitionPublic]
