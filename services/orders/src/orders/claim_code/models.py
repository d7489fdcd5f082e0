"""Codes as they may be kept, and how often wrong ones were tried."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class ClaimCode(Base):
    """A member's code: its keyed hash and what became of it. The code itself is nowhere. A member has one live code."""

    __tablename__ = "claim_codes"
    __table_args__ = (
        CheckConstraint(
            "status IN ('ISSUED', 'CLAIMED', 'SHIPPED', 'RECEIVED', 'VOID', 'EXPIRED', 'REISSUED')",
            name="status_is_known",
        ),
        CheckConstraint("octet_length(code_hash) = 32", name="hash_is_whole"),
        CheckConstraint("(status = 'REISSUED') = (replaced_by_id IS NOT NULL)", name="reissued_has_another"),
        Index(
            "ix_claim_codes_member_id_live",
            "member_id",
            unique=True,
            postgresql_where=text("status NOT IN ('VOID', 'EXPIRED', 'REISSUED')"),
        ),
        Index(None, "code_hash", unique=True),
        Index(None, "campaign_id", "status"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    code_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("gift_campaigns.campaign_id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("gift_members.member_id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    replaced_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("claim_codes.code_id", deferrable=True, initially="DEFERRED")
    )
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    moved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ClaimAttempt(Base):
    """How many wrong codes came from somewhere, or were meant for a campaign, until the window ends. The bucket is a
    keyed hash: no address is kept."""

    __tablename__ = "claim_attempts"

    bucket: Mapped[str] = mapped_column(Text, primary_key=True)
    wrong_count: Mapped[int] = mapped_column(Integer)
    window_ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
