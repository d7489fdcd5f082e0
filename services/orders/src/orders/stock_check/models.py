"""What the daily check did and found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class StockCheck(Base):
    """One run. `looked_to` is the last SKU of its last batch: a run that was cut off goes on from there."""

    __tablename__ = "stock_checks"

    check_id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sku_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    finding_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    looked_to: Mapped[UUID | None]


class StockFinding(Base):
    """A SKU whose ledger, counters, shelves and holds disagreed; one open at a time. `figures` is what was seen;
    `adjusted_by` the pieces by which a repair then corrected the ledger."""

    __tablename__ = "stock_findings"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'REPAIRED', 'GONE')", name="status_is_known"),
        CheckConstraint("(status = 'OPEN') = (ended_at IS NULL)", name="ended_has_instant"),
        CheckConstraint("status <> 'REPAIRED' OR reason <> ''", name="repair_is_explained"),
        Index(None, "check_id"),
        Index("ix_stock_findings_sku_id_open", "sku_id", unique=True, postgresql_where=text("status = 'OPEN'")),
    )

    finding_id: Mapped[UUID] = mapped_column(primary_key=True)
    check_id: Mapped[UUID] = mapped_column(ForeignKey("stock_checks.check_id"))
    sku_id: Mapped[UUID]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    adjusted_by: Mapped[int] = mapped_column(Integer, server_default=text("0"))
