"""Jobs."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Job(Base):
    """Places of work of one kind. `organisation_id` is the employer's, or the office's that noted the job of one from
    outside. Wages are fen a month; `filled_count` follows the placements."""

    __tablename__ = "labour_jobs"
    __table_args__ = (
        CheckConstraint("place_count > 0 AND filled_count BETWEEN 0 AND place_count", name="filled_within_places"),
        CheckConstraint("wage_from_fen > 0 AND wage_to_fen >= wage_from_fen", name="wage_range_in_order"),
        CheckConstraint("employer_kind IN ('supplier', 'workshop', 'outside')", name="employer_kind_known"),
        CheckConstraint("status IN ('OPEN', 'FILLED', 'CLOSED')", name="status_known"),
        Index("ix_labour_jobs_list", "county_code", "job_id"),
        Index("ix_labour_jobs_organisation_id", "organisation_id", "job_id"),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    employer_kind: Mapped[str] = mapped_column(Text)
    employer_name: Mapped[str] = mapped_column(Text)
    workshop_id: Mapped[UUID | None] = mapped_column(ForeignKey("labour_workshops.workshop_id"))
    organisation_id: Mapped[UUID | None] = mapped_column()
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text, server_default=text("''"))
    village: Mapped[str] = mapped_column(Text, server_default=text("''"))
    title: Mapped[str] = mapped_column(Text)
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    accepts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wage_from_fen: Mapped[int] = mapped_column(Integer)
    wage_to_fen: Mapped[int] = mapped_column(Integer)
    place_count: Mapped[int] = mapped_column(Integer)
    filled_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    until_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    offered_at: Mapped[datetime] = mapped_column()
