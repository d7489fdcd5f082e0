"""The harvest as it is answered. All weights are grams."""

from pydantic import BaseModel


class MonthRow(BaseModel):
    """A month of the year's harvest."""

    month: int
    output_g: int
    unsold_g: int
    entry_count: int
    product_count: int
    county_count: int


class CategoryMonthRow(BaseModel):
    """A category in a month."""

    category: str
    month: int
    output_g: int
    unsold_g: int


class HarvestMonths(BaseModel):
    """A year by month; months without any harvest are left out."""

    year: int
    months: list[MonthRow]
    categories: list[CategoryMonthRow]


class SeasonalRow(BaseModel):
    """A product of a county in the month asked for: output and unsold are that month's."""

    county_code: str
    county: str
    province_code: str
    province: str
    product_name: str
    category: str
    season_from_month: int
    season_to_month: int
    output_g: int
    unsold_g: int
    price_from_fen: int
    price_to_fen: int
    entry_count: int


class Seasonal(BaseModel):
    """What is harvested in a month, most unsold first. `is_truncated` says that there is more than `limit`."""

    year: int
    month: int
    rows: list[SeasonalRow]
    is_truncated: bool


class AreaRow(BaseModel):
    """A province, city or county: its year, and what is in season in the month asked for (eight names at most)."""

    code: str
    name: str
    designations: list[str]
    entry_count: int
    product_count: int
    county_count: int
    output_g: int
    unsold_g: int
    persons_count: int
    in_season_count: int
    in_season: list[str]


class ScaleRow(BaseModel):
    """A category of a county in one unit of scale."""

    county_code: str
    category: str
    scale_unit: str
    scale_value: float
    output_g: int
    unsold_g: int
    entry_count: int


class Areas(BaseModel):
    """The divisions one level below the one asked for, those with entries."""

    year: int
    month: int
    level: str
    rows: list[AreaRow]
    scales: list[ScaleRow]


class GapRow(BaseModel):
    """Unsold supply against demand that stands; `gap_g` above 0 is a surplus."""

    product_name: str
    output_g: int
    unsold_g: int
    demand_g: int
    gap_g: int


class Gap(BaseModel):
    """Supply and demand of a year, the largest surplus first. `is_truncated` says that there is more than `limit`."""

    year: int
    rows: list[GapRow]
    is_truncated: bool
