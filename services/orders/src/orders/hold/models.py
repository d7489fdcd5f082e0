"""Holds that are no order's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class HoldTerm(Base):
    """Who holds pieces for what and until when; the pieces are the rows of `stock_holds` under the same id. Its row is
    locked before theirs. A cart's is the buyer's own, one at a time, and the order that uses it ends it. `supplier_id`
    is the supplier that holds its own goods, none for an operator's campaign."""

    __tablename__ = "stock_terms"
    __table_args__ = (
        CheckConstraint("purpose IN ('cart', 'campaign')", name="purpose_is_known"),
        CheckConstraint("status IN ('OPEN', 'RELEASED', 'EXPIRED', 'USED')", name="status_is_known"),
        CheckConstraint("(status = 'OPEN') = (ended_at IS NULL)", name="ended_has_instant"),
        Index("ix_stock_terms_expires_at_open", "expires_at", postgresql_where=text("status = 'OPEN'")),
        Index(None, "supplier_id", "holder_id"),
        Index(
            "ix_stock_terms_one_open_cart",
            "owner_id",
            unique=True,
            postgresql_where=text("purpose = 'cart' AND status = 'OPEN'"),
        ),
        Index("ix_stock_terms_owner_id_cart", "owner_id", "created_at", postgresql_where=text("purpose = 'cart'")),
    )

    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID]
    supplier_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
