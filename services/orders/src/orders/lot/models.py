"""Lots in stock, and which of the catalog's lots are on hold."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Date, DateTime, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class StockLot(Base):
    """A lot of a SKU as its supplier named it at a receipt; a trace code, if it has one. `expires_on` is its last
    day."""

    __tablename__ = "stock_lots"
    __table_args__ = (
        CheckConstraint("lot_number <> ''", name="number_is_there"),
        CheckConstraint("harvested_on <= expires_on", name="harvested_before_it_ends"),
        UniqueConstraint("sku_id", "lot_number"),
        Index(None, "lot_number"),
        Index(None, "expires_on"),
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID]
    lot_number: Mapped[str] = mapped_column(Text)
    harvested_on: Mapped[date | None] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    is_held: Mapped[bool] = mapped_column(server_default=text("false"))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class HeldLot(Base):
    """A lot that the catalog once held, as its latest event left it; for receipts that name it later."""

    __tablename__ = "held_lots"
    __table_args__ = (Index(None, "code"),)

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    sku_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    is_held: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
