"""What other authorities' lists said."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class CreditShareLine(Base):
    """A line of a list that another authority shared (S32); `supplier_id` is the hit among ours, if there is one."""

    __tablename__ = "credit_share_lines"
    __table_args__ = (
        UniqueConstraint("source", "uscc", "list", "document_number", name="uq_credit_share_lines_fact"),
        Index("ix_credit_share_lines_line_id", "line_id", postgresql_where=text("supplier_id IS NOT NULL")),
    )

    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    list: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    document_number: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    supplier_id: Mapped[UUID | None] = mapped_column(ForeignKey("suppliers.supplier_id"))
    county_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    imported_at: Mapped[datetime] = mapped_column()
