"""What routes of pickup points take and give."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from logistics.fields import Line
from logistics.pickup_point.models import PickupPoint
from logistics.pickup_point.rules import PointFacts

PointStatus = Literal["OPEN", "CLOSED"]
Storage = Literal["CHILLED", "FROZEN"]
PointService = Literal["RETURNS", "SENDING", "HOME", "HELP", "WEIGHING"]


class Body(BaseModel):
    """A request's body: unknown members are mistakes, said at once."""

    model_config = ConfigDict(extra="forbid")


class PointIn(Body):
    """A pickup point: where it is, when it is open, what it does besides and what it can keep. `capacity` is how many
    parcels fit. Without storage it keeps what needs no cold."""

    county_code: Annotated[str, Field(pattern=r"^[0-9]{6}$", description="Six-digit administrative division code.")]
    name: Annotated[Line, Field(max_length=50)]
    address: Line
    open_hours: Annotated[Line, Field(max_length=60, description="As people say it: 每天 8:00–19:00.")]
    phone: Annotated[str, Field(pattern=r"^\+?[0-9][0-9 -]{5,18}[0-9]$", description="The point's own, for everybody.")]
    services: Annotated[list[PointService], Field(max_length=10)] = []
    storages: Annotated[list[Storage], Field(max_length=10)] = []
    capacity: Annotated[int, Field(ge=1, le=10_000, strict=True)]

    def to_facts(self) -> PointFacts:
        """As the rules know it."""
        return PointFacts(
            self.county_code,
            self.name,
            self.address,
            self.open_hours,
            self.phone,
            tuple(self.services),
            tuple(self.storages),
            self.capacity,
        )


class MovePoint(Body):
    """Why it closes or opens again."""

    reason: Line


class PointOut(BaseModel):
    """A pickup point."""

    pickup_point_id: UUID
    county_code: str
    name: str
    address: str
    open_hours: str
    phone: str
    services: list[str]
    storages: list[str]
    capacity: int
    status: PointStatus
    revision: int
    changed_at: datetime

    @classmethod
    def of(cls, point: PickupPoint) -> Self:
        """A point as it is."""
        return cls.model_validate(point, from_attributes=True)


class ChangeOut(BaseModel):
    """One deed. Who did it is told by kind, never by name."""

    model_config = ConfigDict(from_attributes=True)

    verb: Literal["add", "revise", "close", "open"]
    reason: str
    caller_kind: str
    changed_at: datetime


class ChangeList(BaseModel):
    """All that was done to a point, oldest first."""

    items: list[ChangeOut]
