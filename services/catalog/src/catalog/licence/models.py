"""Licences of suppliers."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Licence(Base):
    """A licence with its scan. `valid_until` is the last day on which it holds, NULL for an open end; `principal_id`
    the supplier that gave an agent its mandate. `ended_at` is set when its end was acted on."""

    __tablename__ = "licences"
    __table_args__ = (
        CheckConstraint("status IN ('FILED', 'VERIFIED', 'REFUSED', 'WITHDRAWN')", name="status_known"),
        CheckConstraint("valid_until >= valid_from", name="days_in_order"),
        CheckConstraint("(type = 'agency_mandate') = (principal_id IS NOT NULL)", name="a_mandate_is_of_somebody"),
        CheckConstraint("principal_id <> supplier_id", name="nobody_is_his_own_principal"),
        CheckConstraint("status <> 'REFUSED' OR status_reason <> ''", name="a_refusal_has_a_reason"),
        Index("ix_licences_supplier_id", "supplier_id", "licence_id"),
        Index(
            "ix_licences_valid_until",
            "valid_until",
            "licence_id",
            postgresql_where=text("status = 'VERIFIED' AND ended_at IS NULL"),
        ),
        Index("ix_licences_principal_id", "principal_id", postgresql_where=text("principal_id IS NOT NULL")),
        Index(
            "uq_licences_number",
            "supplier_id",
            "type",
            "number",
            "valid_from",
            unique=True,
            postgresql_where=text("status IN ('FILED', 'VERIFIED')"),
        ),
    )

    licence_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    type: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.document_id"))
    principal_id: Mapped[UUID | None] = mapped_column(ForeignKey("suppliers.supplier_id"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    decided_by: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    filed_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
