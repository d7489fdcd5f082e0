"""The trail as answers tell it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from orders.trail.actions import Actor


class TrailItem(BaseModel):
    """One deed. Who did it is told by side, never by name."""

    model_config = ConfigDict(from_attributes=True)

    verb: str
    from_status: str | None
    to_status: str
    reason: str
    actor: Actor
    done_at: datetime
