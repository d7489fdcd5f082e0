"""A provider's statement of one business day, its lines, and what differs from our payments and refunds."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class ProviderStatement(Base):
    """One provider's day, as the file taken last has it, with the sums of both sides as last compared."""

    __tablename__ = "statements"
    __table_args__ = (
        UniqueConstraint("provider", "business_on"),
        CheckConstraint("source IN ('DOWNLOADED', 'UPLOADED')", name="source_is_known"),
        CheckConstraint("payment_count + refund_count = entry_count", name="entries_are_payments_or_refunds"),
        Index("ix_statements_business_on", "business_on", "statement_id"),
    )

    statement_id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(Text)
    business_on: Mapped[date]
    source: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    entry_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    payment_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    payment_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refund_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refund_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    fee_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    own_payment_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    own_payment_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    own_refund_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    own_refund_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    taken_by: Mapped[UUID | None]
    compared_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StatementEntry(Base):
    """One line of the file. `number` is ours as the provider wrote it, `subject_id` the payment or refund it names."""

    __tablename__ = "statement_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('PAYMENT', 'REFUND')", name="kind_is_known"),
        CheckConstraint("status IN ('SUCCEEDED', 'PROCESSING', 'CLOSED')", name="status_is_known"),
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
        Index("ix_statement_entries_subject_id", "subject_id"),
    )

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statements.statement_id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID | None]
    provider_number: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    fee_fen: Mapped[int] = mapped_column(BigInteger)
    happened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StatementDifference(Base):
    """What does not agree, once for each thing and way; it stays when it is cleared up, with who said why."""

    __tablename__ = "statement_differences"
    __table_args__ = (
        UniqueConstraint("statement_id", "subject_kind", "number", "kind"),
        CheckConstraint("kind IN ('MISSING_HERE', 'MISSING_THERE', 'AMOUNT', 'STATUS', 'FEE')", name="kind_is_known"),
        CheckConstraint("subject_kind IN ('PAYMENT', 'REFUND')", name="subject_kind_is_known"),
        CheckConstraint("state IN ('OPEN', 'EXPLAINED', 'SETTLED')", name="state_is_known"),
        CheckConstraint(
            "(state = 'OPEN') = (decided_at IS NULL) AND (state = 'OPEN') = (reason = '')", name="decided_is_explained"
        ),
        Index("ix_statement_differences_open", "statement_id", postgresql_where=text("state = 'OPEN'")),
    )

    difference_id: Mapped[UUID] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statements.statement_id"))
    kind: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    provider_number: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    here_fen: Mapped[int | None] = mapped_column(BigInteger)
    there_fen: Mapped[int | None] = mapped_column(BigInteger)
    here_status: Mapped[str] = mapped_column(Text)
    there_status: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
