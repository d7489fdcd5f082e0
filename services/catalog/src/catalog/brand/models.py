"""Regional public brands (区域公用品牌) and who may use them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Brand(Base):
    """A brand that a region owns and lets its suppliers use for these categories."""

    __tablename__ = "brands"
    __table_args__ = (
        CheckConstraint("status IN ('ACTIVE', 'RETIRED')", name="status_known"),
        CheckConstraint("cardinality(categories) > 0", name="has_categories"),
        UniqueConstraint("region_code", "name", name="uq_brands_region_code_name"),
    )

    brand_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    region_name: Mapped[str] = mapped_column(Text)
    owner_office: Mapped[str] = mapped_column(Text)
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    quality_rule: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class BrandGrant(Base):
    """A supplier's leave to use a brand from one day to another, on so many labels. The number can be checked by
    anyone. A supplier has one grant of a brand in force."""

    __tablename__ = "brand_grants"
    __table_args__ = (
        CheckConstraint("status IN ('IN_FORCE', 'REVOKED', 'EXPIRED')", name="status_known"),
        CheckConstraint("valid_until_on >= valid_from_on", name="days_in_order"),
        CheckConstraint("quota_count > 0 AND used_count BETWEEN 0 AND quota_count", name="used_within_quota"),
        CheckConstraint("status <> 'REVOKED' OR revoked_reason <> ''", name="revoked_with_reason"),
        UniqueConstraint("certificate_number", name="uq_brand_grants_certificate_number"),
        Index(
            "uq_brand_grants_in_force",
            "brand_id",
            "supplier_id",
            unique=True,
            postgresql_where=text("status = 'IN_FORCE'"),
        ),
        Index("ix_brand_grants_supplier_id", "supplier_id", "grant_id"),
        Index("ix_brand_grants_valid_until_on", "valid_until_on", postgresql_where=text("status = 'IN_FORCE'")),
    )

    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    brand_id: Mapped[UUID] = mapped_column(ForeignKey("brands.brand_id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    supplier_name: Mapped[str] = mapped_column(Text)
    certificate_number: Mapped[str] = mapped_column(Text)
    valid_from_on: Mapped[date] = mapped_column(Date)
    valid_until_on: Mapped[date] = mapped_column(Date)
    quota_count: Mapped[int] = mapped_column(Integer)
    used_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    status: Mapped[str] = mapped_column(Text)
    revoked_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    granted_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class BrandSerial(Base):
    """The last certificate number given out in a region and year."""

    __tablename__ = "brand_serials"

    region_code: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(Integer)
