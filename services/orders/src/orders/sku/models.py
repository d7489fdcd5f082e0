"""The replica of what the catalog lets us sell."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class SellableSku(Base):
    """A SKU as the catalog last told it. The row stays after delisting: carts and old orders still name it."""

    __tablename__ = "sellable_skus"
    __table_args__ = (
        CheckConstraint("price_fen > 0", name="price_is_positive"),
        CheckConstraint("net_weight_g >= 0", name="weight_is_not_negative"),
        Index(None, "supplier_id", "sku_id"),
        {"postgresql_with": {"fillfactor": "85"}},
    )

    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    is_listed: Mapped[bool]
    delisted_reason: Mapped[str | None] = mapped_column(Text)
    product_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    supplier_county_code: Mapped[str] = mapped_column(Text)
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    specification: Mapped[str] = mapped_column(Text)
    specification_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    category: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(Text)
    designations: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    net_weight_g: Mapped[int] = mapped_column(BigInteger)
    price_fen: Mapped[int] = mapped_column(BigInteger)
    price_valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    price_valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    temperature_class: Mapped[str] = mapped_column(Text)
    shelf_life_days: Mapped[int] = mapped_column(Integer)
    price_tiers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    presale: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    tax: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    tax_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    unit: Mapped[str] = mapped_column(Text, server_default=text("''"))
    invoice_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
