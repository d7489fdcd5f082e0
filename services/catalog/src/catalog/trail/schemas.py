"""A deed as it goes out."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class TrailItem(BaseModel):
    """Who did what, when and why. `person_id` is null for what the clock did."""

    model_config = ConfigDict(from_attributes=True)

    verb: str
    from_status: str
    to_status: str
    reason: str
    person_id: UUID | None
    caller_kind: str
    happened_at: datetime
