"""Sites that suppliers ship from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class StockSite(Base):
    """A store of a supplier. No temperature classes means that it keeps them all. A supplier's first pieces make its
    default site, which is meant wherever none is named and cannot be closed."""

    __tablename__ = "stock_sites"
    __table_args__ = (
        CheckConstraint("is_active OR NOT is_default", name="default_is_active"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_code_is_one"),
        UniqueConstraint("supplier_id", "name"),
        Index("ix_stock_sites_supplier_id_default", "supplier_id", unique=True, postgresql_where=text("is_default")),
    )

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    temperature_classes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
