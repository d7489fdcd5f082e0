"""Inspection reports as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.certificate.schemas import Day
from catalog.fields import Line, Title
from catalog.inspection.actions import Finding, ReportFacts
from catalog.inspection.models import Inspection, InspectionItem
from catalog.inspection.queries import InspectionRow
from catalog.trail.models import TrailEntry
from catalog.trail.schemas import TrailItem
from shared.page import Page

InspectionStatus = Literal["SUBMITTED", "ACCEPTED", "REFUSED", "WITHDRAWN", "EXPIRED"]


class ItemIn(BaseModel):
    """One thing that was measured, as the report prints it: `measured` may be 未检出, `limit_value` ≤0.05."""

    model_config = ConfigDict(extra="forbid")

    name: Title
    method: Line = ""
    measured: Line = ""
    limit_value: Line = ""
    unit: Line = ""
    conclusion: Literal["passed", "failed"]


class InspectionIn(BaseModel):
    """A report to be looked at. `document_id` names its scan, uploaded before (POST /v1/documents),
    `lot_id` the lot that was sampled, if it was one."""

    model_config = ConfigDict(extra="forbid")

    product_id: UUID
    report_number: Line
    laboratory_name: Title
    cma_number: Line
    sampled_on: Day
    issued_on: Day
    valid_until: Day
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=200)]
    document_id: UUID | None = None
    lot_id: UUID | None = None

    def as_report(self) -> ReportFacts:
        return ReportFacts(
            self.report_number,
            self.laboratory_name,
            self.cma_number,
            self.sampled_on,
            self.issued_on,
            self.valid_until,
        )

    def as_findings(self) -> list[Finding]:
        return [Finding(**each.model_dump()) for each in self.items]


class ItemOut(BaseModel):
    """One thing that was measured."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    method: str
    measured: str
    limit_value: str
    unit: str
    conclusion: str


class InspectionSummary(BaseModel):
    """A report in a list. `recognition` says why the laboratory's reports count; empty until it is accepted."""

    model_config = ConfigDict(from_attributes=True)

    inspection_id: UUID
    product_id: UUID
    product_title: str = ""
    supplier_id: UUID
    county_code: str
    report_number: str
    laboratory_name: str
    cma_number: str
    sampled_on: date
    issued_on: date
    valid_until: date
    is_passed: bool
    document_id: UUID | None
    recognition: str
    status: InspectionStatus
    status_reason: str
    revision: int
    submitted_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: InspectionRow) -> "InspectionSummary":
        found = cls.model_validate(row.inspection)
        return found.model_copy(update={"product_title": row.product_title})


class InspectionDetail(InspectionSummary):
    """A report with what it measured and what was done to it."""

    items: list[ItemOut]
    trail: list[TrailItem]

    @classmethod
    def told(
        cls, inspection: Inspection, *, product_title: str, items: list[InspectionItem], trail: list[TrailEntry]
    ) -> "InspectionDetail":
        """The whole of it."""
        summary = InspectionSummary.of(InspectionRow(inspection, product_title))
        return cls(
            **summary.model_dump(),
            items=[ItemOut.model_validate(each) for each in items],
            trail=[TrailItem.model_validate(each) for each in trail],
        )


InspectionPage = Page[InspectionSummary]
