"""Contracts as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Title
from catalog.profit_contract.models import ProfitContract
from catalog.profit_contract.rules import COLLECTIVE, Beneficiary
from catalog.trail.schemas import TrailItem
from shared.page import Page

Basis = Literal["line_payable", "net_proceeds"]
Status = Literal["DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED", "ENDED"]
BasisPoints = Annotated[int, Field(ge=1, le=10_000, description="Basis points: 500 is 5 %.")]


class BeneficiaryIn(BaseModel):
    """A household that gets a portion, in proportion to its weight. The number is hashed at once and not kept."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[Line, Field(min_length=1, max_length=64)]
    weight: int = Field(default=1, ge=1, le=1_000_000)


class ContractIn(BaseModel):
    """A contract. `households` null keeps those that are there (when editing); empty: the village's collective gets
    the share. `deduction_bp` (of the payable amount) are the costs taken off before a share of net proceeds."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID | None = Field(
        default=None, description="For officials and operators; a supplier enters its own."
    )
    county_code: DivisionCode
    township: Title
    village: Title
    basis: Basis
    share_bp: BasisPoints
    deduction_bp: int = Field(default=0, ge=0, le=9_999)
    product_id: UUID | None = None
    from_on: date
    until_on: date | None = None
    households: list[BeneficiaryIn] | None = Field(default=None, max_length=5000)
    document_id: UUID | None = None
    note: Line = ""


class BeneficiarySchema(BaseModel):
    """Who gets a portion; `household_key` is empty for the village's collective."""

    household_key: str
    weight: int


class ContractSchema(BaseModel):
    """A contract with what it gave so far, in fen."""

    contract_id: UUID
    supplier_id: UUID
    supplier_name: str
    county_code: str
    township: str
    village: str
    product_id: UUID | None
    basis: str
    share_bp: int
    deduction_bp: int
    floor_bp: int
    floor_source: str
    from_on: date
    until_on: date | None
    document_id: UUID | None
    note: str
    status: str
    household_count: int = Field(description="0: the village's collective gets the share.")
    share_fen: int = 0
    paid_fen: int = 0
    order_count: int = 0
    revision: int
    created_at: datetime
    changed_at: datetime


class ContractDetail(ContractSchema):
    """The whole contract with those it gives to and what was done to it."""

    beneficiaries: list[BeneficiarySchema]
    trail: list[TrailItem]


ContractPage = Page[ContractSchema]


def contract_schema(
    contract: ProfitContract, supplier_name: str, beneficiaries: list[Beneficiary], **sums: int
) -> ContractSchema:
    """A contract as it goes out."""
    households = [each for each in beneficiaries if each.household_key != COLLECTIVE]
    columns = {name: getattr(contract, name) for name in ContractSchema.model_fields if hasattr(contract, name)}
    return ContractSchema(supplier_name=supplier_name, household_count=len(households), **columns, **sums)
