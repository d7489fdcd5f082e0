"""Laboratories as they come in and go out."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from catalog.certificate.schemas import Day
from catalog.fields import DivisionCode, Line, Reason, Title
from catalog.laboratory.models import Laboratory, LaboratoryRecognition
from catalog.trail.schemas import TrailItem
from shared.page import Page


class LaboratoryIn(BaseModel):
    """A laboratory for the list; `region_code` is where it is."""

    model_config = ConfigDict(extra="forbid")

    cma_number: Line
    name: Title
    region_code: DivisionCode


class RecognitionIn(BaseModel):
    """A region where its reports count, and the paper that says so."""

    model_config = ConfigDict(extra="forbid")

    region_code: DivisionCode
    from_on: Day
    until_on: Day | None = None
    basis: Title


class ActivityIn(BaseModel):
    """Whether it has its mark, and why that changed."""

    model_config = ConfigDict(extra="forbid")

    is_active: bool
    reason: Reason


class RecognitionSchema(BaseModel):
    """A region where its reports count."""

    model_config = ConfigDict(from_attributes=True)

    region_code: str
    from_on: date
    until_on: date | None
    basis: str


class LaboratorySchema(BaseModel):
    """A laboratory on the list, with its single recognitions."""

    model_config = ConfigDict(from_attributes=True)

    laboratory_id: UUID
    cma_number: str
    name: str
    region_code: str
    is_active: bool
    revision: int
    recognitions: list[RecognitionSchema] = []

    @classmethod
    def told(cls, laboratory: Laboratory, recognitions: list[LaboratoryRecognition]) -> "LaboratorySchema":
        """With where it is recognised."""
        found = cls.model_validate(laboratory)
        return found.model_copy(
            update={"recognitions": [RecognitionSchema.model_validate(each) for each in recognitions]}
        )


class LaboratoryDetail(LaboratorySchema):
    """A laboratory with what was done to it."""

    trail: list[TrailItem]


class AgreementSchema(BaseModel):
    """An agreement between regions, with its source and how sure we are of it."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    regions: list[str]
    from_on: date
    until_on: date | None
    source: str
    confidence: str


class LaboratoryPage(Page[LaboratorySchema]):
    """The list, with the agreements between regions."""

    agreements: list[AgreementSchema]
