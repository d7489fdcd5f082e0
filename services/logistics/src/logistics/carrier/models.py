"""Carriers and their webhook secrets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class Carrier(Base):
    """A company that carries parcels and tells us of them."""

    __tablename__ = "carriers"

    carrier_code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CarrierSecret(Base):
    """A secret, sealed. Only the newest has no end; older ones end soon after their successor began."""

    __tablename__ = "carrier_secrets"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_start"),
        Index(
            "uq_carrier_secrets_without_end", "carrier_code", unique=True, postgresql_where=text("valid_until IS NULL")
        ),
        Index(None, "carrier_code", "valid_until"),
    )

    secret_id: Mapped[UUID] = mapped_column(primary_key=True)
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.carrier_code"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[UUID]
