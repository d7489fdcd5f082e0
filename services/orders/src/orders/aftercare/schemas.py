"""A claim, return or exchange in its buyer's list."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

Kind = Literal["claim", "return", "exchange"]


class Asked(BaseModel):
    """What a buyer asked for. `cause` is the claim's or exchange's problem, or the return's cause."""

    kind: Kind
    subject_id: UUID
    order_id: UUID
    order_number: str
    line_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    picture: str
    piece_count: int
    cause: str
    status: str
    wanted_fen: int
    granted_fen: int
    opened_at: datetime
    due_at: datetime | None
