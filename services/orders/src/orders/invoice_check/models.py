"""Invoices of units' orders, with their lines."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class UnitInvoice(Base):
    """An invoice that a supplier entered for an accepted order. Its lines come to its sums (held at commit); a number
    stands once over all orders."""

    __tablename__ = "unit_invoices"
    __table_args__ = (
        CheckConstraint("status IN ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'WITHDRAWN')", name="status_is_known"),
        CheckConstraint("kind IN ('VAT_SPECIAL', 'VAT_ORDINARY', 'E_INVOICE', 'FARM_PURCHASE')", name="kind_is_known"),
        CheckConstraint(
            "(number ~ '^[0-9]{8}$' AND code ~ '^[0-9]{10}([0-9]{2})?$') OR (number ~ '^[0-9]{20}$' AND code = '')",
            name="number_has_form",
        ),
        CheckConstraint("gross_fen > 0 AND tax_fen >= 0 AND net_fen + tax_fen = gross_fen", name="money_adds_up"),
        CheckConstraint("status <> 'REJECTED' OR reason <> ''", name="rejected_with_reason"),
        CheckConstraint("(file_key IS NULL) = (file_type IS NULL)", name="file_has_type"),
        Index(
            "ix_unit_invoices_number_once",
            *("number", "code"),
            unique=True,
            postgresql_where=text("status <> 'WITHDRAWN'"),
        ),
        Index("ix_unit_invoices_order_id", "order_id"),
    )

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    supplier_id: Mapped[UUID]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    status: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    number: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date] = mapped_column(Date)
    title: Mapped[str] = mapped_column(Text)
    taxpayer_id: Mapped[str] = mapped_column(Text)
    gross_fen: Mapped[int] = mapped_column(BigInteger)
    net_fen: Mapped[int] = mapped_column(BigInteger)
    tax_fen: Mapped[int] = mapped_column(BigInteger)
    file_key: Mapped[str | None] = mapped_column(Text)
    file_type: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class UnitInvoiceLine(Base):
    """A line as it stands on the invoice, with its tax parted; `rate_bp` is empty where it is exempt."""

    __tablename__ = "unit_invoice_lines"
    __table_args__ = (
        CheckConstraint("gross_fen > 0 AND tax_fen >= 0 AND net_fen + tax_fen = gross_fen", name="money_adds_up"),
        CheckConstraint("rate_bp BETWEEN 1 AND 10000", name="rate_is_plausible"),
        CheckConstraint("rate_bp IS NOT NULL OR tax_fen = 0", name="exempt_bears_no_tax"),
    )

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("unit_invoices.invoice_id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    order_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("order_lines.line_id"))
    name: Mapped[str] = mapped_column(Text)
    rate_bp: Mapped[int | None] = mapped_column(Integer)
    gross_fen: Mapped[int] = mapped_column(BigInteger)
    net_fen: Mapped[int] = mapped_column(BigInteger)
    tax_fen: Mapped[int] = mapped_column(BigInteger)
