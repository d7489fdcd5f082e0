"""What the routes of messages take and give."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from gateway.account.schemas import Input
from gateway.message import rules
from gateway.message.models import Message
from gateway.pages.message_text import sentence_of
from gateway.visitor import Language

MessageKind = Literal["order", "parcel", "after_sales", "safety", "sale", "stock", "notice", "system"]


class MessageLine(BaseModel):
    """A message as its reader sees it."""

    message_id: UUID
    organisation_id: UUID | None = Field(description="The organisation to which it was sent; null for oneself.")
    kind: str
    template: str
    text: str = Field(description="The sentence in the reader's language.")
    link: str = Field(description="The page that it leads to; may be empty.")
    happened_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, message: Message, language: Language) -> Self:
        """As it is shown."""
        return cls(
            message_id=message.message_id,
            organisation_id=message.organisation_id,
            kind=message.kind,
            template=message.template,
            text=sentence_of(message.template, message.facts, language),
            link=message.link,
            happened_at=message.happened_at,
            read_at=message.read_at,
        )


class UnreadCount(BaseModel):
    """How many messages wait."""

    unread_count: int


class MarkedRead(BaseModel):
    """What was marked together; `read_at` undoes it."""

    count: int
    read_at: datetime


class UndoRead(Input):
    """Which marking is undone."""

    read_at: Annotated[AwareDatetime, Field(description="`read_at` of the marking.")]


class Preference(BaseModel):
    """Whether messages of a kind also come as e-mail; in the message centre they always are."""

    kind: str
    is_mailed: bool


class Preferences(BaseModel):
    """Every kind."""

    items: list[Preference]

    @classmethod
    def of(cls, chosen: dict[str, bool]) -> Self:
        """With what is usual where nothing was chosen."""
        return cls(items=[Preference(kind=kind, is_mailed=rules.wants_mail(kind, chosen)) for kind in rules.KINDS])


class PreferencesChange(Input):
    """What changes; kinds that are not named stay as they are."""

    is_mailed: dict[MessageKind, bool]
