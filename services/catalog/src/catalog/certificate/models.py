"""The certificates that products carry."""

from datetime import date
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Certificate(Base):
    """A certificate of a product; it counts until `valid_until`, that day included."""

    __tablename__ = "certificates"

    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"), primary_key=True)
    type: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[str] = mapped_column(Text, primary_key=True)
    valid_until: Mapped[date | None] = mapped_column(Date)
