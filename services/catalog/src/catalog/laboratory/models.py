"""Laboratories with a CMA mark."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Laboratory(Base):
    """A laboratory that may test food; `is_active` is false once it lost its mark, and its reports count no more."""

    __tablename__ = "laboratories"
    __table_args__ = (CheckConstraint("region_code ~ '^[0-9]{6}$'", name="region_form"),)

    laboratory_id: Mapped[UUID] = mapped_column(primary_key=True)
    cma_number: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    region_code: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    changed_at: Mapped[datetime] = mapped_column()


class LaboratoryRecognition(Base):
    """A region outside the own province where the laboratory's reports count, as an operator noted, and on what
    basis."""

    __tablename__ = "laboratory_recognitions"
    __table_args__ = (CheckConstraint("until_on IS NULL OR until_on >= from_on", name="days_in_order"),)

    laboratory_id: Mapped[UUID] = mapped_column(ForeignKey("laboratories.laboratory_id"), primary_key=True)
    region_code: Mapped[str] = mapped_column(Text, primary_key=True)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    basis: Mapped[str] = mapped_column(Text)
