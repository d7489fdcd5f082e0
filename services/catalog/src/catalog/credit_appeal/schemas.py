"""Objections and repairs as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Prose, Reason
from catalog.trail.schemas import TrailItem
from shared.page import Page

AppealStatus = Literal["OPEN", "GRANTED", "REFUSED", "WITHDRAWN"]
AppealKind = Literal["objection", "repair"]


class AppealIn(BaseModel):
    """What a supplier asks for. A repair names documents that prove the correction."""

    model_config = ConfigDict(extra="forbid")

    kind: AppealKind
    subject_kind: Literal["event", "placement"]
    subject_id: UUID
    statement: Annotated[Prose, Field(min_length=1)]
    document_ids: list[UUID] = Field(default=[], max_length=20)


class AppealAnswerIn(BaseModel):
    """The answer, with its reason."""

    model_config = ConfigDict(extra="forbid")

    answer: Reason


class AppealSchema(BaseModel):
    """An objection or a repair."""

    model_config = ConfigDict(from_attributes=True)

    appeal_id: UUID
    kind: AppealKind
    subject_kind: Literal["event", "placement"]
    subject_id: UUID
    supplier_id: UUID
    supplier_name: str
    county_code: str
    statement: str
    document_ids: list[UUID]
    status: AppealStatus
    answer: str
    revision: int
    raised_at: datetime
    changed_at: datetime


class AppealDetail(AppealSchema):
    """An objection or a repair with its trail."""

    trail: list[TrailItem]


AppealPage = Page[AppealSchema]
