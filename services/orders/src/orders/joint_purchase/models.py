"""Joint purchases, who is invited by name, and the shares that units take."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base
from orders.pool.models import Share


class JointPurchase(Base):
    """One SKU, and what a piece costs from how many pieces on (`floors`, `prices_fen`). `taken_count` follows the
    shares by a trigger; `price_fen` is what the total came to at the deadline. Triggers hold the legal moves, and that
    nothing of it changes once the supplier was asked."""

    __tablename__ = "joint_purchases"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'OFFERED', 'OPEN', 'CLOSED', 'ORDERED', 'FAILED', 'CANCELLED')",
            name="status_is_known",
        ),
        CheckConstraint("scope IN ('TREE', 'REGION', 'NAMED')", name="scope_is_known"),
        CheckConstraint("(scope = 'REGION') = (region_code IS NOT NULL)", name="region_of_scope"),
        CheckConstraint("is_ladder(floors, prices_fen)", name="ladder_falls"),
        CheckConstraint("most_count >= floors[cardinality(floors)]", name="ladder_is_reachable"),
        CheckConstraint("taken_count BETWEEN 0 AND most_count", name="taken_within_most"),
        CheckConstraint("closes_at <= deliver_from AND deliver_from < deliver_until", name="goods_come_after"),
        CheckConstraint(
            "(status IN ('CLOSED', 'ORDERED')) <= (closed_at IS NOT NULL)"
            " AND (closed_at IS NULL) = (price_fen IS NULL) AND (closed_at IS NULL) = (order_until IS NULL)"
            " AND (closed_at IS NULL OR (taken_count >= floors[1] AND price_fen = ANY (prices_fen)))",
            name="closed_with_price",
        ),
        CheckConstraint(
            "(status IN ('ORDERED', 'FAILED', 'CANCELLED')) = (ended_at IS NOT NULL)", name="ended_has_instant"
        ),
        Index(None, "unit_id", "joint_purchase_id"),
        Index(None, "supplier_id", "joint_purchase_id"),
        Index(
            "ix_joint_purchases_running",
            "closes_at",
            postgresql_where=text("status IN ('OFFERED', 'OPEN', 'CLOSED')"),
        ),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    joint_purchase_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    status: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    sku_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    floors: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    prices_fen: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    most_count: Mapped[int] = mapped_column(Integer)
    taken_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    scope: Mapped[str] = mapped_column(Text)
    region_code: Mapped[str | None] = mapped_column(Text)
    closes_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deliver_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deliver_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    organised_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    offered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    order_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    price_fen: Mapped[int | None] = mapped_column(BigInteger)
    end_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))


class JointInvitation(Base):
    """A unit that is invited by name."""

    __tablename__ = "joint_invitations"

    joint_purchase_id: Mapped[UUID] = mapped_column(ForeignKey("joint_purchases.joint_purchase_id"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"), primary_key=True, index=True)


class JointShare(Share, Base):
    """What a unit takes of it; one share a unit. `problem` is why no purchase could be written for it."""

    __tablename__ = "joint_shares"
    __table_args__ = (
        UniqueConstraint("joint_purchase_id", "unit_id"),
        CheckConstraint("status IN ('JOINED', 'LEFT')", name="status_is_known"),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
    )

    joint_purchase_id: Mapped[UUID] = mapped_column(ForeignKey("joint_purchases.joint_purchase_id"))
    problem: Mapped[str] = mapped_column(Text, server_default=text("''"))
