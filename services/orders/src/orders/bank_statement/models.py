"""Bank statements as they were brought: what came in, and which lines could not be taken."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class BankStatement(Base):
    """One file of a supplier's account, or of the platform's (`supplier_id` empty)."""

    __tablename__ = "bank_statements"
    __table_args__ = (
        CheckConstraint(
            "line_count >= 0 AND known_count >= 0 AND outgoing_count >= 0 AND bad_count >= 0",
            name="counts_are_not_negative",
        ),
        Index("ix_bank_statements_file_once", "supplier_id", "sha256", unique=True, postgresql_nulls_not_distinct=True),
        Index("ix_bank_statements_imported_at", "imported_at", "statement_id"),
    )

    statement_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID | None]
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    line_count: Mapped[int] = mapped_column(Integer)
    known_count: Mapped[int] = mapped_column(Integer)
    outgoing_count: Mapped[int] = mapped_column(Integer)
    bad_count: Mapped[int] = mapped_column(Integer)
    imported_by: Mapped[UUID]
    imported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BankLine(Base):
    """Money that came in. `matched_fen` is the sum of its standing matches, moved by a trigger."""

    __tablename__ = "bank_lines"
    __table_args__ = (
        CheckConstraint("amount_fen > 0 AND matched_fen BETWEEN 0 AND amount_fen", name="matched_within_amount"),
        CheckConstraint(
            "NOT is_set_aside OR (matched_fen < amount_fen AND reason <> '')", name="set_aside_is_unmatched_with_reason"
        ),
        Index(
            "ix_bank_lines_once_each",
            *("supplier_id", "bank_number", "received_on", "amount_fen"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_bank_lines_statement_id", "statement_id", "row_number"),
        Index(
            "ix_bank_lines_open",
            *("supplier_id", "received_on", "line_id"),
            postgresql_where=text("matched_fen < amount_fen AND NOT is_set_aside"),
        ),
    )

    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statements.statement_id"))
    supplier_id: Mapped[UUID | None]
    row_number: Mapped[int] = mapped_column(Integer)
    bank_number: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date] = mapped_column(Date)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    matched_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    payer: Mapped[str] = mapped_column(Text)
    remark: Mapped[str] = mapped_column(Text)
    is_set_aside: Mapped[bool] = mapped_column(server_default=text("false"))
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))


class BankFinding(Base):
    """A line of a file that was not taken, and why."""

    __tablename__ = "bank_findings"

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statements.statement_id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
