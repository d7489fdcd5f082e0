"""Where a person has goods sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class SavedAddress(Base):
    """One entry of a person's address book. A removed one can be restored until it is forgotten for good."""

    __tablename__ = "saved_addresses"
    __table_args__ = (
        CheckConstraint("NOT (is_default AND removed_at IS NOT NULL)", name="default_is_not_removed"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_code_has_six_digits"),
        Index(
            "ix_saved_addresses_one_default",
            "person_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        Index(
            "ix_saved_addresses_once_each",
            *("person_id", "county_code", "recipient", "phone", "detail"),
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_saved_addresses_removed_at", "removed_at", postgresql_where=text("removed_at IS NOT NULL")),
    )

    address_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(Boolean)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
