"""Whom a day's list of what is late was told to."""

from datetime import date
from uuid import UUID

from sqlalchemy import Date
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class OverdueNotice(Base):
    """One organisation on one day: nobody is told twice."""

    __tablename__ = "overdue_notices"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    told_on: Mapped[date] = mapped_column(Date, primary_key=True)
