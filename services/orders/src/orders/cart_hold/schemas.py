"""What routes of carts' holds give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class KeptLine(BaseModel):
    """Pieces that are kept."""

    sku_id: UUID
    quantity: int


class CartHold(BaseModel):
    """What the caller's cart holds, and until when."""

    holder_id: UUID
    expires_at: datetime
    lines: list[KeptLine]


class CartHoldFound(BaseModel):
    """The hold, if there is one."""

    hold: CartHold | None
