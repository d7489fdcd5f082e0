"""What a reserve institution takes in over a season, and its grades."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class ReservePurchase(Base):
    """A filing of a unit. `county_codes` come first: `kept_g` is theirs alone. `taken_g` is what is booked and what was
    taken in, `taken_other_g` what of it is not theirs; a trigger of the appointments keeps both, never code."""

    __tablename__ = "reserve_purchases"
    __table_args__ = (
        CheckConstraint("status IN ('DRAFT', 'APPROVING', 'PUBLISHED', 'ENDED', 'ABANDONED')", name="status_is_known"),
        CheckConstraint("wanted_g > 0 AND budget_fen > 0", name="wants_something"),
        CheckConstraint("last_on >= first_on", name="days_in_order"),
        CheckConstraint("cardinality(county_codes) > 0", name="counties_come_first"),
        CheckConstraint("taken_g BETWEEN 0 AND wanted_g", name="never_above_wanted"),
        CheckConstraint(
            "kept_g BETWEEN 0 AND wanted_g AND taken_other_g BETWEEN 0 AND wanted_g - kept_g", name="kept_for_first"
        ),
        CheckConstraint(
            "(status IN ('PUBLISHED', 'ENDED')) = (published_at IS NOT NULL)"
            " AND (published_at IS NULL) = (opens_to_all_on IS NULL)",
            name="published_is_whole",
        ),
        Index(None, "unit_id", "reserve_purchase_id"),
    )

    reserve_purchase_id: Mapped[UUID] = mapped_column(primary_key=True)
    filing_number: Mapped[str] = mapped_column(Text, unique=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    title: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    category: Mapped[str] = mapped_column(Text)
    quality: Mapped[str] = mapped_column(Text)
    wanted_g: Mapped[int] = mapped_column(BigInteger)
    budget_fen: Mapped[int] = mapped_column(BigInteger)
    county_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    kept_g: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    opens_to_all_on: Mapped[date | None] = mapped_column(Date)
    taken_g: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    taken_other_g: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    filed_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReserveGrade(Base):
    """A grade of the filing: what it takes, and what a kilogram costs."""

    __tablename__ = "reserve_grades"
    __table_args__ = (CheckConstraint("price_fen_per_kg > 0", name="price_is_positive"),)

    reserve_purchase_id: Mapped[UUID] = mapped_column(
        ForeignKey("reserve_purchases.reserve_purchase_id", ondelete="CASCADE"), primary_key=True
    )
    grade_number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    criteria: Mapped[str] = mapped_column(Text)
    price_fen_per_kg: Mapped[int] = mapped_column(BigInteger)
