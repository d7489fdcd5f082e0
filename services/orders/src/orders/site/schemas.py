"""What routes of sites take and give."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from orders.stock.schemas import Body, Text

DivisionCode = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
TemperatureClass = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]{1,40}$")]


class SiteEdit(Body):
    """A place to ship from. No temperature classes means that it keeps them all."""

    name: Annotated[Text, Field(min_length=1, max_length=60)]
    county_code: DivisionCode
    temperature_classes: Annotated[list[TemperatureClass], Field(max_length=60, default_factory=list)]


class SiteIn(SiteEdit):
    """The same; an operator says whose it is."""

    supplier_id: UUID | None = None


class Site(BaseModel):
    """A place that a supplier ships from, with the pieces that lie there."""

    site_id: UUID
    supplier_id: UUID
    name: str
    county_code: str
    temperature_classes: list[str]
    is_default: bool
    is_active: bool
    on_hand: int
    revision: int
