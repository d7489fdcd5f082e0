"""The tables of webhook endpoints, their secrets, and what was delivered to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class WebhookEndpoint(Base):
    """An address of an organisation that is told of the events it chose. `failing_since` is the first of an unbroken
    row of failures."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("status IN ('ACTIVE', 'DISABLED')", name="status_known"),
        CheckConstraint("(status = 'DISABLED') = (disabled_reason <> '')", name="disabled_says_why"),
        CheckConstraint("cardinality(event_types) > 0", name="wants_something"),
        Index(None, "organisation_id"),
    )

    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.organisation_id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    disabled_reason: Mapped[str] = mapped_column(Text)
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revision: Mapped[int]


class WebhookSecret(Base):
    """A signing secret, sealed. Only the newest has no end; the one before it ends a day after its successor began."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (
        Index(None, "endpoint_id"),
        Index(
            "uq_webhook_secrets_without_end", "endpoint_id", unique=True, postgresql_where=text("valid_until IS NULL")
        ),
    )

    secret_id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.endpoint_id", ondelete="CASCADE"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WebhookDelivery(Base):
    """One event on its way to one endpoint. `next_at` is when it is tried next, or, while it is being sent, when
    somebody else may take it for given up. `step` counts tries since it was queued (again), `attempts` all of them."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        CheckConstraint("status IN ('WAITING', 'SENDING', 'DELIVERED', 'FAILED')", name="status_known"),
        CheckConstraint("(status IN ('WAITING', 'SENDING')) = (next_at IS NOT NULL)", name="open_has_instant"),
        CheckConstraint("(status = 'SENDING') = (claim IS NOT NULL)", name="sending_is_claimed"),
        CheckConstraint("(status IN ('DELIVERED', 'FAILED')) = (settled_at IS NOT NULL)", name="settled_has_instant"),
        Index("ix_webhook_deliveries_open", "endpoint_id", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index(None, "endpoint_id", "created_at", "delivery_id"),
        Index(None, "created_at"),
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.endpoint_id", ondelete="CASCADE"))
    event_id: Mapped[UUID]
    event_type: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Text)
    step: Mapped[int]
    attempts: Mapped[int]
    next_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    claim: Mapped[UUID | None]
    response_status: Mapped[int | None]
    error: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WebhookAttempt(Base):
    """One try of a delivery, and the beginning of the answer."""

    __tablename__ = "webhook_attempts"

    delivery_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_deliveries.delivery_id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    took_ms: Mapped[int]
    response_status: Mapped[int | None]
    excerpt: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Text)
