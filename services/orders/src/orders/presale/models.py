"""Presale offers and what is booked of them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class PresaleOffer(Base):
    """A SKU of a coming harvest, with what is asked and promised. `booked_count` and `allocated_count` are kept by
    triggers on bookings; the CHECKs refuse what would exceed the plan or the harvest, whatever the code says."""

    __tablename__ = "presale_offers"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'BOOKING', 'CLOSED', 'ALLOCATED', 'COMPLETED', 'CANCELLED')", name="status_is_known"
        ),
        CheckConstraint("price_fen > 0", name="price_is_positive"),
        CheckConstraint("deposit_bp > 0 AND deposit_bp < 10000", name="deposit_is_a_part"),
        CheckConstraint("opens_at < closes_at", name="window_is_not_empty"),
        CheckConstraint("harvest_from <= harvest_until", name="harvest_is_not_empty"),
        CheckConstraint("balance_days > 0", name="days_are_positive"),
        CheckConstraint("person_cap > 0", name="cap_is_positive"),
        CheckConstraint("if_unpaid IN ('KEEP', 'RETURN')", name="unpaid_rule_is_known"),
        CheckConstraint("shortfall_rule IN ('PRO_RATA', 'FIRST_COME')", name="shortfall_rule_is_known"),
        CheckConstraint("booked_count >= 0 AND booked_count <= planned_count", name="bookings_fit_plan"),
        CheckConstraint(
            "allocated_count >= 0 AND allocated_count <= coalesce(harvested_count, 0)", name="allocation_fits_harvest"
        ),
        CheckConstraint(
            "(status IN ('ALLOCATED', 'COMPLETED')) = (harvested_count IS NOT NULL)"
            " AND (harvested_count IS NULL) = (allocated_at IS NULL)"
            " AND (harvested_count IS NULL) = (balance_due_at IS NULL)",
            name="harvest_is_stated",
        ),
        Index("ix_presale_offers_supplier_id_created_at", "supplier_id", "created_at", "offer_id"),
        Index(None, "status", "closes_at"),
        Index(None, "product_id"),
    )

    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    sku_id: Mapped[UUID]
    product_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    specification_en: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(Text)
    price_fen: Mapped[int] = mapped_column(BigInteger)
    deposit_bp: Mapped[int] = mapped_column(Integer)
    planned_count: Mapped[int] = mapped_column(Integer)
    person_cap: Mapped[int | None] = mapped_column(Integer)
    opens_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closes_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    harvest_from: Mapped[date]
    harvest_until: Mapped[date]
    balance_days: Mapped[int] = mapped_column(Integer)
    if_unpaid: Mapped[str] = mapped_column(Text)
    shortfall_rule: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    booked_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    allocated_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    harvested_count: Mapped[int | None] = mapped_column(Integer)
    allocated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    balance_due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PresaleBooking(Base):
    """Pieces of an offer that a buyer ordered ahead. Its id is that of the order that it becomes, so that the deposit's
    payment and the balance's are two payments of one order. The address is forgotten when nothing will be sent."""

    __tablename__ = "presale_bookings"
    __table_args__ = (
        CheckConstraint(
            "status IN ('PENDING_DEPOSIT', 'BOOKED', 'ALLOCATED', 'REFUNDED', 'CANCELLED')", name="status_is_known"
        ),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("deposit_fen > 0 AND deposit_fen < amount_fen", name="deposit_is_part"),
        CheckConstraint(
            "(deposit_paid_at IS NULL) = (deposit_payment_id IS NULL)"
            " AND (status IN ('BOOKED', 'ALLOCATED', 'REFUNDED')) = (deposit_paid_at IS NOT NULL)",
            name="deposit_has_a_payment",
        ),
        CheckConstraint(
            "allocated_count BETWEEN 0 AND quantity AND (status = 'ALLOCATED') = (allocated_count > 0)",
            name="allocation_fits",
        ),
        CheckConstraint(
            "returned_fen >= 0 AND returned_fen <= deposit_fen"
            " AND (status = 'REFUNDED') = (returned_fen = deposit_fen)",
            name="returned_is_right",
        ),
        Index("ix_presale_bookings_offer_id_booked_at", "offer_id", "booked_at", "booking_id"),
        Index("ix_presale_bookings_buyer_id_booked_at", "buyer_id", "booked_at", "booking_id"),
        Index(
            "ix_presale_bookings_deposit_due_at_pending",
            "deposit_due_at",
            postgresql_where=text("status = 'PENDING_DEPOSIT'"),
        ),
    )

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("presale_offers.offer_id"))
    booking_number: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(Text)
    buyer_id: Mapped[UUID]
    buyer_kind: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None]
    quantity: Mapped[int] = mapped_column(Integer)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    deposit_fen: Mapped[int] = mapped_column(BigInteger)
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    address_detail: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    booked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deposit_due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deposit_paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deposit_payment_id: Mapped[UUID | None]
    allocated_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    returned_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    end_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
