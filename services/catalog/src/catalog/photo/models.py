"""Uploaded photos: the bytes are in the file store, this says what they are and whose."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Photo(Base):
    """`key` is the SHA-256 of the bytes with the file ending of their type."""

    __tablename__ = "photos"
    __table_args__ = (Index("ix_photos_key", "key"),)

    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    content_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    uploaded_at: Mapped[datetime] = mapped_column()
