"""A worker and a job, brought together."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Placement(Base):
    """A job pushed to the office of a worker, and what came of it. `score` and `reasons` are as they were then."""

    __tablename__ = "labour_placements"
    __table_args__ = (
        CheckConstraint("status IN ('PUSHED', 'ACCEPTED', 'DECLINED', 'PLACED', 'ENDED')", name="status_known"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score_in_range"),
        CheckConstraint("ended_on IS NULL OR ended_on >= placed_on", name="days_in_order"),
        Index(
            "uq_labour_placements_open",
            "job_id",
            "worker_id",
            unique=True,
            postgresql_where=text("status IN ('PUSHED', 'ACCEPTED', 'PLACED')"),
        ),
        Index("uq_labour_placements_one_job", "worker_id", unique=True, postgresql_where=text("status = 'PLACED'")),
        Index("ix_labour_placements_worker_id", "worker_id"),
    )

    placement_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("labour_jobs.job_id"))
    worker_id: Mapped[UUID] = mapped_column(ForeignKey("labour_workers.worker_id"))
    score: Mapped[int] = mapped_column(SmallInteger)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    placed_on: Mapped[date | None] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    pushed_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
