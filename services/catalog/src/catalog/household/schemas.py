"""Counts of households as they go out."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from catalog.linkage.rules import LinkageSummary

Group = Literal["all", "county", "village", "supplier"]


class CountSchema(BaseModel):
    """Households and persons of a group, each counted once. Null counts are suppressed: fewer than the threshold, or
    to be had by subtraction."""

    county_code: str | None = None
    township: str | None = None
    village: str | None = None
    supplier_id: UUID | None = None
    household_count: int | None
    person_count: int | None
    is_estimated: bool
    is_suppressed: bool = False


class YearIncome(BaseModel):
    """What all confirmed linkages of the view brought in a year, in fen."""

    year: int
    wage_fen: int
    asset_fen: int
    operating_fen: int


class CountPage(BaseModel):
    """Counts of a year (each household once in its group), and for insiders the income by year."""

    year: int
    group: Group
    items: list[CountSchema]
    incomes: list[YearIncome] = []
    small_count: int = Field(description="Counts below this are suppressed in public views.")


def count_of(group: Group, key: tuple[object, ...], summary: LinkageSummary) -> CountSchema:
    """A counted group as it goes out."""
    names = {"all": (), "county": ("county_code",), "supplier": ("supplier_id",)}.get(
        group, ("county_code", "township", "village")
    )
    return CountSchema.model_validate(
        {
            **dict(zip(names, key, strict=True)),
            "household_count": summary.household_count,
            "person_count": summary.person_count,
            "is_estimated": summary.is_estimated,
        }
    )
