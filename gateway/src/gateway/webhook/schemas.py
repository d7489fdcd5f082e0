"""What the routes of webhooks take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from gateway.account.schemas import Input
from gateway.webhook import rules
from gateway.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret

Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    Field(examples=["https://example.com/"]),
]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
EventTypes = Annotated[
    list[str],
    Field(min_length=1, max_length=len(rules.EVENT_TYPES), examples=[["orders.order-paid.v1"]]),
]
DeliveryStatus = Literal["WAITING", "SENDING", "DELIVERED", "FAILED"]


class EndpointInput(Input):
    """An address and the events that it is told of."""

    url: Address
    description: Note = ""
    event_types: EventTypes


class EndpointLine(BaseModel):
    """An endpoint. `failing_since` is the first of an unbroken row of failures."""

    endpoint_id: UUID
    organisation_id: UUID
    url: str
    description: str
    event_types: list[str]
    status: Literal["ACTIVE", "DISABLED"]
    disabled_reason: str
    failing_since: datetime | None
    created_at: datetime
    revision: int

    @classmethod
    def of(cls, endpoint: WebhookEndpoint) -> Self:
        """As it is shown."""
        return cls.model_validate(endpoint, from_attributes=True)


class SecretLine(BaseModel):
    """A secret that signs: only the end of it is shown."""

    secret_id: UUID
    hint: str
    created_at: datetime
    valid_until: datetime | None

    @classmethod
    def of(cls, secret: WebhookSecret) -> Self:
        """As it is shown."""
        return cls.model_validate(secret, from_attributes=True)


class EndpointDetail(EndpointLine):
    """An endpoint with the secrets that sign now."""

    secrets: list[SecretLine]

    @classmethod
    def whole(cls, endpoint: WebhookEndpoint, secrets: list[SecretLine]) -> Self:
        """As it is shown alone."""
        return cls(**EndpointLine.of(endpoint).model_dump(), secrets=secrets)


class MadeEndpoint(BaseModel):
    """The one time that the secret is shown."""

    endpoint: EndpointLine
    secret: str


class MadeSecret(BaseModel):
    """A new secret, shown this once; the one before it signs beside it for a day."""

    secret: str


class DeliveryLine(BaseModel):
    """A delivery. `next_at` is its next try."""

    delivery_id: UUID
    endpoint_id: UUID
    webhook_id: str
    event_id: UUID
    event_type: str
    status: DeliveryStatus
    attempts: int
    next_at: datetime | None
    response_status: int | None
    error: str
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> Self:
        """As it is shown."""
        values: dict[str, Any] = {name: getattr(delivery, name) for name in cls.model_fields if name != "webhook_id"}
        return cls(**values, webhook_id=rules.webhook_id(delivery.delivery_id))


class AttemptLine(BaseModel):
    """One try and the beginning of the answer."""

    number: int
    started_at: datetime
    took_ms: int
    response_status: int | None
    excerpt: str
    error: str

    @classmethod
    def of(cls, attempt: WebhookAttempt) -> Self:
        """As it is shown."""
        return cls.model_validate(attempt, from_attributes=True)


class DeliveryDetail(BaseModel):
    """A delivery with its body and every try."""

    delivery: DeliveryLine
    body: dict[str, Any]
    tries: list[AttemptLine]

    @classmethod
    def whole(cls, delivery: WebhookDelivery, attempts: list[AttemptLine]) -> Self:
        """As it is shown alone."""
        return cls(delivery=DeliveryLine.of(delivery), body=orjson.loads(delivery.body), tries=attempts)


class ReplaySince(Input):
    """From when on what failed is sent again."""

    since: AwareDatetime


class ReplayedCount(BaseModel):
    """How many are sent again."""

    count: int
