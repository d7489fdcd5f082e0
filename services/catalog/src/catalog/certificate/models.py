"""The certificates that products carry."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Certificate(Base):
    """A certificate of a product, as its supplier submitted it and an official or operator decided.

    It counts while it is VERIFIED, from `valid_from` to `valid_until`, both days included. `county_code` is the
    origin's: its agriculture bureau decides. A product has a number once, refused and withdrawn ones aside.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint(
            "type IN ('green_food', 'organic', 'geographical_indication', 'sc_licence', 'conformity')",
            name="type_known",
        ),
        CheckConstraint("status IN ('SUBMITTED', 'VERIFIED', 'REFUSED', 'WITHDRAWN', 'EXPIRED')", name="status_known"),
        CheckConstraint("valid_from IS NULL OR valid_until IS NULL OR valid_until >= valid_from", name="days_in_order"),
        CheckConstraint("status <> 'REFUSED' OR status_reason <> ''", name="refused_with_reason"),
        Index(
            "uq_certificates_product_id_type_number",
            "product_id",
            "type",
            "number",
            unique=True,
            postgresql_where=text("status IN ('SUBMITTED', 'VERIFIED')"),
        ),
        Index("ix_certificates_product_id", "product_id"),
        Index("ix_certificates_supplier_id", "supplier_id", "certificate_id"),
        Index("ix_certificates_county_code", "county_code", "certificate_id"),
        Index("ix_certificates_ending", "valid_until", postgresql_where=text("status = 'VERIFIED'")),
    )

    certificate_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    county_code: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text, server_default=text("''"))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.document_id"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    submitted_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class ConformityStatement(Base):
    """What a conformity certificate (承诺达标合格证) states. `form` is the producer's or the buyer's; `contact` is
    shown to its supplier, officials and operators only."""

    __tablename__ = "conformity_statements"
    __table_args__ = (
        CheckConstraint("form IN ('producer', 'buyer')", name="form_known"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("cardinality(bases) > 0", name="has_basis"),
    )

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.certificate_id"), primary_key=True)
    form: Mapped[str] = mapped_column(Text)
    bases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    product_name: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    unit: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text, server_default=text("''"))
    issued_on: Mapped[date] = mapped_column(Date)
    lot_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
