"""Cases of market supervision, and the measures that they order."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class EnforcementCase(Base):
    """A case against a supplier, about all of it, one product or one lot."""

    __tablename__ = "enforcement_cases"
    __table_args__ = (
        CheckConstraint("subject_kind IN ('supplier', 'product', 'lot')", name="subject_kind_known"),
        CheckConstraint("status IN ('OPENED', 'INVESTIGATING', 'MEASURES', 'CLOSED', 'DROPPED')", name="status_known"),
        CheckConstraint("result IN ('', 'violation', 'corrected', 'no_violation')", name="result_known"),
        CheckConstraint("(status = 'CLOSED') = (result <> '')", name="closed_with_result"),
        Index("ix_enforcement_cases_county_code_case_id", "county_code", "case_id"),
        Index("ix_enforcement_cases_supplier_id_case_id", "supplier_id", "case_id"),
    )

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    supplier_name: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column()
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.product_id"))
    title: Mapped[str] = mapped_column(Text)
    grounds: Mapped[str] = mapped_column(Text)
    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text, server_default=text("''"))
    conclusion: Mapped[str] = mapped_column(Text, server_default=text("''"))
    opened_on: Mapped[date] = mapped_column(Date)
    deadline_on: Mapped[date] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    opened_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class EnforcementMeasure(Base):
    """Something that a case orders. While a seizure or a delisting stands, the product cannot be sold."""

    __tablename__ = "enforcement_measures"
    __table_args__ = (
        CheckConstraint("kind IN ('order_correction', 'seize', 'fine', 'delist')", name="kind_known"),
        CheckConstraint("status IN ('ORDERED', 'MET', 'LIFTED')", name="status_known"),
        CheckConstraint("(kind = 'fine') = (fine_fen IS NOT NULL)", name="only_fines_have_fen"),
        CheckConstraint("fine_fen > 0", name="fine_positive"),
        Index("ix_enforcement_measures_case_id", "case_id", "measure_id"),
        Index(
            "ix_enforcement_measures_standing",
            "supplier_id",
            postgresql_where=text("status = 'ORDERED' AND kind IN ('seize', 'delist')"),
        ),
    )

    measure_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("enforcement_cases.case_id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.product_id"))
    kind: Mapped[str] = mapped_column(Text)
    fine_fen: Mapped[int | None] = mapped_column(BigInteger)
    instruction: Mapped[str] = mapped_column(Text)
    deadline_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    ordered_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
