"""Crop orders, what their suppliers report while it grows, and the harvests that are shared among them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base

_NOTHING = text("''")
_ZERO = text("0")


class CropOrder(Base):
    """A harvest that a unit ordered before it grew. `credited_fen` is what of the deposit pays for accepted goods,
    `owed_back_fen` what of it the supplier owes back, `refunded_fen` what came back. Legal moves and what is fixed once
    it is agreed are held by a trigger."""

    __tablename__ = "crop_orders"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'OFFERED', 'AGREED', 'DEPOSIT_PAID', 'GROWING', 'HARVESTED',"
            " 'DELIVERING', 'COMPLETED', 'REFUSED', 'CANCELLED', 'FAILED')",
            name="status_is_known",
        ),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("season IN ('SPRING', 'SUMMER', 'AUTUMN', 'WINTER')", name="season_is_known"),
        CheckConstraint("sowing_on <= harvest_from_on AND harvest_from_on <= harvest_until_on", name="season_has_days"),
        CheckConstraint("season_year = extract(year FROM harvest_until_on)", name="season_year_is_the_harvests"),
        CheckConstraint("quantity > 0 AND unit_price_fen > 0", name="order_is_of_something"),
        CheckConstraint("total_fen = quantity * unit_price_fen", name="total_adds_up"),
        CheckConstraint(
            "deposit_bp BETWEEN 1 AND 10000 AND least_share_bp BETWEEN 0 AND 10000", name="shares_are_shares"
        ),
        CheckConstraint("deposit_fen BETWEEN 1 AND total_fen", name="deposit_is_a_part"),
        CheckConstraint("allocated_count BETWEEN 0 AND quantity", name="never_more_than_ordered"),
        CheckConstraint("(harvest_id IS NULL) = (allocated_count IS NULL)", name="shared_is_of_a_harvest"),
        CheckConstraint("(deposit_told_on IS NULL) = (deposit_told_by IS NULL)", name="told_by_somebody"),
        CheckConstraint("deposit_paid_at IS NULL OR deposit_told_on IS NOT NULL", name="paid_was_told"),
        CheckConstraint(
            "status NOT IN ('DEPOSIT_PAID', 'GROWING', 'HARVESTED', 'DELIVERING', 'COMPLETED')"
            " OR deposit_paid_at IS NOT NULL",
            name="grows_with_a_deposit",
        ),
        CheckConstraint(
            "credited_fen >= 0 AND owed_back_fen >= 0"
            " AND credited_fen + owed_back_fen <= CASE WHEN deposit_paid_at IS NULL THEN 0 ELSE deposit_fen END",
            name="deposit_is_used_once",
        ),
        CheckConstraint("refunded_fen BETWEEN 0 AND owed_back_fen", name="refunded_was_owed"),
        CheckConstraint(
            "status NOT IN ('COMPLETED', 'CANCELLED', 'FAILED') OR deposit_paid_at IS NULL"
            " OR credited_fen + owed_back_fen = deposit_fen",
            name="ended_has_used_its_deposit",
        ),
        CheckConstraint("(purchase_id IS NOT NULL) = (taken_at IS NOT NULL)", name="taken_is_a_purchase"),
        CheckConstraint(
            "status NOT IN ('DELIVERING', 'COMPLETED') OR taken_at IS NOT NULL", name="delivers_what_is_taken"
        ),
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'OFFERED', 'REFUSED', 'CANCELLED') OR agreed_at IS NOT NULL",
            name="agreed_has_instant",
        ),
        Index("ix_crop_orders_payment_code", "payment_code", unique=True),
        Index("ix_crop_orders_purchase_id", "purchase_id", unique=True),
        Index(None, "unit_id", "crop_order_id"),
        Index(None, "supplier_id", "crop_order_id"),
        Index(
            "ix_crop_orders_season",
            "sku_id",
            "season_year",
            "season",
            "crop_order_id",
            postgresql_where=text("status IN ('AGREED', 'DEPOSIT_PAID', 'GROWING')"),
        ),
        Index("ix_crop_orders_undecided", "decide_by", postgresql_where=text("status = 'HARVESTED'")),
    )

    crop_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    crop_order_number: Mapped[str] = mapped_column(Text, unique=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    fund: Mapped[str] = mapped_column(Text)
    sku_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_fen: Mapped[int] = mapped_column(BigInteger)
    total_fen: Mapped[int] = mapped_column(BigInteger)
    deposit_bp: Mapped[int] = mapped_column(Integer)
    deposit_fen: Mapped[int] = mapped_column(BigInteger)
    least_share_bp: Mapped[int] = mapped_column(Integer)
    season: Mapped[str] = mapped_column(Text)
    season_year: Mapped[int] = mapped_column(Integer)
    sowing_on: Mapped[date] = mapped_column(Date)
    harvest_from_on: Mapped[date] = mapped_column(Date)
    harvest_until_on: Mapped[date] = mapped_column(Date)
    terms: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    address_detail: Mapped[str] = mapped_column(Text)
    budget_year: Mapped[int | None] = mapped_column(Integer)
    payment_code: Mapped[str] = mapped_column(Text)
    deposit_due_on: Mapped[date | None] = mapped_column(Date)
    deposit_told_on: Mapped[date | None] = mapped_column(Date)
    deposit_told_by: Mapped[UUID | None]
    deposit_voucher: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    deposit_paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    credited_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    owed_back_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    refunded_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    refund_voucher: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    refunded_on: Mapped[date | None] = mapped_column(Date)
    harvest_id: Mapped[UUID | None] = mapped_column(ForeignKey("crop_harvests.harvest_id"))
    allocated_count: Mapped[int | None] = mapped_column(Integer)
    decide_by: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    purchase_id: Mapped[UUID | None] = mapped_column(ForeignKey("purchases.purchase_id"))
    drafted_by: Mapped[UUID]
    agreed_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    offered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    agreed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CropMilestone(Base):
    """A step of growing: due by a day, reported once by the supplier; `missed_at` is when its unit was told that it was
    not."""

    __tablename__ = "crop_milestones"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('SOWING', 'TRANSPLANTING', 'TENDING', 'FLOWERING', 'RIPENING', 'HARVEST')", name="kind_is_known"
        ),
        CheckConstraint(
            "(reached_on IS NULL) = (reported_at IS NULL) AND (reached_on IS NULL) = (reported_by IS NULL)",
            name="reported_is_whole",
        ),
        Index("ix_crop_milestones_open", "due_on", "crop_order_id", postgresql_where=text("reached_on IS NULL")),
    )

    crop_order_id: Mapped[UUID] = mapped_column(
        ForeignKey("crop_orders.crop_order_id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date] = mapped_column(Date)
    reached_on: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    reported_by: Mapped[UUID | None]
    reported_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    missed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CropHarvest(Base):
    """What grew of a SKU in a season: declared once, never changed. `shared_count` is the sum of the orders' shares,
    moved by a trigger and never more than was harvested."""

    __tablename__ = "crop_harvests"
    __table_args__ = (
        CheckConstraint("season IN ('SPRING', 'SUMMER', 'AUTUMN', 'WINTER')", name="season_is_known"),
        CheckConstraint("harvested_count >= 0", name="count_is_not_negative"),
        CheckConstraint("shared_count BETWEEN 0 AND harvested_count", name="never_more_than_harvested"),
        Index("ix_crop_harvests_once", "sku_id", "season_year", "season", unique=True),
        Index(None, "supplier_id", "harvest_id"),
    )

    harvest_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    sku_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    season_year: Mapped[int] = mapped_column(Integer)
    season: Mapped[str] = mapped_column(Text)
    harvested_count: Mapped[int] = mapped_column(Integer)
    shared_count: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    order_count: Mapped[int] = mapped_column(Integer)
    ordered_count: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    declared_by: Mapped[UUID]
    declared_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
