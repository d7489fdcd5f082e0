"""Lots and the serials of their trace codes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Lot(Base):
    """What was harvested of one product on one day; `county_code` is the product's origin then, and stays.

    `held_by` says who holds it (`supplier`, `clock`, `official`, `operator`) while it is HELD, and only then.
    """

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'HELD', 'CLOSED', 'RECALLED')", name="status_known"),
        CheckConstraint("(held_by IS NOT NULL) = (status = 'HELD')", name="held_by_somebody"),
        CheckConstraint("held_by IN ('supplier', 'clock', 'official', 'operator')", name="held_by_known"),
        CheckConstraint("status IN ('OPEN', 'CLOSED') OR status_reason <> ''", name="held_with_reason"),
        CheckConstraint("code ~ '^[0-9]{22}[0-9A-HJ-NPQRTUWXY]$'", name="code_form"),
        CheckConstraint("quantity_g BETWEEN 1 AND 1000000000000", name="quantity_in_range"),
        Index("ix_lots_supplier_id", "supplier_id", "created_at", "lot_id"),
        Index("ix_lots_county_code", "county_code", "created_at", "lot_id"),
        Index("ix_lots_created_at", "created_at", "lot_id"),
        Index("ix_lots_product_id", "product_id"),
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    village: Mapped[str] = mapped_column(Text, server_default=text("''"))
    harvested_on: Mapped[date] = mapped_column(Date)
    quantity_g: Mapped[int] = mapped_column(BigInteger)
    external_trace_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    held_by: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class LotSku(Base):
    """A pack that the lot is sold in."""

    __tablename__ = "lot_skus"
    __table_args__ = (Index("ix_lot_skus_sku_id", "sku_id"),)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.lot_id"), primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.sku_id"), primary_key=True)


class LotCertificate(Base):
    """A certificate that goes with the lot."""

    __tablename__ = "lot_certificates"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.lot_id"), primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.certificate_id"), primary_key=True)


class LotInspection(Base):
    """A report on the lot."""

    __tablename__ = "lot_inspections"
    __table_args__ = (Index("ix_lot_inspections_inspection_id", "inspection_id"),)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.lot_id"), primary_key=True)
    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspections.inspection_id"), primary_key=True)


class TraceSubject(Base):
    """A supplier's serial within a county, the middle of its trace codes; given once, never changed."""

    __tablename__ = "trace_subjects"
    __table_args__ = (Index("uq_trace_subjects_serial", "county_code", "serial", unique=True),)

    county_code: Mapped[str] = mapped_column(Text, primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"), primary_key=True)
    serial: Mapped[int] = mapped_column(Integer)


class TraceCounter(Base):
    """The last serial given within a scope: a county's subjects, or a subject's lots of a day. Gaps do not matter."""

    __tablename__ = "trace_counters"

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(Integer)
