"""The tables of API keys, OAuth2 clients and their access tokens. Of every secret only the hash is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class ApiKey(Base):
    """A key with which a program acts as a person, within scopes. It goes with the membership it was made in."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        ForeignKeyConstraint(
            ["person_id", "organisation_id"],
            ["memberships.person_id", "memberships.organisation_id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("cardinality(scopes) > 0", name="has_scope"),
        Index("ix_api_keys_person_id_organisation_id", "person_id", "organisation_id"),
    )

    key_id: Mapped[UUID] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    prefix: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.person_id", ondelete="CASCADE"))
    organisation_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OAuthClient(Base):
    """A partner's program that acts for an organisation, not for a person (RFC 6749, 4.4)."""

    __tablename__ = "oauth_clients"
    __table_args__ = (
        CheckConstraint("cardinality(scopes) > 0", name="has_scope"),
        Index("ix_oauth_clients_organisation_id", "organisation_id"),
    )

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.organisation_id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AccessToken(Base):
    """What a client got for its secret: opaque outside, so that revoking the client takes it away at once."""

    __tablename__ = "access_tokens"
    __table_args__ = (
        Index("ix_access_tokens_client_id", "client_id"),
        Index("ix_access_tokens_expires_at", "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_clients.client_id", ondelete="CASCADE"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
