"""Season and presale windows as they come in and go out."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from catalog.fields import Month
from catalog.season.rules import PresaleWindow, SeasonWindow

Instant = Annotated[
    AwareDatetime, Field(description="An instant with its zone.", ge="2020-01-01T00:00:00Z", le="2100-01-01T00:00:00Z")
]
Day = Annotated[date, Field(ge="2020-01-01", le="2100-01-01")]


class SeasonSchema(BaseModel):
    """Months in which a region (six digits; empty: wherever it grows) brings it to market, over the new year if need
    be. With `is_binding` the product is shown but not sold outside of its seasons."""

    model_config = ConfigDict(extra="forbid")

    region_code: Annotated[str, Field(pattern=r"^([0-9]{6})?$")] = ""
    from_month: Month
    to_month: Month
    is_binding: bool = False

    def as_window(self) -> SeasonWindow:
        return SeasonWindow(self.region_code, self.from_month, self.to_month, self.is_binding)


class SeasonShown(BaseModel):
    """A season as it is shown, with the region's name (empty: wherever it grows)."""

    region_code: str
    region_name: str
    from_month: int
    to_month: int
    is_binding: bool


class PresaleSchema(BaseModel):
    """Sold ahead from `opens_at` until `closes_at`, sent from `ships_on` (a day in Shanghai) on."""

    model_config = ConfigDict(extra="forbid")

    opens_at: Instant
    closes_at: Instant
    ships_on: Day

    def as_window(self) -> PresaleWindow:
        return PresaleWindow(self.opens_at, self.closes_at, self.ships_on)


class PresaleShown(BaseModel):
    """A presale that runs, waits to be sent, or comes next."""

    opens_at: datetime
    closes_at: datetime
    ships_on: date


class PresalesIn(BaseModel):
    """All presales of a pack: they replace those it had."""

    model_config = ConfigDict(extra="forbid")

    presales: list[PresaleSchema] = Field(max_length=12)
