"""Rules as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Line, Title
from catalog.trail.schemas import TrailItem

CaseCode = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class ConditionIn(BaseModel):
    """A fact compared with a value: equals (flag), at_least (number), contains (list), one_of, within (divisions)."""

    model_config = ConfigDict(extra="forbid")

    fact: str
    op: str
    value: bool | int | str | list[str]


class CaseIn(BaseModel):
    """Conditions that must all be met."""

    model_config = ConfigDict(extra="forbid")

    code: CaseCode
    title_zh: Title
    title_en: Line = ""
    when: list[ConditionIn] = Field(min_length=1, max_length=10)


class VersionIn(BaseModel):
    """A version: from which day, its cases (one that is hit is enough), what it rests on and how sure that is."""

    model_config = ConfigDict(extra="forbid")

    from_on: date
    cases: list[CaseIn] = Field(min_length=1, max_length=30)
    source: Title
    confidence: Title


class DiscardIn(BaseModel):
    """Why a draft is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = ""


class VersionSchema(BaseModel):
    """A version of a rule set."""

    model_config = ConfigDict(from_attributes=True)

    version_id: UUID
    rule_set: str
    number: int
    status: str
    from_on: date
    until_on: date | None
    cases: list[dict[str, Any]]
    source: str
    confidence: str
    revision: int
    created_at: datetime
    changed_at: datetime
    published_at: datetime | None


class VersionDetail(VersionSchema):
    """The whole version with what was done to it."""

    trail: list[TrailItem]


class RuleSetSchema(BaseModel):
    """A rule set with all its versions, the latest first. `reach`: divisions that it is about; empty: all."""

    code: str
    title_zh: str
    title_en: str
    layer: str
    city_code: str | None
    reach: list[str]
    versions: list[VersionSchema]


class RuleSetList(BaseModel):
    """All rule sets; `is_settled` is false while products are still being decided under a new version."""

    items: list[RuleSetSchema]
    is_settled: bool


class ChangeSchema(BaseModel):
    """A product whose answer would change; null: no answer, it is out of the rule's reach."""

    product_id: UUID
    title: str
    title_en: str
    origin_county_code: str
    is_eligible_now: bool | None
    is_eligible_then: bool | None
    case_codes: list[str]


class DryRun(BaseModel):
    """What a draft would change among the products looked at. Ask again with `next_cursor` until it is null, and add
    the counts up."""

    looked_at_count: int
    gained_count: int
    lost_count: int
    items: list[ChangeSchema]
    next_cursor: str | None
