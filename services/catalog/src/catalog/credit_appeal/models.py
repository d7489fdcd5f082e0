"""What suppliers ask for against what counts against them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class CreditAppeal(Base):
    """What a supplier asks for: an objection against an event or a placement, or the repair of a placement."""

    __tablename__ = "credit_appeals"
    __table_args__ = (
        CheckConstraint("kind IN ('objection', 'repair')", name="kind_known"),
        CheckConstraint("subject_kind IN ('event', 'placement')", name="subject_kind_known"),
        CheckConstraint("kind <> 'repair' OR subject_kind = 'placement'", name="repairs_are_of_placements"),
        CheckConstraint("status IN ('OPEN', 'GRANTED', 'REFUSED', 'WITHDRAWN')", name="status_known"),
        CheckConstraint("(status IN ('GRANTED', 'REFUSED')) = (answered_by IS NOT NULL)", name="answered_by_somebody"),
        Index("uq_credit_appeals_open", "subject_id", unique=True, postgresql_where=text("status = 'OPEN'")),
        Index("ix_credit_appeals_supplier_id", "supplier_id", "appeal_id"),
        Index("ix_credit_appeals_status", "status", "appeal_id"),
    )

    appeal_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column()
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    supplier_name: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text, server_default=text("''"))
    answered_by: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    raised_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
