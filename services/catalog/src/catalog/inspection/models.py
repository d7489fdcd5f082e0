"""Inspection reports and their items."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Inspection(Base):
    """A laboratory's report on a product, as its supplier submitted it and an official or operator decided.

    `is_passed` is true when every item is. `recognition` says why the laboratory's reports count in the county of
    origin: `own-province`, an agreement's name, or `listed`; it is noted when the report is accepted.
    """

    __tablename__ = "inspections"
    __table_args__ = (
        CheckConstraint("status IN ('SUBMITTED', 'ACCEPTED', 'REFUSED', 'WITHDRAWN', 'EXPIRED')", name="status_known"),
        CheckConstraint("sampled_on <= issued_on AND issued_on <= valid_until", name="days_in_order"),
        CheckConstraint("status <> 'REFUSED' OR status_reason <> ''", name="refused_with_reason"),
        CheckConstraint("status NOT IN ('ACCEPTED', 'EXPIRED') OR recognition <> ''", name="accepted_is_recognised"),
        Index(
            "uq_inspections_number",
            "product_id",
            "cma_number",
            "report_number",
            unique=True,
            postgresql_where=text("status IN ('SUBMITTED', 'ACCEPTED')"),
        ),
        Index("ix_inspections_product_id", "product_id"),
        Index("ix_inspections_supplier_id", "supplier_id", "inspection_id"),
        Index("ix_inspections_county_code", "county_code", "inspection_id"),
        Index("ix_inspections_ending", "valid_until", postgresql_where=text("status = 'ACCEPTED'")),
    )

    inspection_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    county_code: Mapped[str] = mapped_column(Text)
    report_number: Mapped[str] = mapped_column(Text)
    laboratory_name: Mapped[str] = mapped_column(Text)
    cma_number: Mapped[str] = mapped_column(Text)
    sampled_on: Mapped[date] = mapped_column(Date)
    issued_on: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    is_passed: Mapped[bool] = mapped_column()
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.document_id"))
    recognition: Mapped[str] = mapped_column(Text, server_default=text("''"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    submitted_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class InspectionItem(Base):
    """One thing that was measured. Value and limit are as the report prints them (未检出, ≤0.05)."""

    __tablename__ = "inspection_items"
    __table_args__ = (CheckConstraint("conclusion IN ('passed', 'failed')", name="conclusion_known"),)

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspections.inspection_id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    measured: Mapped[str] = mapped_column(Text)
    limit_value: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    conclusion: Mapped[str] = mapped_column(Text)
