"""Files of dispatches, and each of their rows with what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class DispatchFile(Base):
    """A supplier's file. The same bytes are one file, however often they are sent."""

    __tablename__ = "dispatch_files"
    __table_args__ = (
        CheckConstraint("status IN ('CHECKED', 'APPLYING', 'DONE')", name="status_is_known"),
        CheckConstraint("(started_at IS NULL) = (status = 'CHECKED')", name="started_has_instant"),
        CheckConstraint("(ended_at IS NULL) = (status <> 'DONE')", name="ended_has_instant"),
        UniqueConstraint("supplier_id", "digest"),
        Index(None, "supplier_id", "uploaded_at", "file_id"),
        Index("ix_dispatch_files_applying", "file_id", postgresql_where=text("status = 'APPLYING'")),
    )

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Text)
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_by: Mapped[UUID | None]
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DispatchFileRow(Base):
    """A filled row: its cells as typed, and as they were understood. READY waits to be sent, WRONG is to be corrected;
    SENT left, REFUSED could not leave when its turn came."""

    __tablename__ = "dispatch_file_rows"
    __table_args__ = (
        CheckConstraint("status IN ('READY', 'WRONG', 'SENT', 'REFUSED')", name="status_is_known"),
        CheckConstraint("(status IN ('WRONG', 'REFUSED')) = (code <> '')", name="refused_says_why"),
        CheckConstraint(
            "status = 'WRONG' OR (shipment_id IS NOT NULL AND sku_id IS NOT NULL AND quantity > 0"
            " AND carrier_code IS NOT NULL AND waybill_number IS NOT NULL)",
            name="good_is_understood",
        ),
        Index("ix_dispatch_file_rows_ready", "file_id", "shipment_id", postgresql_where=text("status = 'READY'")),
    )

    file_id: Mapped[UUID] = mapped_column(ForeignKey("dispatch_files.file_id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    cells: Mapped[dict[str, str]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    shipment_id: Mapped[UUID | None]
    sku_id: Mapped[UUID | None]
    quantity: Mapped[int | None] = mapped_column(Integer)
    carrier_code: Mapped[str | None] = mapped_column(Text)
    waybill_number: Mapped[str | None] = mapped_column(Text)
    lot_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    column_key: Mapped[str] = mapped_column(Text, server_default=text("''"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
