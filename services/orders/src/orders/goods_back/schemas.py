"""What is told of goods that came back."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]


class BookGoods(BaseModel):
    """How many of the pieces can be sold again, of which lot (empty: of none), and why the others cannot."""

    model_config = ConfigDict(extra="forbid")

    restocked_count: Annotated[int, Field(ge=0, le=99_999, strict=True)]
    lot_number: Annotated[Text, Field(max_length=60)] = ""
    reason: Annotated[Text, Field(max_length=1000)] = ""


class GoodsBackItem(BaseModel):
    """Goods that came back, as they were booked."""

    model_config = ConfigDict(from_attributes=True)

    cause: Literal["return", "exchange", "acceptance"]
    cause_id: UUID
    sku_id: UUID
    piece_count: int
    restocked_count: int
    lot_number: str
    reason: str
    booked_at: datetime
