"""Invoice titles that a person keeps, and those of orders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base

_KINDS = "kind IN ('PERSONAL', 'ENTERPRISE', 'UNIT')"
_IDS = (
    "CASE kind WHEN 'PERSONAL' THEN taxpayer_id = '' WHEN 'ENTERPRISE' THEN length(taxpayer_id) = 18"
    " ELSE length(taxpayer_id) IN (0, 18) END"
)


class SavedInvoiceTitle(Base):
    """One entry of a person's book of invoice titles."""

    __tablename__ = "saved_invoice_titles"
    __table_args__ = (
        CheckConstraint(_KINDS, name="kind_is_known"),
        CheckConstraint(_IDS, name="taxpayer_id_fits_kind"),
        Index("ix_saved_invoice_titles_one_default", "person_id", unique=True, postgresql_where=text("is_default")),
        Index(
            "ix_saved_invoice_titles_once_each",
            *("person_id", "kind", "name", "taxpayer_id", "email"),
            unique=True,
        ),
    )

    title_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    taxpayer_id: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(Boolean)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OrderInvoiceTitle(Base):
    """To whom an order's invoices are made out; it may change until something has left its supplier."""

    __tablename__ = "order_invoice_titles"
    __table_args__ = (
        CheckConstraint(_KINDS, name="kind_is_known"),
        CheckConstraint(_IDS, name="taxpayer_id_fits_kind"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    taxpayer_id: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
