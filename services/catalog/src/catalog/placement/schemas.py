"""Matches and placements as they go out. Employers see candidates masked."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from catalog.job.schemas import JobSchema
from catalog.labour.schemas import Candidate
from shared.page import Page


class PushIn(BaseModel):
    """To whose office the job is told."""

    model_config = ConfigDict(extra="forbid")

    worker_id: UUID


class ReasonSchema(BaseModel):
    """A part of a score: which part and how it came out (`skills-known`, `place-county`, `wage-met` …)."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    points: int
    most: int
    facts: list[str]


class CandidateMatch(BaseModel):
    """Who fits, how well and why."""

    candidate: Candidate
    score: int
    reasons: list[ReasonSchema]


class Candidates(BaseModel):
    """The best first."""

    items: list[CandidateMatch]


class PlacementSchema(BaseModel):
    """A job told to a worker's office, and what came of it."""

    placement_id: UUID
    job: JobSchema
    candidate: Candidate
    score: int
    reasons: list[ReasonSchema]
    status: str
    placed_on: date | None
    ended_on: date | None
    revision: int
    pushed_at: datetime


class PlacementCount(BaseModel):
    """How many of a county's people were placed in a month."""

    county_code: str
    month: str
    count: int


class PlacementCounts(BaseModel):
    """The latest month first."""

    items: list[PlacementCount]


PlacementPage = Page[PlacementSchema]
