"""Jobs as they come in and go out. Wages are fen a month."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Title
from catalog.labour.schemas import Health, Skills
from shared.page import Page

Wage = Annotated[int, Field(gt=0, le=10_000_000, description="Fen a month.")]
Places = Annotated[int, Field(gt=0, le=100_000)]
JobStatus = Literal["OPEN", "FILLED", "CLOSED"]


class JobIn(BaseModel):
    """Places of work of one kind. The employer's name is taken from the supplier or the workshop where there is one."""

    model_config = ConfigDict(extra="forbid")

    employer_name: Line = ""
    workshop_id: UUID | None = None
    county_code: DivisionCode
    township: Line = ""
    village: Line = ""
    title: Title
    skills: Skills = []
    accepts: list[Health] = Field(default=["able"], min_length=1, max_length=3)
    wage_from_fen: Wage
    wage_to_fen: Wage
    place_count: Places
    until_on: date


class JobSchema(BaseModel):
    """A job."""

    model_config = ConfigDict(from_attributes=True)

    job_id: UUID
    employer_kind: str
    employer_name: str
    workshop_id: UUID | None
    county_code: str
    township: str
    village: str
    title: str
    skills: list[str]
    accepts: list[str]
    wage_from_fen: int
    wage_to_fen: int
    place_count: int
    filled_count: int
    until_on: date
    status: JobStatus
    revision: int
    offered_at: datetime


JobPage = Page[JobSchema]
