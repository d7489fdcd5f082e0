"""A unit's purchase, its lines at their prices, and the papers that a union's rule asks for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base

_NOTHING = text("''")


class Purchase(Base):
    """What a unit wants to buy. `approved_digest` is what was approved; it is ordered only while it is the same."""

    __tablename__ = "purchases"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'APPROVED', 'ORDERED', 'REFUSED', 'WITHDRAWN', 'VOIDED')",
            name="status_is_known",
        ),
        CheckConstraint(
            "way IN ('DIRECT', 'QUOTATION', 'AUCTION', 'CALL_OFF', 'CROP', 'JOINT', 'RESERVE', 'ABSORPTION', 'GIFT')",
            name="way_is_known",
        ),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("goods_fen >= 0 AND delivery_fen >= 0", name="money_is_not_negative"),
        CheckConstraint("total_fen = goods_fen + delivery_fen", name="total_adds_up"),
        CheckConstraint(
            "status NOT IN ('APPROVED', 'ORDERED') OR approved_digest = digest", name="approved_is_what_it_is"
        ),
        CheckConstraint("(status = 'ORDERED') = (ordered_at IS NOT NULL)", name="ordered_has_instant"),
        CheckConstraint(
            "status NOT IN ('SUBMITTED', 'APPROVED', 'ORDERED')"
            " OR (submitted_at IS NOT NULL AND budget_year IS NOT NULL AND county_code IS NOT NULL)",
            name="submitted_is_whole",
        ),
        CheckConstraint(
            "(county_code IS NULL) = (recipient IS NULL) AND (county_code IS NULL) = (phone IS NULL)"
            " AND (county_code IS NULL) = (address_detail IS NULL)",
            name="address_is_whole",
        ),
        CheckConstraint("(approved_by_kind IS NULL) = (approved_by_id IS NULL)", name="approved_by_is_whole"),
        Index(
            "ix_purchases_one_of_a_source",
            "way",
            "source_id",
            unique=True,
            postgresql_where=text("source_id IS NOT NULL"),
        ),
        Index(None, "unit_id", "created_at", "purchase_id"),
    )

    purchase_id: Mapped[UUID] = mapped_column(primary_key=True)
    purchase_number: Mapped[str] = mapped_column(Text, unique=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    way: Mapped[str] = mapped_column(Text)
    source_id: Mapped[UUID | None]
    fund: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    status: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    county_code: Mapped[str | None] = mapped_column(Text)
    address_detail: Mapped[str | None] = mapped_column(Text)
    goods_fen: Mapped[int] = mapped_column(BigInteger)
    delivery_fen: Mapped[int] = mapped_column(BigInteger)
    total_fen: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(Text)
    approved_digest: Mapped[str | None] = mapped_column(Text)
    approved_by_kind: Mapped[str | None] = mapped_column(Text)
    approved_by_id: Mapped[UUID | None]
    budget_year: Mapped[int | None] = mapped_column(Integer)
    created_by: Mapped[UUID | None]
    submitted_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ordered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PurchaseItem(Base):
    """A line at the price that was seen when it was written; `is_agreed` where the way to buy agreed on it."""

    __tablename__ = "purchase_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("unit_price_fen >= 0", name="price_is_not_negative"),
        UniqueConstraint("purchase_id", "sku_id"),
    )

    purchase_id: Mapped[UUID] = mapped_column(ForeignKey("purchases.purchase_id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sku_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    product_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    specification_en: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_fen: Mapped[int] = mapped_column(BigInteger)
    is_agreed: Mapped[bool]


class PurchasePaper(Base):
    """A paper beside a purchase; `counted` is how many quotes or people it proves. `key` names its bytes."""

    __tablename__ = "purchase_papers"
    __table_args__ = (
        CheckConstraint("kind IN ('MINUTES', 'GROUP', 'QUOTE', 'CHAIR', 'COMPETITION')", name="kind_is_known"),
        CheckConstraint("counted BETWEEN 1 AND 99", name="counts_something"),
        UniqueConstraint("purchase_id", "key", "kind"),
    )

    paper_id: Mapped[UUID] = mapped_column(primary_key=True)
    purchase_id: Mapped[UUID] = mapped_column(ForeignKey("purchases.purchase_id"))
    kind: Mapped[str] = mapped_column(Text)
    counted: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
