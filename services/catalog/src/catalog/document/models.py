"""Uploaded documents: the bytes are in the file store, this says what they are and whose."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Document(Base):
    """`key` is the SHA-256 of the bytes with the file ending of their type. `county_code` names the county whose
    officials may read it; `is_public` is set by what shows it to everybody, such as a certificate in force."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("size_bytes BETWEEN 1 AND 10485760", name="size_in_range"),
        Index("ix_documents_organisation_id", "organisation_id", "document_id"),
    )

    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column()
    county_code: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    is_public: Mapped[bool] = mapped_column(server_default=text("false"))
    uploaded_at: Mapped[datetime] = mapped_column()
