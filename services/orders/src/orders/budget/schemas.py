"""Budgets as they are asked for and shown."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orders.budget.rules import LARGEST_FEN, EntryKind
from orders.order.schemas import Body, Text

FundName = Literal["CANTEEN", "UNION", "OTHER"]
Year = Annotated[int, Field(ge=2019, le=2100, strict=True)]


class GrantIn(Body):
    """So much (more) for a year and a fund."""

    year: Year
    fund: FundName
    amount_fen: Annotated[int, Field(ge=1, le=LARGEST_FEN, strict=True)]
    reason: Annotated[Text, Field(max_length=200)] = ""


class AdjustIn(Body):
    """More, or less, and why."""

    amount_fen: Annotated[int, Field(ge=-LARGEST_FEN, le=LARGEST_FEN, strict=True)]
    reason: Annotated[Text, Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def moves_something(self) -> Self:
        """Nothing is no change."""
        if self.amount_fen == 0:
            raise ValueError("say by how much")
        return self


class BudgetOut(BaseModel):
    """A unit's budget; `revision` is the ETag of adjusting it."""

    model_config = ConfigDict(from_attributes=True)

    budget_id: UUID
    revision: int
    unit_id: UUID
    unit_name: str
    county_code: str
    organisation_id: UUID | None
    year: int
    fund: FundName
    granted_fen: int
    committed_fen: int
    consumed_fen: int
    left_fen: int
    opened_at: datetime


class EntryOut(BaseModel):
    """A line of the statement, with what the budget was after it. `reference_number` names the purchase it was for."""

    model_config = ConfigDict(from_attributes=True)

    entry_id: UUID
    kind: EntryKind
    amount_fen: int
    granted_after_fen: int
    committed_after_fen: int
    consumed_after_fen: int
    left_after_fen: int
    reference_kind: str | None
    reference_id: UUID | None
    reference_number: str
    reference_title: str
    reason: str
    recorded_at: datetime
