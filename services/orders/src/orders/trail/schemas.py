"""The trail as answers tell it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class TrailItem(BaseModel):
    """One deed. Who did it is told by side, never by name."""

    model_config = ConfigDict(from_attributes=True)

    verb: str
    from_status: str | None
    to_status: str
    reason: str
    actor: Literal["buyer", "supplier", "recipient", "official", "operator", "clock", "rule"]
    done_at: datetime
