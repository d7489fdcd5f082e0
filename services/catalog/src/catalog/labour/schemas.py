"""The labour register as it comes in and goes out. Wages are fen a month."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from catalog.fields import DivisionCode, Line, Title
from shared.page import Page

Health = Literal["able", "light_work", "part_time"]
WishPlace = Literal["village", "county", "province", "anywhere"]
WorkerStatus = Literal["SEEKING", "MATCHED", "EMPLOYED", "WITHDRAWN"]
Wage = Annotated[int, Field(ge=0, le=10_000_000, description="Fen a month.")]
Skills = Annotated[list[str], Field(max_length=20, description="Ids of GET /v1/labour/skills.")]


class WishIn(BaseModel):
    """What a person can do and wishes for."""

    model_config = ConfigDict(extra="forbid")

    health: Health
    skills: Skills
    wish_place: WishPlace
    wish_skills: Skills = []
    wage_from_fen: Wage


class WorkerIn(WishIn):
    """A person who looks for work. The identity number is turned into a key at once and kept nowhere."""

    identity_number: SecretStr = Field(min_length=15, max_length=30)
    county_code: DivisionCode
    township: Title
    village: Title


class WhyIn(BaseModel):
    """Why, in a sentence that names nobody."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = ""


class WorkerSchema(BaseModel):
    """A worker, masked: who it is, is known in the village office alone."""

    model_config = ConfigDict(from_attributes=True)

    worker_id: UUID
    county_code: str
    township: str
    village: str
    birth_from_year: int = Field(description="First year of the band of five in which the person was born.")
    health: Health
    skills: list[str]
    wish_place: WishPlace
    wish_skills: list[str]
    wage_from_fen: int
    status: WorkerStatus
    revision: int
    registered_at: datetime
    changed_at: datetime


class Candidate(BaseModel):
    """What an employer may know: no village, no key, no wish."""

    model_config = ConfigDict(from_attributes=True)

    worker_id: UUID
    county_code: str
    birth_from_year: int
    health: Health
    skills: list[str]


class SkillSchema(BaseModel):
    """Something that people can do."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    zh: str
    en: str


class CountyCount(BaseModel):
    """A county's counts; null where a count is too small to be told."""

    county_code: str
    seeking: int | None
    employed: int | None


class LabourCounts(BaseModel):
    """Counts for everybody. The totals are the sums of what is shown, so nothing can be taken off them."""

    smallest: int
    counties: list[CountyCount]
    seeking: int
    employed: int
    open_places: int
    workshop_count: int


WorkerPage = Page[WorkerSchema]
SkillPage = Page[SkillSchema]
