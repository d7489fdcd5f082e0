"""Harvests that will not sell, flagged, and the lines that were bought under a flag."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class LovePurchase(Base):
    """A SKU that a county asks people to buy, until so much is absorbed or the date has come. `absorbed_count` follows
    the orders (by a trigger). `source` names the record that says so: an entry of the demand register or the like."""

    __tablename__ = "love_purchases"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'ABSORBED', 'EXPIRED', 'WITHDRAWN')", name="status_is_known"),
        CheckConstraint("target_count > 0", name="target_is_positive"),
        CheckConstraint("absorbed_count >= 0", name="absorbed_is_not_negative"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_has_six_digits"),
        CheckConstraint("(status = 'OPEN') = (ended_at IS NULL)", name="ended_has_instant"),
        Index("ix_love_purchases_one_open_a_sku", "sku_id", unique=True, postgresql_where=text("status = 'OPEN'")),
        Index("ix_love_purchases_closes_at_open", "closes_at", postgresql_where=text("status = 'OPEN'")),
        Index("ix_love_purchases_county_code", "county_code", "love_purchase_id"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    love_purchase_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    sku_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    county_code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    reason_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    source: Mapped[str] = mapped_column(Text, server_default=text("''"))
    target_count: Mapped[int] = mapped_column(Integer)
    absorbed_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    closes_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    flagged_by: Mapped[UUID]
    flagged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LovePurchaseLine(Base):
    """Pieces of an order that were bought under a flag; they count while the order is paid."""

    __tablename__ = "love_purchase_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_is_positive"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    love_purchase_id: Mapped[UUID] = mapped_column(ForeignKey("love_purchases.love_purchase_id"), primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    is_counted: Mapped[bool] = mapped_column(server_default=text("false"))
