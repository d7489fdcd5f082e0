"""A unit's budget of a year and a fund, its entries, and what is committed for whom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base

_ZERO = text("0")


class Budget(Base):
    """Granted for a year and a fund. Only entries move its counters (a trigger); what is left is never below zero."""

    __tablename__ = "budgets"
    __table_args__ = (
        UniqueConstraint("unit_id", "year", "fund"),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("year BETWEEN 2019 AND 2100", name="year_is_plausible"),
        CheckConstraint("granted_fen >= 0 AND committed_fen >= 0 AND consumed_fen >= 0", name="never_below_zero"),
        CheckConstraint("committed_fen + consumed_fen <= granted_fen", name="within_what_was_granted"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    budget_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    year: Mapped[int] = mapped_column(Integer)
    fund: Mapped[str] = mapped_column(Text)
    granted_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    committed_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    consumed_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    entry_count: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BudgetCommitment(Base):
    """What a purchase (or whatever else is named) has committed of a budget, and what became of it."""

    __tablename__ = "budget_commitments"
    __table_args__ = (
        CheckConstraint(
            "committed_fen >= 0 AND consumed_fen >= 0 AND released_fen >= 0",
            name="never_below_zero",
        ),
        CheckConstraint("consumed_fen + released_fen <= committed_fen", name="within_what_was_committed"),
        Index(None, "budget_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    reference_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    reference_id: Mapped[UUID] = mapped_column(primary_key=True)
    budget_id: Mapped[UUID] = mapped_column(ForeignKey("budgets.budget_id"), primary_key=True)
    committed_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    consumed_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    released_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)


class BudgetEntry(Base):
    """One movement, never changed. `…_after_fen` are the counters as it left them: the running balance."""

    __tablename__ = "budget_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('GRANT', 'ADJUST', 'COMMIT', 'CONSUME', 'RELEASE', 'RESTORE')", name="kind_is_known"),
        CheckConstraint("amount_fen > 0 OR (kind = 'ADJUST' AND amount_fen <> 0)", name="amount_moves_something"),
        CheckConstraint(
            "(kind IN ('COMMIT', 'CONSUME', 'RELEASE', 'RESTORE')) = (reference_id IS NOT NULL)"
            " AND (reference_id IS NULL) = (reference_kind IS NULL)",
            name="spending_names_what_for",
        ),
        CheckConstraint("kind <> 'ADJUST' OR reason <> ''", name="adjusting_has_a_reason"),
        UniqueConstraint("entry_id"),
        Index(None, "budget_id", "position"),
        Index(None, "reference_id"),
    )

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    entry_id: Mapped[UUID]
    budget_id: Mapped[UUID] = mapped_column(ForeignKey("budgets.budget_id"))
    kind: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    granted_after_fen: Mapped[int] = mapped_column(BigInteger)
    committed_after_fen: Mapped[int] = mapped_column(BigInteger)
    consumed_after_fen: Mapped[int] = mapped_column(BigInteger)
    reference_kind: Mapped[str | None] = mapped_column(Text)
    reference_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
