"""Imports: an uploaded file on its way into the tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class ImportBatch(Base):
    """One uploaded file.

    `checked_through` and `applied_through` are the last rows of the sheet that are done: they move in the transaction
    that does the work, so that whoever goes on after a killed worker begins behind them. A worker holds the batch until
    `held_until`. `caller_kind`, `roles` and `regions` (null: everywhere) are the uploader's; `refusal` and `warnings`
    are codes with facts.
    """

    __tablename__ = "import_batches"
    __table_args__ = (
        CheckConstraint(
            "status IN ('UPLOADED', 'CHECKING', 'CHECKED', 'APPLYING', 'APPLIED', 'REFUSED', 'FAILED', 'CANCELLED')",
            name="status_known",
        ),
        CheckConstraint("mode IN ('', 'abort', 'skip')", name="mode_known"),
        CheckConstraint("status NOT IN ('APPLYING', 'APPLIED') OR mode <> ''", name="mode_chosen"),
        CheckConstraint("size_bytes > 0", name="size_positive"),
        CheckConstraint(
            "new_count >= 0 AND changed_count >= 0 AND unchanged_count >= 0 AND bad_count >= 0 AND "
            "new_count + changed_count + unchanged_count + bad_count = checked_count",
            name="check_adds_up",
        ),
        CheckConstraint(
            "created_count + updated_count + kept_count + lost_count = applied_count", name="apply_adds_up"
        ),
        Index(
            "uq_import_batches_open_file",
            "kind",
            "sha256",
            text("coalesce(organisation_id, person_id)"),
            text("coalesce(supplier_id, person_id)"),
            unique=True,
            postgresql_where=text("status IN ('UPLOADED', 'CHECKING', 'CHECKED', 'APPLYING')"),
        ),
        Index("ix_import_batches_organisation_id", "organisation_id", "batch_id"),
        Index("ix_import_batches_supplier_id", "supplier_id", "batch_id"),
        Index(
            "ix_import_batches_working",
            "held_until",
            postgresql_where=text("status IN ('UPLOADED', 'CHECKING', 'APPLYING')"),
        ),
    )

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    supplier_id: Mapped[UUID | None] = mapped_column(ForeignKey("suppliers.supplier_id"))
    person_id: Mapped[UUID] = mapped_column()
    caller_kind: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    regions: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text, server_default=text("''"))
    file_format: Mapped[str] = mapped_column(Text, server_default=text("''"))
    encoding: Mapped[str] = mapped_column(Text, server_default=text("''"))
    heads: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    row_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    checked_through: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    checked_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    new_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    changed_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    unchanged_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    bad_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    applied_through: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    applied_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    updated_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    kept_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    lost_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    held_by: Mapped[UUID | None] = mapped_column()
    held_until: Mapped[datetime | None] = mapped_column()
    attempt_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    uploaded_at: Mapped[datetime] = mapped_column()
    checked_at: Mapped[datetime | None] = mapped_column()
    finished_at: Mapped[datetime | None] = mapped_column()
    rows_cleared_at: Mapped[datetime | None] = mapped_column()
