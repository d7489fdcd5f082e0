"""People who look for work (劳动力资源库), masked: no name, no number, no phone is ever stored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Worker(Base):
    """A person by a keyed hash. Who is meant is known in the village office that registered the person, and only
    there. `birth_from_year` begins a band of five years; the wage wished for is fen a month."""

    __tablename__ = "labour_workers"
    __table_args__ = (
        CheckConstraint("octet_length(worker_key) = 32", name="key_is_a_hash"),
        CheckConstraint("mod(birth_from_year, 5) = 0", name="birth_band_of_five_years"),
        CheckConstraint("health IN ('able', 'light_work', 'part_time')", name="health_known"),
        CheckConstraint("wish_place IN ('village', 'county', 'province', 'anywhere')", name="wish_place_known"),
        CheckConstraint("wage_from_fen >= 0", name="wage_not_negative"),
        CheckConstraint("status IN ('SEEKING', 'MATCHED', 'EMPLOYED', 'WITHDRAWN')", name="status_known"),
        Index("uq_labour_workers_worker_key", "worker_key", unique=True),
        Index("ix_labour_workers_county_code", "county_code", "status"),
        Index("ix_labour_workers_organisation_id", "organisation_id"),
    )

    worker_id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_key: Mapped[bytes] = mapped_column(LargeBinary)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    birth_from_year: Mapped[int] = mapped_column(SmallInteger)
    health: Mapped[str] = mapped_column(Text)
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wish_place: Mapped[str] = mapped_column(Text)
    wish_skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wage_from_fen: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    registered_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
