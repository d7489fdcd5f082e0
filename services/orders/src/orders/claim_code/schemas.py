"""Codes as they are asked for, and the one time that they are shown."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from orders.order.schemas import Body, Text

Department = Annotated[Text, Field(max_length=100, description="Only members of this department; empty: all.")]


class IssueCodes(Body):
    """For whom codes are given out: all who have none, or those of a department."""

    department: Department = ""


class ReissueCodes(Body):
    """Whose codes are replaced: these members', or without any those that nobody has used yet."""

    member_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    department: Department = ""


class VoidCode(Body):
    """Why a code is taken back."""

    reason: Annotated[Text, Field(min_length=1, max_length=200)]


class IssuedCodeOut(BaseModel):
    """A member's code, grouped as it is printed, and the page's address with it. It is shown here and never again."""

    member_id: UUID
    member_no: str
    name: str
    department: str
    code: str
    path: str


class IssuedCodesOut(BaseModel):
    """All that were given out now."""

    items: list[IssuedCodeOut]
