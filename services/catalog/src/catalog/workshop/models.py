"""Village workshops."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Workshop(Base):
    """A village workshop (扶贫车间, 微工厂, 加工点) where people work near home. One that closed may open again."""

    __tablename__ = "labour_workshops"
    __table_args__ = (
        CheckConstraint("place_count > 0", name="places_positive"),
        CheckConstraint("status IN ('OPEN', 'CLOSED')", name="status_known"),
        CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", name="closed_when_closed"),
        Index("ix_labour_workshops_county_code", "county_code", "workshop_id"),
    )

    workshop_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    work: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID | None] = mapped_column(ForeignKey("suppliers.supplier_id"))
    place_count: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[datetime] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column()
    status: Mapped[str] = mapped_column(Text, server_default=text("'OPEN'"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
