"""CloudEvents 1.0 around the events of all services (https://github.com/cloudevents/spec)."""

from datetime import datetime
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A piece of an event's data. Unknown fields are ignored, so that a publisher may grow first."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """The data of one event; the class says its type and which field its subject is."""

    type: ClassVar[str]
    subject_field: ClassVar[str]

    @property
    def subject(self) -> str:
        """The thing that the event is about: events of one subject are handled in order."""
        return str(getattr(self, self.subject_field))

    @classmethod
    def source(cls) -> str:
        """The publishing service, as a CloudEvents source."""
        return f"/{cls.type.partition('.')[0]}"


class Envelope(BaseModel):
    """One event as it travels. `cursor` is the feed's own place mark and no part of CloudEvents' identity."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]
    cursor: str = ""


Fen = Annotated[int, Field(description="Money in fen (1/100 yuan).")]
Grams = Annotated[int, Field(ge=0, description="Weight in grams.")]
DivisionCode = Annotated[str, Field(pattern=r"^\d{6}$", description="Six-digit administrative division code.")]


def event_types(*modules: ModuleType) -> dict[str, type[Event]]:
    """Every event class of the modules by its type."""
    found: dict[str, type[Event]] = {}
    for module in modules:
        for member in vars(module).values():
            if isinstance(member, type) and issubclass(member, Event) and hasattr(member, "type"):
                found[member.type] = member
    return found


def decode(envelope: Envelope, known: dict[str, type[Event]]) -> Event | None:
    """The event inside the envelope, or None for a type that this build does not know yet."""
    event = known.get(envelope.type)
    return None if event is None else event.model_validate(envelope.data)
