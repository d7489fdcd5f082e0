"""Accounts of points, lots with their end, the ledger that moves both, and what order lines spent and earned."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class PointAccount(Base):
    """A person's points, and how many they owe: a refund took back what they had spent already. Whoever moves points
    of a person locks this row. A trigger on the ledger alone moves the counters."""

    __tablename__ = "point_accounts"
    __table_args__ = (
        CheckConstraint("balance >= 0 AND owed >= 0", name="never_below_zero"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    owed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class PointLot(Base):
    """Points that one completed order brought, which expire together. `grace_days` are what comes back after the end
    gets; `reminded_at` says that the end was announced."""

    __tablename__ = "point_lots"
    __table_args__ = (
        CheckConstraint("left_points BETWEEN 0 AND points", name="within_what_was_earned"),
        Index(None, "person_id", "expires_at", postgresql_where=text("left_points > 0")),
        Index(None, "expires_at", postgresql_where=text("left_points > 0")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("point_accounts.person_id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), unique=True)
    points: Mapped[int] = mapped_column(BigInteger)
    left_points: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    grace_days: Mapped[int] = mapped_column(Integer)
    earned_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PointEntry(Base):
    """Points that went from one book to another, never changed afterwards: both sides in one row, so they sum to zero.

    `points` and `debt` are the person's books; `issued`, `redeemed` and `expired` are the house's, whose balances are
    summed from here and kept nowhere, for every buyer would wait for such a counter.
    """

    __tablename__ = "point_entries"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_are_positive"),
        CheckConstraint(
            "(kind, from_book, to_book) IN (('earned', 'issued', 'points'), ('spent', 'points', 'redeemed'),"
            " ('given-back', 'redeemed', 'points'), ('expired', 'points', 'expired'),"
            " ('clawed-back', 'points', 'issued'), ('owed', 'debt', 'issued'), ('settled', 'points', 'debt'))",
            name="books_are_of_the_kind",
        ),
        CheckConstraint("(kind = 'owed') = (lot_id IS NULL)", name="points_have_a_lot"),
        CheckConstraint("(kind = 'expired') = (order_id IS NULL)", name="order_or_expired"),
        Index(None, "person_id", "entry_id"),
        Index(None, "order_id"),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("point_accounts.person_id"))
    kind: Mapped[str] = mapped_column(Text)
    from_book: Mapped[str] = mapped_column(Text)
    to_book: Mapped[str] = mapped_column(Text)
    points: Mapped[int] = mapped_column(BigInteger)
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("point_lots.lot_id"))
    order_id: Mapped[UUID | None]
    line_id: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PointLine(Base):
    """What an order line was paid with in points and what it earned, and how much of both a refund undid. The CHECKs
    refuse giving back or taking back more than that, whatever the code says."""

    __tablename__ = "point_lines"
    __table_args__ = (
        CheckConstraint("returned BETWEEN 0 AND spent", name="returned_was_spent"),
        CheckConstraint("clawed BETWEEN 0 AND earned", name="clawed_was_earned"),
        CheckConstraint("basis_fen >= 0", name="basis_is_not_negative"),
        Index(None, "order_id"),
    )

    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.line_id"), primary_key=True)
    order_id: Mapped[UUID]
    person_id: Mapped[UUID]
    spent: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    returned: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    earned: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    basis_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    clawed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
