"""Directories as they come in and go out."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.directory.models import DirectoryIssue
from catalog.directory.rules import number_of
from catalog.fields import DivisionCode, Line, Prose, Reason, Title
from shared.page import Page

Status = Literal["DRAFT", "PUBLISHED", "WITHDRAWN"]
Level = Literal["county", "province"]


class IssueIn(BaseModel):
    """A draft of a region's next issue."""

    model_config = ConfigDict(extra="forbid")

    region_code: DivisionCode
    title: Title
    preface: Prose = ""


class IssuePatch(BaseModel):
    """What may be edited in a draft."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    preface: Prose | None = None


class EntryPatch(BaseModel):
    """Another place (1 is the first) or note."""

    model_config = ConfigDict(extra="forbid")

    position: int | None = Field(default=None, ge=1, le=100_000)
    note: Line | None = None


class WithdrawalIn(BaseModel):
    """Why an issue is withdrawn."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class IssueSchema(BaseModel):
    """An issue; `number` and `previous_id` are null while it is a draft."""

    model_config = ConfigDict(from_attributes=True)

    issue_id: UUID
    number: str | None = None
    region_code: str
    region_name: str
    level: Level
    year: int
    title: str
    preface: str
    status: Status
    withdrawn_reason: str
    previous_id: UUID | None
    entry_count: int
    revision: int
    published_at: datetime | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, issue: DirectoryIssue) -> Self:
        number = number_of(issue.region_code, issue.year, issue.sequence) if issue.sequence else None
        return cls.model_validate(issue).model_copy(update={"number": number})


class EntrySchema(BaseModel):
    """A product as the issue lists it; `content` as the rules' `Content` describes it."""

    model_config = ConfigDict(from_attributes=True)

    product_id: UUID
    position: int
    note: str
    content: dict[str, Any]


class ChangedEntry(BaseModel):
    """A product that reads differently in two issues."""

    product_id: UUID
    title: str
    fields: list[str]


class IssueChanges(BaseModel):
    """What an issue changed against the one before it; that is null for a region's first."""

    previous: Annotated[str | None, Field(description="The number of the issue before.")]
    added: list[EntrySchema]
    removed: list[EntrySchema]
    changed: list[ChangedEntry]


class SubscriptionSchema(BaseModel):
    """A region whose issues an organisation is told of."""

    model_config = ConfigDict(from_attributes=True)

    region_code: str
    subscribed_at: datetime


IssuePage = Page[IssueSchema]
EntryPage = Page[EntrySchema]
SubscriptionPage = Page[SubscriptionSchema]
