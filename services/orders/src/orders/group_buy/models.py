"""Group buys and who joined them with which order."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class GroupBuy(Base):
    """One SKU at a price for many: it holds if enough is paid in time. The counters follow the joins (by a trigger):
    `taken_count` is all that is joined, `paid_count` what of it is paid; `reached_count` is what was paid when a group
    ended without forming. The pieces set aside are the hold under the same id."""

    __tablename__ = "group_buys"
    __table_args__ = (
        CheckConstraint("status IN ('DRAFT', 'OPEN', 'FORMED', 'FAILED', 'CANCELLED')", name="status_is_known"),
        CheckConstraint("price_fen > 0", name="price_is_positive"),
        CheckConstraint("min_count > 0", name="minimum_is_positive"),
        CheckConstraint("max_count >= min_count", name="maximum_reaches_minimum"),
        CheckConstraint("person_cap > 0", name="cap_is_positive"),
        CheckConstraint("paid_count BETWEEN 0 AND taken_count", name="paid_fits_taken"),
        CheckConstraint("taken_count <= max_count", name="taken_fits_maximum"),
        CheckConstraint("(status = 'FORMED') = (formed_at IS NOT NULL)", name="formed_has_instant"),
        CheckConstraint("(status IN ('FAILED', 'CANCELLED')) = (ended_at IS NOT NULL)", name="ended_has_instant"),
        Index("ix_group_buys_closes_at_open", "closes_at", postgresql_where=text("status = 'OPEN'")),
        Index("ix_group_buys_supplier_id", "supplier_id", "group_buy_id"),
        Index("ix_group_buys_status_closes_at", "status", "closes_at", "group_buy_id"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    group_buy_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID]
    sku_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    price_fen: Mapped[int] = mapped_column(BigInteger)
    min_count: Mapped[int] = mapped_column(Integer)
    max_count: Mapped[int | None] = mapped_column(Integer)
    person_cap: Mapped[int | None] = mapped_column(Integer)
    closes_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    taken_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    paid_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reached_count: Mapped[int | None] = mapped_column(Integer)
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    formed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class GroupBuyJoin(Base):
    """An order in a group. Its status follows the order's (by a trigger); `is_announced` says that OrderPaid was
    published. `set_aside_count` of its pieces came from what the group had set aside."""

    __tablename__ = "group_buy_joins"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("set_aside_count BETWEEN 0 AND quantity", name="set_aside_fits"),
        CheckConstraint("status IN ('PLACED', 'PAID', 'LEFT')", name="status_is_known"),
        Index("ix_group_buy_joins_group_buy_id", "group_buy_id", "order_id"),
        Index("ix_group_buy_joins_person_id", "person_id", "order_id"),
        Index(
            "ix_group_buy_joins_waiting",
            "group_buy_id",
            postgresql_where=text("status <> 'LEFT' AND NOT is_announced"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    group_buy_id: Mapped[UUID] = mapped_column(ForeignKey("group_buys.group_buy_id"))
    person_id: Mapped[UUID]
    quantity: Mapped[int] = mapped_column(Integer)
    set_aside_count: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    is_announced: Mapped[bool] = mapped_column(server_default=text("false"))
    joined_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
