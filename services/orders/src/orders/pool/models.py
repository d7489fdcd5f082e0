"""The columns of a unit's share in a pool."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column


class Share:
    """So many pieces for a unit, from which fund and brought where. `share_id` is the source of its purchase."""

    share_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"), index=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    fund: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    taken_by: Mapped[UUID]
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
