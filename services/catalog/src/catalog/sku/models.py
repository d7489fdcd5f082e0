"""SKUs: a product in one pack."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Sku(Base):
    """`revision` counts every change that an event tells of; If-Match refers to it.

    `is_listed` says that it is on the shelf: the database refuses it while the product is not LISTED. `is_paused` says
    that it is shown there but not sold now, out of its season or between a presale and its shipping; `turns_at` is when
    a season, presale or price by quantity next changes that or what is shown. `is_approved` says that a reviewer has
    seen the pack. An empty `gtin` is a pack without a bar code; `supplier_code` is the supplier's own.
    """

    __tablename__ = "skus"
    __table_args__ = (
        CheckConstraint("net_weight_g BETWEEN 1 AND 10000000", name="net_weight_in_range"),
        CheckConstraint("gtin ~ '^([0-9]{8}|[0-9]{12,14})?$'", name="gtin_form"),
        CheckConstraint("is_approved OR NOT is_listed", name="listed_is_approved"),
        Index("ix_skus_product_id_sku_id", "product_id", "sku_id"),
        Index(
            "uq_skus_product_id_supplier_code",
            "product_id",
            "supplier_code",
            unique=True,
            postgresql_where=text("supplier_code <> ''"),
        ),
        Index("ix_skus_supplier_code", "supplier_code", "sku_id", postgresql_where=text("supplier_code <> ''")),
        Index("ix_skus_turns_at", "turns_at", postgresql_where=text("is_listed AND turns_at IS NOT NULL")),
    )

    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    specification: Mapped[str] = mapped_column(Text)
    specification_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    net_weight_g: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(Text, server_default=text("'piece'"))
    grade: Mapped[str] = mapped_column(Text, server_default=text("''"))
    gtin: Mapped[str] = mapped_column(Text, server_default=text("''"))
    supplier_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    is_approved: Mapped[bool] = mapped_column(server_default=text("true"))
    is_listed: Mapped[bool] = mapped_column(server_default=text("false"))
    is_paused: Mapped[bool] = mapped_column(server_default=text("false"))
    turns_at: Mapped[datetime | None] = mapped_column()
    delisted_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
