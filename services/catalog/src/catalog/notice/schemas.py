"""Notices as they go out."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.page import Page


class NoticeSchema(BaseModel):
    """A notice. `code` chooses the sentence, `facts` fill it in."""

    model_config = ConfigDict(from_attributes=True)

    notice_id: UUID
    code: str
    subject_kind: str
    subject_id: UUID
    facts: dict[str, str | int | bool | None]
    issued_at: datetime
    read_at: datetime | None


class NoticePage(Page[NoticeSchema]):
    """Notices, and how many of all were not read yet."""

    unread_count: int


class ReadCount(BaseModel):
    """How many notices were new."""

    read_count: int
