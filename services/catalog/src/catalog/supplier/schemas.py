"""Suppliers as they come in and go out."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Prose, Reason, Title
from catalog.supplier.models import Supplier
from shared.page import Page

Kind = Literal["enterprise", "cooperative", "family_farm", "village_collective", "agent"]
Status = Literal[
    "DRAFT",
    "SUBMITTED",
    "COUNTY_REVIEW",
    "COUNTY_REJECTED",
    "RECOMMENDED",
    "PLATFORM_REVIEW",
    "PLATFORM_REJECTED",
    "ACTIVE",
    "SUSPENDED",
    "EXITED",
]


class SupplierIn(BaseModel):
    """A supplier that registers. `uscc` may be missing only for a family farm that has none."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: Title
    name_en: Line = ""
    county_code: DivisionCode
    uscc: Line | None = None
    story: Prose = ""
    story_en: Prose = ""
    linked_households: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="For operators: households linked (联农带农), until confirmed linkages are counted.",
    )
    is_uscc_as_printed: bool = Field(
        default=False,
        description="The licence really has this code, though its check character does not fit: a reviewer decides.",
    )
    uscc_reason: Line = Field(
        default="", description="Operators: why a code whose check character does not fit is let through at once."
    )
    supplier_id: UUID | None = Field(
        default=None, description="Operators may register for an organisation that exists."
    )


class SupplierPatch(BaseModel):
    """What may be edited; a field that is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Title | None = None
    name_en: Line | None = None
    story: Prose | None = None
    story_en: Prose | None = None


class ReasonIn(BaseModel):
    """Why a supplier is suspended, or leaves."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class SupplierPublic(BaseModel):
    """What everybody may know of a supplier."""

    supplier_id: UUID
    kind: str
    name: str
    name_en: str
    county_code: str
    story: str
    story_en: str
    linked_households: int

    @classmethod
    def of(cls, supplier: Supplier) -> Self:
        return cls.model_validate(supplier, from_attributes=True)


class SupplierSchema(SupplierPublic):
    """A supplier to itself, to officials of its county and to operators.

    `uscc_check`: PASSED, FAILED (nobody answered for it yet), LET_THROUGH (`uscc_reason` says why), NONE without one.
    """

    uscc: str | None
    uscc_check: str
    uscc_reason: str
    status: str
    status_reason: str
    revision: int
    registered_at: datetime
    changed_at: datetime


SupplierPage = Page[SupplierPublic | SupplierSchema]
