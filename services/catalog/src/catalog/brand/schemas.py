"""Brands and grants as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Prose, Reason, Title
from shared.page import Page

GrantStatus = Literal["IN_FORCE", "REVOKED", "EXPIRED"]


class BrandIn(BaseModel):
    """A region's brand, for these shelves, under this quality rule."""

    model_config = ConfigDict(extra="forbid")

    name: Title
    name_en: Line = ""
    region_code: DivisionCode
    owner_office: Title
    categories: list[Line] = Field(min_length=1, max_length=40)
    quality_rule: Annotated[Prose, Field(min_length=1)]


class WhyIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class GrantIn(BaseModel):
    """Who may use a brand, from when to when, on how many labels."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID
    valid_from_on: date
    valid_until_on: date
    quota_count: int = Field(ge=1, le=1_000_000_000)


class UseIn(BaseModel):
    """How many labels were used."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1, le=1_000_000_000)


class BrandSchema(BaseModel):
    """A brand."""

    model_config = ConfigDict(from_attributes=True)

    brand_id: UUID
    name: str
    name_en: str
    region_code: str
    region_name: str
    owner_office: str
    categories: list[str]
    quality_rule: str
    status: Literal["ACTIVE", "RETIRED"]
    revision: int


class GrantSchema(BaseModel):
    """A supplier's leave to use a brand."""

    model_config = ConfigDict(from_attributes=True)

    grant_id: UUID
    brand_id: UUID
    supplier_id: UUID
    supplier_name: str
    certificate_number: str
    valid_from_on: date
    valid_until_on: date
    quota_count: int
    used_count: int
    status: GrantStatus
    revoked_reason: str
    revision: int
    granted_at: datetime


class BrandCheck(BaseModel):
    """What a certificate number stands for. `is_valid` says whether it holds today."""

    certificate_number: str
    is_valid: bool
    status: GrantStatus
    brand_name: str
    brand_name_en: str
    region_name: str
    owner_office: str
    supplier_id: UUID
    supplier_name: str
    valid_from_on: date
    valid_until_on: date
    revoked_reason: str


BrandPage = Page[BrandSchema]
GrantPage = Page[GrantSchema]
