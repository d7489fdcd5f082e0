"""Linkages as they come in and go out. No household number ever goes out, and none is kept."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Reason, Title
from catalog.linkage.actions import Income
from catalog.linkage.models import LinkageHousehold, LinkageIncome
from catalog.linkage.queries import LinkageRow
from catalog.trail.schemas import TrailItem
from shared.page import Page

Way = Literal["purchase", "employment", "land_lease", "dividend", "shareholding", "long_term_order"]
Status = Literal["DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED", "ENDED"]
Fen = Annotated[int, Field(ge=0, le=10**13, description="Fen (1/100 yuan).")]
Year = Annotated[int, Field(ge=2000, le=2100)]


class HouseholdIn(BaseModel):
    """A household as the village team sends it. The number is hashed at once and not kept."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[Line, Field(min_length=1, max_length=64)]
    person_count: int = Field(default=1, ge=1, le=30)


class IncomeIn(BaseModel):
    """What was paid to the households in a year, in fen: wage (工资性), asset (资产性), operating (经营性)."""

    model_config = ConfigDict(extra="forbid")

    year: Year
    wage_fen: Fen = 0
    asset_fen: Fen = 0
    operating_fen: Fen = 0

    def as_income(self) -> Income:
        return Income(self.year, self.wage_fen, self.asset_fen, self.operating_fen)


class LinkageIn(BaseModel):
    """A linkage. `households`: null keeps those that are there (when editing); an empty list means that there are no
    numbers, and the count is then estimated from the newest year's income."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID | None = Field(
        default=None, description="For officials and operators; a supplier enters its own."
    )
    way: Way
    county_code: DivisionCode
    township: Title
    village: Title
    from_on: date
    until_on: date | None = Field(default=None, description="The first day on which it holds no more.")
    households: list[HouseholdIn] | None = Field(default=None, max_length=5000)
    incomes: list[IncomeIn] = Field(default=[], max_length=30)
    agreement_document_id: UUID | None = None
    note: Line = ""


class ReasonIn(BaseModel):
    """Why it is sent back or ended."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class HouseholdKeySchema(BaseModel):
    """A household to those who may see the linkage: its key, never its number."""

    model_config = ConfigDict(from_attributes=True)

    household_key: str
    person_count: int


class IncomeSchema(BaseModel):
    """A year's income, in fen."""

    model_config = ConfigDict(from_attributes=True)

    year: int
    wage_fen: int
    asset_fen: int
    operating_fen: int


class LinkageSchema(BaseModel):
    """A linkage with its counts. `is_estimated`: the counts come from the income by `estimate_coefficient_fen`."""

    linkage_id: UUID
    supplier_id: UUID
    supplier_name: str
    way: str
    county_code: str
    township: str
    village: str
    from_on: date
    until_on: date | None
    status: str
    household_count: int
    person_count: int
    is_estimated: bool
    estimate_coefficient_fen: int | None
    estimate_source: str
    income_fen: int
    agreement_document_id: UUID | None
    note: str
    revision: int
    created_at: datetime
    changed_at: datetime
    confirmed_at: datetime | None

    @classmethod
    def of(cls, row: LinkageRow, supplier_name: str) -> Self:
        linkage = row.linkage
        return cls(
            supplier_name=supplier_name,
            household_count=row.household_count,
            person_count=row.person_count,
            is_estimated=linkage.estimated_household_count > 0,
            income_fen=row.income_fen,
            **{name: getattr(linkage, name) for name in cls.model_fields if hasattr(linkage, name)},
        )


class LinkageDetail(LinkageSchema):
    """The whole linkage with its households' keys, its yearly income and what was done to it."""

    households: list[HouseholdKeySchema]
    incomes: list[IncomeSchema]
    trail: list[TrailItem]

    @classmethod
    def whole(
        cls,
        row: LinkageRow,
        supplier_name: str,
        *,
        households: Sequence[LinkageHousehold],
        incomes: Sequence[LinkageIncome],
        trail: list[TrailItem],
    ) -> Self:
        return cls(
            **LinkageSchema.of(row, supplier_name).model_dump(),
            households=[HouseholdKeySchema.model_validate(each) for each in households],
            incomes=[IncomeSchema.model_validate(each) for each in incomes],
            trail=trail,
        )


LinkagePage = Page[LinkageSchema]
