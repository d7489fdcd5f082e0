"""Sales fairs (产销对接大会): the calendar, who takes part, what was agreed there."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Fair(Base):
    """A fair, by the county where it is held; `until_on` is its last day."""

    __tablename__ = "fairs"
    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="days_in_order"),
        CheckConstraint("status IN ('DRAFT', 'ANNOUNCED', 'CANCELLED')", name="status_known"),
        Index("ix_fairs_from_on", "from_on", "fair_id"),
    )

    fair_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    venue: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    organiser: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class Participant(Base):
    """Who takes part: a supplier of ours, or anybody by name; `booth` is its stand."""

    __tablename__ = "fair_participants"
    __table_args__ = (Index("uq_fair_participants_name", "fair_id", "name", unique=True),)

    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.fair_id"))
    supplier_id: Mapped[UUID | None] = mapped_column(ForeignKey("suppliers.supplier_id"))
    name: Mapped[str] = mapped_column(Text)
    booth: Mapped[str] = mapped_column(Text, server_default=text("''"))


class Deal(Base):
    """A deal agreed at a fair (成交登记). Its seller is one of the participants."""

    __tablename__ = "fair_deals"
    __table_args__ = (
        CheckConstraint("quantity_g > 0 AND amount_fen > 0", name="sizes_positive"),
        Index("ix_fair_deals_fair_id", "fair_id", "deal_id"),
    )

    deal_id: Mapped[UUID] = mapped_column(primary_key=True)
    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.fair_id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("fair_participants.participant_id"))
    buyer_name: Mapped[str] = mapped_column(Text)
    product_name: Mapped[str] = mapped_column(Text)
    quantity_g: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    agreed_on: Mapped[date] = mapped_column(Date)
    registered_at: Mapped[datetime] = mapped_column()
