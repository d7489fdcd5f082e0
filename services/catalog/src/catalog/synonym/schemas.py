"""Groups of words as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Line
from catalog.synonym import rules
from catalog.synonym.queries import Wording
from shared.page import Page


class GroupIn(BaseModel):
    """Words that mean the same, two to twenty, each one word of 2 to 20 characters."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[list[Line], Field(max_length=rules.MOST)]
    note: Line = ""


class GroupSchema(BaseModel):
    """A group. `is_applied` turns true when all products that say a word of it are found by the others too."""

    group_id: UUID
    words: list[str]
    note: str
    is_applied: bool
    revision: int
    changed_at: datetime

    @classmethod
    def of(cls, wording: Wording) -> "GroupSchema":
        group = wording.group
        return cls(
            group_id=group.group_id,
            words=list(wording.words),
            note=group.note,
            is_applied=group.is_applied,
            revision=group.revision,
            changed_at=group.changed_at,
        )


GroupPage = Page[GroupSchema]
