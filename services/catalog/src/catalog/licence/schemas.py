"""Licences as they come in and go out."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Line, Reason, Title
from catalog.licence import rules
from catalog.licence.models import Licence
from shared.page import Page

LicenceStatus = Literal["FILED", "VERIFIED", "REFUSED", "WITHDRAWN"]


class LicenceIn(BaseModel):
    """A licence to file. Upload its scan first (`POST /v1/documents`)."""

    model_config = ConfigDict(extra="forbid")

    type: Line
    number: Title
    issuer: Title
    valid_from: date
    valid_until: date | None = Field(default=None, description="The last day on which it holds; open-ended without.")
    document_id: UUID
    principal_id: UUID | None = Field(default=None, description="Of a mandate: the supplier that gave it.")


class DecisionIn(BaseModel):
    """Why a licence is refused."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class LicenceSchema(BaseModel):
    """A licence to its supplier, to officials of its county and to operators."""

    model_config = ConfigDict(from_attributes=True)

    licence_id: UUID
    supplier_id: UUID
    type: str
    number: str
    issuer: str
    valid_from: date
    valid_until: date | None
    document_id: UUID
    principal_id: UUID | None
    status: str
    status_reason: str
    revision: int
    filed_at: datetime


class LicenceTypeSchema(BaseModel):
    """A type of licence, and where the rule comes from. `stops` is null if its end stops all selling, else the shelves
    that it closes."""

    id: str
    zh: str
    en: str
    needs_end: bool
    needs_principal: bool
    stops: list[str] | None
    source: str
    confidence: str

    @classmethod
    def of(cls, found: rules.LicenceType) -> Self:
        return cls(
            id=found.id,
            zh=found.zh,
            en=found.en,
            needs_end=found.needs_end,
            needs_principal=found.needs_principal,
            stops=None if found.stops is None else sorted(found.stops),
            source=found.source,
            confidence=found.confidence,
        )


class LicenceTypes(BaseModel):
    """All types, what each kind of supplier must hold (one of each list), and when an end is told (days before)."""

    items: list[LicenceTypeSchema]
    required: dict[str, list[list[str]]]
    reminder_days: list[int]


class EndingLicence(BaseModel):
    """A licence that ends soon, has ended or waits to be verified, with whose it is."""

    licence_id: UUID
    supplier_id: UUID
    supplier_name: str
    supplier_status: str
    county_code: str
    county: str
    type: str
    number: str
    issuer: str
    valid_until: date | None
    days_left: int | None = Field(description="Below zero once it has ended.")
    document_id: UUID
    status: str
    revision: int


EndingPage = Page[EndingLicence]


def licence_of(licence: Licence) -> LicenceSchema:
    """The licence as it goes out."""
    return LicenceSchema.model_validate(licence)
