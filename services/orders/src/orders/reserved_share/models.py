"""What units file as their reserved share of a year, version by version."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class ReservedShare(Base):
    """A filing. One version of a year is open at a time, and one is in force: locked and not replaced. Triggers hold
    its legal moves, and that a locked one never changes but by being replaced."""

    __tablename__ = "reserved_shares"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'LEAD_REVIEW', 'RETURNED', 'LEAD_APPROVED', 'FINANCE_CONFIRMED',"
            " 'LOCKED')",
            name="status_is_known",
        ),
        CheckConstraint(
            "canteen_mode IN ('OWN', 'OUTSOURCED', 'SHARED_REP', 'SHARED_MEMBER', 'NONE')", name="mode_is_known"
        ),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_is_sane"),
        CheckConstraint("ratio_bp BETWEEN 0 AND 10000", name="ratio_is_a_share"),
        CheckConstraint(
            "least(canteen_total_fen, union_total_fen, union_member_count, union_reserved_fen) >= 0",
            name="nothing_is_negative",
        ),
        CheckConstraint(
            "canteen_reserved_fen = (canteen_total_fen * ratio_bp + 9999) / 10000", name="reserved_is_rounded_up"
        ),
        CheckConstraint("reserved_fen = canteen_reserved_fen + union_reserved_fen", name="reserved_is_the_sum"),
        CheckConstraint("canteen_mode NOT IN ('SHARED_MEMBER', 'NONE') OR canteen_total_fen = 0", name="zero_filing"),
        CheckConstraint("(canteen_mode = 'SHARED_MEMBER') = (shared_with_id IS NOT NULL)", name="names_representative"),
        CheckConstraint("status IN ('DRAFT', 'RETURNED') OR submitted_by IS NOT NULL", name="submitted_by_somebody"),
        CheckConstraint("status <> 'RETURNED' OR return_reason <> ''", name="returned_with_reason"),
        CheckConstraint("approved_by <> submitted_by AND confirmed_by <> submitted_by", name="decided_by_another"),
        CheckConstraint(
            "status NOT IN ('LEAD_APPROVED', 'FINANCE_CONFIRMED', 'LOCKED') OR approved_by IS NOT NULL",
            name="approved_by_somebody",
        ),
        CheckConstraint(
            "status NOT IN ('FINANCE_CONFIRMED', 'LOCKED') OR confirmed_by IS NOT NULL", name="confirmed_by_somebody"
        ),
        CheckConstraint("(status = 'LOCKED') = (locked_at IS NOT NULL)", name="locked_has_instant"),
        CheckConstraint("superseded_at IS NULL OR status = 'LOCKED'", name="only_locked_is_replaced"),
        UniqueConstraint("unit_id", "year", "version"),
        Index(
            "ix_reserved_shares_one_open", "unit_id", "year", unique=True, postgresql_where=text("status <> 'LOCKED'")
        ),
        Index(
            "ix_reserved_shares_one_in_force",
            "unit_id",
            "year",
            unique=True,
            postgresql_where=text("status = 'LOCKED' AND superseded_at IS NULL"),
        ),
    )

    share_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    year: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    canteen_mode: Mapped[str] = mapped_column(Text)
    shared_with_id: Mapped[UUID | None] = mapped_column(ForeignKey("budget_units.unit_id"))
    has_union_funds: Mapped[bool]
    canteen_total_fen: Mapped[int] = mapped_column(BigInteger)
    ratio_bp: Mapped[int] = mapped_column(Integer)
    canteen_reserved_fen: Mapped[int] = mapped_column(BigInteger)
    union_total_fen: Mapped[int] = mapped_column(BigInteger)
    union_member_count: Mapped[int] = mapped_column(Integer)
    union_reserved_fen: Mapped[int] = mapped_column(BigInteger)
    reserved_fen: Mapped[int] = mapped_column(BigInteger)
    contact: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    correction_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    return_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    submitted_by: Mapped[UUID | None]
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    approved_by: Mapped[UUID | None]
    confirmed_by: Mapped[UUID | None]
    locked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
