"""What routes of reserve purchases take and give."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Text
from orders.reserve_purchase.rules import Grade, Status

Grams = Annotated[int, Field(ge=1, le=10**12, strict=True, description="Grams.")]
Fen = Annotated[int, Field(ge=1, le=10**12, strict=True, description="Fen.")]
County = Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class GradeIn(Body):
    """A grade, the best first."""

    name: Annotated[Text, Field(min_length=1, max_length=30)]
    criteria: Annotated[Text, Field(min_length=1, max_length=500)]
    price_fen_per_kg: Annotated[int, Field(ge=1, le=10_000_000, strict=True, description="Fen a kilogram.")]

    def to_grade(self) -> Grade:
        """As the rules read it."""
        return Grade(self.name, self.criteria, self.price_fen_per_kg)


class FilingIn(Body):
    """A reserve purchase as it is filed or changed; paid from the fund OTHER."""

    title: Annotated[Text, Field(min_length=2, max_length=80)]
    year: Annotated[int, Field(ge=2020, le=2100, strict=True)]
    category: Annotated[Text, Field(min_length=1, max_length=60, description="The category of all packs brought.")]
    quality: Annotated[Text, Field(min_length=1, max_length=2000, description="Limits, moisture and the like.")]
    wanted_g: Grams
    budget_fen: Fen
    county_codes: Annotated[list[County], Field(min_length=1, max_length=200, description="Whose goods come first.")]
    first_on: date
    last_on: date
    grades: Annotated[list[GradeIn], Field(min_length=1, max_length=9)]


class ReasonIn(Body):
    """Why."""

    reason: Annotated[Text, Field(min_length=1, max_length=300)]


class FilingItem(BaseModel):
    """A reserve purchase in a list."""

    model_config = ConfigDict(from_attributes=True)

    reserve_purchase_id: UUID
    filing_number: str
    revision: int
    status: Status
    unit_id: UUID
    title: str
    year: int
    category: str
    wanted_g: int
    taken_g: int
    taken_other_g: int
    kept_g: int
    budget_fen: int
    first_on: date
    last_on: date
    opens_to_all_on: date | None
    published_at: datetime | None
    created_at: datetime


class GradeOut(BaseModel):
    """A grade and its price."""

    model_config = ConfigDict(from_attributes=True)

    grade_number: int
    name: str
    criteria: str
    price_fen_per_kg: int


class CountySum(BaseModel):
    """What comes from a county."""

    model_config = ConfigDict(from_attributes=True)

    origin_county_code: str
    is_first: bool
    appointment_count: int
    booked_g: int
    weighed_g: int
    money_fen: int


class FilingPage(FilingItem):
    """The whole filing. `sums` are the institution's to see, and of who oversees it: a supplier has none."""

    unit_name: str
    quality: str
    county_codes: list[str]
    filed_by: UUID
    grades: list[GradeOut]
    sums: list[CountySum]


class PackOut(BaseModel):
    """A pack of the caller's that the institution takes."""

    sku_id: UUID
    product_title: str
    specification: str
    origin_county_code: str
    is_first: bool
    piece_g: int
    available: int


class PackList(BaseModel):
    """What a supplier may bring."""

    items: list[PackOut]
