"""Promotions, their budgets and caps, coupons, and what orders took of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Promotion(Base):
    """A promotion of the platform (`supplier_id` null) or of a supplier for its own SKUs; `bearer` pays for it."""

    __tablename__ = "promotions"
    __table_args__ = (
        CheckConstraint("status IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')", name="status_is_known"),
        CheckConstraint(
            "kind IN ('limited-price', 'member-price', 'bundle', 'amount-off', 'gift', 'exchange', 'coupon')",
            name="kind_is_known",
        ),
        CheckConstraint("bearer IN ('platform', 'supplier')", name="bearer_is_known"),
        CheckConstraint("supplier_id IS NULL OR bearer = 'supplier'", name="supplier_bears_its_own"),
        CheckConstraint("starts_at < ends_at", name="period_is_not_empty"),
        CheckConstraint("person_cap > 0", name="cap_is_positive"),
        CheckConstraint("budget_fen >= 0", name="budget_is_not_negative"),
        Index(None, "status", "ends_at"),
        Index("ix_promotions_supplier_id_created_at", "supplier_id", "created_at", "promotion_id"),
    )

    promotion_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID | None]
    bearer: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    priority: Mapped[int] = mapped_column(Integer)
    exclusive_group: Mapped[str] = mapped_column(Text, server_default=text("''"))
    person_cap: Mapped[int | None] = mapped_column(Integer)
    budget_fen: Mapped[int | None] = mapped_column(BigInteger)
    is_claimable: Mapped[bool] = mapped_column(server_default=text("false"))
    coupon_limit: Mapped[int | None] = mapped_column(Integer)
    coupon_days: Mapped[int | None] = mapped_column(Integer)
    scope: Mapped[dict[str, Any]] = mapped_column(JSONB)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    gift_sku_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PromotionBalance(Base):
    """A budget: what is left, what unpaid orders hold, what paid orders took. Without a budget there is no row."""

    __tablename__ = "promotion_balances"
    __table_args__ = (
        CheckConstraint("balance_fen >= 0 AND held_fen >= 0 AND kept_fen >= 0", name="never_below_zero"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.promotion_id"), primary_key=True)
    balance_fen: Mapped[int] = mapped_column(BigInteger)
    held_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    kept_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class PromotionEntry(Base):
    """One entry of a budget's ledger: granted, held, kept or returned; never changed afterwards."""

    __tablename__ = "promotion_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('granted', 'held', 'kept', 'returned')", name="kind_is_known"),
        CheckConstraint("(kind = 'granted') = (order_id IS NULL)", name="order_or_grant"),
        CheckConstraint("fen > 0 OR kind = 'granted'", name="fen_is_positive"),
        Index(None, "promotion_id", "entry_id"),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.promotion_id"))
    kind: Mapped[str] = mapped_column(Text)
    fen: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[UUID | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PromotionTaking(Base):
    """How often a person took part in a promotion, with the cap that held then."""

    __tablename__ = "promotion_takings"
    __table_args__ = (
        CheckConstraint("taken_count BETWEEN 0 AND cap_count", name="within_the_cap"),
        Index(None, "person_id"),
    )

    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.promotion_id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    taken_count: Mapped[int] = mapped_column(Integer)
    cap_count: Mapped[int] = mapped_column(Integer)


class Coupon(Base):
    """A coupon: issued with a code, or claimed by a person; used once."""

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("status IN ('ISSUED', 'CLAIMED', 'HELD', 'USED')", name="status_is_known"),
        CheckConstraint("(status = 'ISSUED') = (holder_id IS NULL)", name="claimed_has_holder"),
        CheckConstraint("(status IN ('HELD', 'USED')) = (order_id IS NOT NULL)", name="held_by_an_order"),
        Index(None, "holder_id", "status"),
        Index(None, "promotion_id", "coupon_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    coupon_id: Mapped[UUID] = mapped_column(primary_key=True)
    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.promotion_id"))
    code: Mapped[str | None] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(Text)
    holder_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PromotionUse(Base):
    """What an order took of a promotion, and whose money it was."""

    __tablename__ = "promotion_uses"
    __table_args__ = (
        CheckConstraint("status IN ('HELD', 'KEPT', 'RETURNED')", name="status_is_known"),
        CheckConstraint("discount_fen >= 0", name="discount_is_not_negative"),
        Index(None, "promotion_id", "order_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    promotion_id: Mapped[UUID] = mapped_column(ForeignKey("promotions.promotion_id"), primary_key=True)
    person_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    bearer: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID | None]
    coupon_id: Mapped[UUID | None]
    discount_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
