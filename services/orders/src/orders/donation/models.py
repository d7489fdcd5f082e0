"""Recipients of donations, and the orders that went to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class DonationRecipient(Base):
    """A home, a school or a village that people may buy for. `contact`, `phone` and `detail` say who takes the goods in
    and where; no buyer ever sees them. `organisation_id` may thank for itself."""

    __tablename__ = "donation_recipients"
    __table_args__ = (
        CheckConstraint("status IN ('PROPOSED', 'VERIFIED', 'CLOSED')", name="status_is_known"),
        CheckConstraint("kind IN ('WELFARE_HOME', 'SCHOOL', 'VILLAGE')", name="kind_is_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_has_six_digits"),
        CheckConstraint(
            "status <> 'VERIFIED' OR (verified_at IS NOT NULL AND verified_by IS NOT NULL)", name="verified_by_somebody"
        ),
        CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", name="closed_has_instant"),
        Index(
            "ix_donation_recipients_one_of_a_name",
            "county_code",
            "name",
            unique=True,
            postgresql_where=text("status <> 'CLOSED'"),
        ),
        Index("ix_donation_recipients_organisation_id", "organisation_id"),
    )

    recipient_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    county_code: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    purpose_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    organisation_id: Mapped[UUID | None]
    proposed_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    verified_by: Mapped[UUID | None]
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Donation(Base):
    """An order that goes to a recipient, whose name is frozen with it. A trigger holds that it is one in that mode, and
    that nobody gives thanks before it is complete."""

    __tablename__ = "donations"
    __table_args__ = (
        CheckConstraint("length(message) <= 200", name="message_is_short"),
        CheckConstraint("length(thanks) <= 500", name="thanks_are_short"),
        CheckConstraint(
            "(thanks = '') = (thanked_at IS NULL) AND (thanks = '') = (thanked_by IS NULL)"
            " AND (thanks = '') = (thanked_as IS NULL)",
            name="thanks_are_somebodys",
        ),
        CheckConstraint("thanked_as IN ('recipient', 'official', 'operator')", name="thanked_as_is_known"),
        Index(None, "recipient_id", "order_id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("donation_recipients.recipient_id"))
    recipient_name: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    thanks: Mapped[str] = mapped_column(Text, server_default=text("''"))
    thanked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    thanked_by: Mapped[UUID | None]
    thanked_as: Mapped[str | None] = mapped_column(Text)
