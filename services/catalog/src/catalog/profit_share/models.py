"""The shares that settled lines gave, their portions, and what was paid out."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class ProfitShare(Base):
    """A contract's share of one settled line, in fen, as it was computed at that moment; a refund adds a negative row
    with its `refund_id`. The database lets no row change, no line be shared twice under a contract, and no refund take
    back twice; and the portions sum to the share at the end of every transaction."""

    __tablename__ = "profit_shares"
    __table_args__ = (
        CheckConstraint(
            "(refund_id IS NULL AND share_fen >= 0 AND payable_fen >= 0) OR "
            "(refund_id IS NOT NULL AND share_fen <= 0 AND payable_fen <= 0)",
            name="sign_by_kind",
        ),
        CheckConstraint("period_on = date_trunc('month', period_on::timestamp)::date", name="period_is_a_month"),
        Index(
            "uq_profit_shares_once_a_line",
            "contract_id",
            "line_id",
            unique=True,
            postgresql_where=text("refund_id IS NULL"),
        ),
        Index(
            "uq_profit_shares_once_a_refund",
            "contract_id",
            "line_id",
            "refund_id",
            unique=True,
            postgresql_where=text("refund_id IS NOT NULL"),
        ),
        Index("ix_profit_shares_line_id", "line_id"),
        Index("ix_profit_shares_contract_id", "contract_id", "period_on"),
    )

    share_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("profit_contracts.contract_id"))
    order_id: Mapped[UUID] = mapped_column()
    supplier_order_id: Mapped[UUID] = mapped_column()
    line_id: Mapped[UUID] = mapped_column()
    product_id: Mapped[UUID] = mapped_column()
    refund_id: Mapped[UUID | None] = mapped_column()
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    share_fen: Mapped[int] = mapped_column(BigInteger)
    period_on: Mapped[date] = mapped_column(Date)
    happened_at: Mapped[datetime] = mapped_column()
    stored_at: Mapped[datetime] = mapped_column()


class ProfitPortion(Base):
    """What a household (or with an empty key the village's collective) gets of a share, in fen; written once."""

    __tablename__ = "profit_portions"
    __table_args__ = (
        CheckConstraint("household_key = '' OR household_key ~ '^[0-9a-f]{32}$'", name="key_form"),
        Index("ix_profit_portions_household_key", "household_key"),
    )

    share_id: Mapped[UUID] = mapped_column(ForeignKey("profit_shares.share_id"), primary_key=True)
    household_key: Mapped[str] = mapped_column(Text, primary_key=True)
    portion_fen: Mapped[int] = mapped_column(BigInteger)


class ProfitPayout(Base):
    """What a contract's shares up to and including a month were paid with, and the proof."""

    __tablename__ = "profit_payouts"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("uq_profit_payouts_contract_id_period_on", "contract_id", "period_on", unique=True),
    )

    payout_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("profit_contracts.contract_id"))
    period_on: Mapped[date] = mapped_column(Date)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date] = mapped_column(Date)
    document_id: Mapped[UUID | None] = mapped_column()
    reference: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column()


class ProfitPayoutLine(Base):
    """Which shares a payout settled: each in one payout at most."""

    __tablename__ = "profit_payout_lines"

    share_id: Mapped[UUID] = mapped_column(ForeignKey("profit_shares.share_id"), primary_key=True)
    payout_id: Mapped[UUID] = mapped_column(ForeignKey("profit_payouts.payout_id"))
