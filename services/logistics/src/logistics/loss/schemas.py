"""How somebody says that parcels are lost."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class DeclareLost(BaseModel):
    """Which parcels (none named: all that are on their way), what shows it, and what the buyer gets instead."""

    model_config = ConfigDict(extra="forbid")

    parcel_ids: list[UUID] = Field(default=[], max_length=100)
    remedy: Literal["refund", "send_again"] = "refund"
    evidence: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    ]
