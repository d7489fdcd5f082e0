"""Spots and routes as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Month, Prose, Title
from catalog.region.queries import Place
from catalog.tourism import actions
from catalog.tourism.models import Route, Spot
from shared.page import Page

Kind = Literal["folk", "heritage", "red", "craft", "scenery", "farm"]
Status = Literal["DRAFT", "PUBLISHED", "WITHDRAWN"]


class SpotIn(BaseModel):
    """A place to visit; open all year is 1 to 12."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    township: Title
    village: Title
    kind: Kind
    name: Title
    name_en: Line = ""
    description: Prose = ""
    description_en: Prose = ""
    open_from_month: Month = 1
    open_to_month: Month = 12
    opening: Line = Field(default="", description="Hours and days, as people say them.")
    contact_phone: Line = Field(default="", description="An office's telephone, no private person's.")
    picture_ids: list[UUID] = Field(default=[], max_length=8, description="Documents that the office uploaded.")


class SpotSchema(BaseModel):
    """A spot. Its pictures are at /v1/documents/{picture_id}."""

    spot_id: UUID
    county_code: str
    county: str
    province_code: str
    province: str
    city: str
    designations: list[str]
    township: str
    village: str
    kind: str
    name: str
    name_en: str
    description: str
    description_en: str
    open_from_month: int
    open_to_month: int
    opening: str
    contact_phone: str
    picture_ids: list[UUID]
    status: Status
    revision: int
    changed_at: datetime

    @classmethod
    def of(cls, spot: Spot, places: dict[str, Place]) -> Self:
        """The spot where it is."""
        place = places[spot.county_code]
        own = {name: getattr(spot, name) for name in cls.model_fields if hasattr(spot, name)}
        return cls(
            **own,
            county=place.county,
            province_code=place.province_code,
            province=place.province,
            city=place.city,
            designations=list(place.designations),
        )


class Shop(BaseModel):
    """A supplier of the same county; its goods are at /v1/products?supplier_id=."""

    supplier_id: UUID
    name: str
    name_en: str
    story: str
    story_en: str


class Produce(BaseModel):
    """What the township, or else the county, grows."""

    product_name: str
    township: str
    season_from_month: int
    season_to_month: int


class RouteIn(BaseModel):
    """A short trip over spots in their order."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    name: Title
    name_en: Line = ""
    description: Prose = ""
    description_en: Prose = ""
    day_count: Annotated[int, Field(ge=1, le=15)]
    distance_m: Annotated[int, Field(gt=0, le=3_000_000)]
    spot_ids: list[UUID] = Field(max_length=20)


class RouteSchema(BaseModel):
    """A route with its spots; `months` are those in which all are open."""

    route_id: UUID
    county_code: str
    name: str
    name_en: str
    description: str
    description_en: str
    day_count: int
    distance_m: int
    months: list[int]
    spots: list[SpotSchema]
    status: Status
    revision: int

    @classmethod
    def of(cls, route: Route, spots: list[Spot], places: dict[str, Place]) -> Self:
        """The route with its spots in order."""
        own = {name: getattr(route, name) for name in cls.model_fields if hasattr(route, name)}
        return cls(**own, months=actions.months_of(spots), spots=[SpotSchema.of(each, places) for each in spots])


class SpotDetail(SpotSchema):
    """A spot with what is beside it: who sells there, what grows there, which routes lead over it."""

    shops: list[Shop]
    produce: list[Produce]
    routes: list[RouteSchema]


SpotPage = Page[SpotSchema]
RoutePage = Page[RouteSchema]
