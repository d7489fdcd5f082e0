"""The rows of imported files."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class ImportRow(Base):
    """A row of a file by its number in the sheet: its values (null if it is bad), its cells as they were typed (a JSON
    list, for the file of bad rows), and what is wrong with it."""

    __tablename__ = "import_rows"
    __table_args__ = (
        CheckConstraint('("values" IS NULL) = (faults IS NOT NULL)', name="good_or_bad"),
        Index("ix_import_rows_bad", "batch_id", "row_number", postgresql_where=text("faults IS NOT NULL")),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batches.batch_id", ondelete="CASCADE"), primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    values: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    cells: Mapped[str] = mapped_column(Text)
    faults: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
