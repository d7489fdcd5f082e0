"""Applications as a desk lists them."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.page import Page

AdmissionSort = Literal["due_on", "-due_on", "submitted_at", "-submitted_at", "name", "-name"]


class DeskItem(BaseModel):
    """An application in a desk's list. `opinion_parts` are the opinions given in this round."""

    supplier_id: UUID
    name: str
    kind: str
    county_code: str
    county: str
    uscc: str | None
    uscc_check: str
    status: str
    round: int
    submitted_at: datetime | None
    step_since: datetime
    due_on: date | None
    is_overdue: bool
    linked_household_count: int
    opinion_parts: list[str]
    revision: int


DeskPage = Page[DeskItem]
