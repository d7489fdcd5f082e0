"""Notes of demand."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class DemandNote(Base):
    """What somebody has undertaken or planned to buy of a county's product: a contract, a canteen's plan, a deal of a
    fair. A note is withdrawn, never deleted."""

    __tablename__ = "demand_notes"
    __table_args__ = (
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_in_range"),
        CheckConstraint("source IN ('contract', 'plan', 'fair', 'pledge')", name="source_known"),
        Index("ix_demand_notes_county_code", "county_code", "year", "product_name"),
    )

    demand_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    product_name: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    quantity_g: Mapped[int] = mapped_column(BigInteger)
    buyer_name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    noted_at: Mapped[datetime] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()
