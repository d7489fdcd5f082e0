"""Divisions and designations as they are answered."""

from datetime import date

from pydantic import BaseModel, Field

from catalog.region.models import Designation, Region, RegionAlias
from catalog.region.queries import ResolvedRegion
from shared.page import Page


class RegionSchema(BaseModel):
    """A province, city or county of today."""

    code: str
    name: str
    kind: str = Field(description="Its type in Chinese: 省, 地级市, 自治县, …")
    level: str = Field(description="province, city or county")
    parent_code: str | None
    province_code: str
    province: str
    city_code: str | None
    city: str | None

    @classmethod
    def of(cls, region: Region) -> "RegionSchema":
        return cls.model_validate(region, from_attributes=True)


class FormerName(BaseModel):
    """A code and name that the area, or a part of it, had until `valid_to` (that day excluded)."""

    old_code: str
    old_name: str
    kind: str = Field(description="renamed, upgraded, recoded, merged or split")
    valid_from: date | None
    valid_to: date

    @classmethod
    def of(cls, alias: RegionAlias) -> "FormerName":
        return cls.model_validate(alias, from_attributes=True)


class RegionDetail(RegionSchema):
    """A division with its history; `is_old_code` says that it was asked for by a code that it no longer has."""

    asked_code: str
    is_old_code: bool
    history: list[FormerName]

    @classmethod
    def of_resolved(cls, asked_code: str, found: ResolvedRegion) -> "RegionDetail":
        return cls(
            **RegionSchema.of(found.region).model_dump(),
            asked_code=asked_code,
            is_old_code=found.asked_by_old_code,
            history=[FormerName.of(alias) for alias in found.aliases],
        )


class DesignationSchema(BaseModel):
    """A county on a list. Exit from poverty (`exit_year`) does not take it off the list."""

    kind: str
    county_code: str
    county: str
    city: str | None
    province_code: str
    province: str
    listed_name: str = Field(description="The county's name when the list was published.")
    from_on: date
    until_on: date | None
    version: str
    exit_year: int | None
    source: str
    doubt: str | None

    @classmethod
    def of(cls, designation: Designation, region: Region) -> "DesignationSchema":
        return cls(
            kind=designation.kind,
            county_code=designation.county_code,
            county=region.name,
            city=region.city,
            province_code=region.province_code,
            province=region.province,
            listed_name=designation.listed_name,
            from_on=designation.from_on,
            until_on=designation.until_on,
            version=designation.version,
            exit_year=designation.exit_year,
            source=designation.source,
            doubt=designation.doubt,
        )


RegionPage = Page[RegionSchema]
DesignationPage = Page[DesignationSchema]
