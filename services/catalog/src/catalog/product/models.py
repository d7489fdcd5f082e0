"""Products: what a supplier offers, whatever the pack."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Product(Base):
    """`number` is the short key that search uses; nobody outside sees it."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint(
            "season_from_month BETWEEN 1 AND 12 AND season_to_month BETWEEN 1 AND 12", name="season_months"
        ),
        CheckConstraint("shelf_life_days BETWEEN 1 AND 36500", name="shelf_life_positive"),
        Index("uq_products_number", "number", unique=True),
        Index("ix_products_supplier_id_product_id", "supplier_id", "product_id"),
    )

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, Identity(always=True))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    category: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    season_from_month: Mapped[int] = mapped_column(SmallInteger)
    season_to_month: Mapped[int] = mapped_column(SmallInteger)
    shelf_life_days: Mapped[int] = mapped_column(Integer)
    temperature_class: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
