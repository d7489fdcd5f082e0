"""Photos that buyers send with claims, returns and reviews: the bytes are in the file store."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Photo(Base):
    """`key` is the SHA-256 of the bytes with the ending of their type. `subject_id` is the claim, return or review that
    shows it, and says who may see it; one photo proves one thing."""

    __tablename__ = "photos"

    photo_id: Mapped[UUID] = mapped_column(primary_key=True)
    uploaded_by: Mapped[UUID]
    key: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    subject_id: Mapped[UUID | None] = mapped_column(index=True)
    supplier_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    is_public: Mapped[bool]
    uploaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
