"""Applications as they come in and go out."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Prose, Reason, Title
from catalog.licence.schemas import LicenceSchema
from catalog.linkage.queries import LinkageEvidence
from catalog.supplier.schemas import Kind, SupplierSchema

Part = Literal["production", "linkage"]


class Application(BaseModel):
    """What a supplier says of itself. A draft may lack anything; what is handed in is checked as a whole.

    Linkage is the evidence of 联农带农: ways, households and persons, what they earn by it a year, and the agreements.
    """

    model_config = ConfigDict(extra="forbid")

    address: Line = ""
    contact_name: Line = ""
    contact_phone: Line = Field(default="", pattern=r"^[0-9+() -]{0,30}$")
    products: Prose = Field(default="", description="What will be sold, and where it grows.")
    supply_capacity: Prose = Field(default="", description="How much can be supplied, and when.")
    yearly_output_kg: int | None = Field(default=None, ge=0, le=10**12)
    quality_measures: Prose = Field(default="", description="How quality and safety are kept.")
    linkage_ways: list[Line] = Field(default=[], max_length=6)
    linked_household_count: int | None = Field(default=None, ge=0, le=1_000_000)
    linked_person_count: int | None = Field(default=None, ge=0, le=10_000_000)
    yearly_income_fen: int | None = Field(
        default=None, ge=0, le=10**15, description="What all linked households together earn more by it in a year."
    )
    agreement_document_ids: list[UUID] = Field(default=[], max_length=20)
    document_ids: list[UUID] = Field(default=[], max_length=20)


class ApplicationIn(Application):
    """The whole application, with who applies. `is_uscc_as_printed` keeps a code whose check character does not fit."""

    kind: Kind
    name: Title
    name_en: Line = ""
    county_code: DivisionCode
    uscc: Line | None = None
    is_uscc_as_printed: bool = False


class OpinionIn(BaseModel):
    """What an office thinks: agriculture of `production`, assistance of `linkage`."""

    model_config = ConfigDict(extra="forbid")

    part: Part
    is_favourable: bool
    sentence: Reason


class FindingIn(BaseModel):
    """A reason, and what it is about: a field, `licences`, `licence:<id>` or `document:<id>`."""

    model_config = ConfigDict(extra="forbid")

    field: Title
    sentence: Reason


class RejectionIn(BaseModel):
    """Why an application is sent back; each reason stands beside the field that it names."""

    model_config = ConfigDict(extra="forbid")

    findings: list[FindingIn] = Field(min_length=1, max_length=50)
    reason: Line = ""


class CodeIn(BaseModel):
    """Why a code is let through though its check character does not fit."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class OpinionSchema(BaseModel):
    """An opinion as it was given."""

    model_config = ConfigDict(from_attributes=True)

    part: str
    is_favourable: bool
    sentence: str
    person_id: UUID
    given_at: datetime


class FindingSchema(BaseModel):
    """A reason as it was given, and in which round."""

    model_config = ConfigDict(from_attributes=True)

    round: int
    stage: str
    field: str
    sentence: str
    found_at: datetime


class DeadlineSchema(BaseModel):
    """How long the step may take, and where that is laid down."""

    model_config = ConfigDict(from_attributes=True)

    step: str
    region: str
    working_days: int
    source: str
    confidence: str


class LinkageItem(BaseModel):
    """A linkage that was handed in: SUBMITTED waits for the assistance office of its county, CONFIRMED counts."""

    linkage_id: UUID
    status: str
    way: str
    township: str
    village: str
    from_on: date
    until_on: date | None
    household_count: int
    person_count: int
    income_fen: int
    agreement_document_id: UUID | None


class LinkageEvidenceSchema(BaseModel):
    """Household linkage (联农带农) as it is registered today. Households and persons are those of confirmed linkages,
    each counted once, `is_estimated` if some count rests on a coefficient; `income_fen` is what these brought in
    `income_year`, the newest that is known. Without a confirmed linkage the application's own figures are all there
    is."""

    household_count: int
    person_count: int
    is_estimated: bool
    ways: list[str]
    income_year: int | None
    income_fen: int
    items: list[LinkageItem]

    @classmethod
    def of(cls, evidence: LinkageEvidence) -> Self:
        return cls(
            household_count=evidence.summary.household_count,
            person_count=evidence.summary.person_count,
            is_estimated=evidence.summary.is_estimated,
            ways=list(evidence.ways),
            income_year=evidence.income_year,
            income_fen=evidence.income_fen,
            items=[
                LinkageItem.model_validate(
                    {
                        **{name: getattr(row.linkage, name, None) for name in LinkageItem.model_fields},
                        "household_count": row.household_count,
                        "person_count": row.person_count,
                        "income_fen": row.income_fen,
                    }
                )
                for row in evidence.rows
            ],
        )


class AdmissionSchema(BaseModel):
    """An application with all that a reviewer needs. `verbs` are what the reader may do now; `parts` the opinions that
    the reader may give; `findings` all reasons, the latest round first."""

    supplier: SupplierSchema
    county: str
    application: Application
    linkage: LinkageEvidenceSchema
    licences: list[LicenceSchema]
    round: int
    submitted_at: datetime | None
    step_since: datetime
    due_on: date | None
    is_overdue: bool
    deadline: DeadlineSchema | None
    opinions: list[OpinionSchema]
    findings: list[FindingSchema]
    verbs: list[str]
    parts: list[str]
    may_let_code_through: bool
    revision: int
    changed_at: datetime


class ChangeSchema(BaseModel):
    """What differs between two submissions; a licence is `licence:<type>:<number>` with its last day."""

    field: str
    before: Any
    after: Any


class DifferenceSchema(BaseModel):
    """What changed between the last submission and the one before. `before_round` is null for the first."""

    before_round: int | None
    after_round: int
    changes: list[ChangeSchema]
