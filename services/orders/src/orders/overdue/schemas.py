"""What is late, as routes tell it."""

from datetime import date
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from orders.overdue.rules import Kind, Side, side_of


class OverdueItem(BaseModel):
    """One thing that waits beyond its last day. An order may wait for an invoice and for its money at once."""

    kind: Kind
    side: Side = Field(description="Whose turn it is.")
    subject_id: UUID = Field(description="The order; of APPROVAL the case.")
    number: str = Field(description="The order's number; of APPROVAL what is asked for.")
    stage: str
    due_on: date
    days_late: int
    amount_fen: int
    unit_id: UUID
    unit_name: str
    supplier_id: UUID | None
    supplier_name: str

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of queries."""
        facts = dict(row._mapping)  # noqa: SLF001 - public in SQLAlchemy
        return cls.model_validate(
            {**facts, "side": side_of(row.kind), "subject_id": row.order_id, "number": row.order_number}
        )
