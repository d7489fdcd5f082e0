"""Harvests that units absorb together, and what each unit pledges."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base
from orders.pool.models import Share


class Absorption(Base):
    """So many pieces of a flagged harvest at a price. `pledged_count` follows the pledges by a trigger, and is never
    above `quantity`; triggers hold the legal moves, and that goods and price stay."""

    __tablename__ = "absorptions"
    __table_args__ = (
        CheckConstraint("status IN ('PUBLISHED', 'RESPONDING', 'ABSORBED', 'CLOSED')", name="status_is_known"),
        CheckConstraint("level IN ('BLUE', 'YELLOW', 'ORANGE', 'RED')", name="level_is_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_has_six_digits"),
        CheckConstraint("price_fen > 0", name="price_is_positive"),
        CheckConstraint("quantity > 0 AND pledged_count BETWEEN 0 AND quantity", name="pledged_within_quantity"),
        CheckConstraint(
            "status NOT IN ('RESPONDING', 'ABSORBED') OR responded_at IS NOT NULL", name="responded_has_instant"
        ),
        CheckConstraint("status <> 'ABSORBED' OR absorbed_at IS NOT NULL", name="absorbed_has_instant"),
        CheckConstraint(
            "(status = 'CLOSED') = (closed_at IS NOT NULL) AND (status = 'CLOSED') = (outcome <> '')",
            name="closed_has_outcome",
        ),
        Index("ix_absorptions_one_open_a_sku", "sku_id", unique=True, postgresql_where=text("status <> 'CLOSED'")),
        Index(None, "county_code", "absorption_id"),
        Index(None, "supplier_id", "absorption_id"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    absorption_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    love_purchase_id: Mapped[UUID] = mapped_column(ForeignKey("love_purchases.love_purchase_id"))
    sku_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    county_code: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text, server_default=text("''"))
    price_fen: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)
    pledged_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    closes_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[UUID]
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    responded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    absorbed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str] = mapped_column(Text, server_default=text("''"))


class AbsorptionPledge(Share, Base):
    """What a unit pledges to buy. Given back for good once its purchase is withdrawn or refused, or its order ends
    without goods."""

    __tablename__ = "absorption_pledges"
    __table_args__ = (
        CheckConstraint("status IN ('PLEDGED', 'GIVEN_BACK')", name="status_is_known"),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        Index(None, "absorption_id", "share_id"),
    )

    absorption_id: Mapped[UUID] = mapped_column(ForeignKey("absorptions.absorption_id"))
