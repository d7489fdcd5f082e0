"""The replica of the pickup points that logistics runs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class PickupPoint(Base):
    """A point as logistics last told it. The row stays after closing: old orders still name it."""

    __tablename__ = "pickup_points"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'CLOSED')", name="status_is_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_code_has_six_digits"),
    )

    pickup_point_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    kept_classes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
