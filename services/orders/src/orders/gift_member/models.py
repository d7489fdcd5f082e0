"""The roster of a campaign of holiday gifts, the files that it came from, and what a member may have at most."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class GiftRosterFile(Base):
    """A roster as it was uploaded. The same bytes for one campaign are one file, however often they are sent."""

    __tablename__ = "gift_roster_files"
    __table_args__ = (
        UniqueConstraint("campaign_id", "digest"),
        CheckConstraint(
            "row_count = taken_count + wrong_count AND ineligible_count BETWEEN 0 AND taken_count AND wrong_count >= 0",
            name="rows_are_one_or_the_other",
        ),
    )

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("gift_campaigns.campaign_id"))
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    row_count: Mapped[int] = mapped_column(Integer)
    taken_count: Mapped[int] = mapped_column(Integer)
    ineligible_count: Mapped[int] = mapped_column(Integer)
    wrong_count: Mapped[int] = mapped_column(Integer)
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class GiftRosterError(Base):
    """A row that was not taken: which cell is wrong and why, and the row as it was typed, to be given back."""

    __tablename__ = "gift_roster_errors"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("gift_roster_files.file_id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    column_key: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    cells: Mapped[dict[str, str]] = mapped_column(JSONB)


class GiftMember(Base):
    """A member of the union on a campaign's roster; who is not eligible stays on it, with the reason.

    Of the phone only what tells two people of one name apart is kept: the union hands the codes out, and the number
    that a parcel needs is given by the member when claiming.
    """

    __tablename__ = "gift_members"
    __table_args__ = (
        UniqueConstraint("campaign_id", "member_no"),
        CheckConstraint("is_eligible = (reason = '')", name="who_gets_nothing_is_told_why"),
        CheckConstraint(
            "reason IN ('', 'JOINED_AFTER_CUTOFF', 'LEFT', 'RETIRED', 'UNPAID_LEAVE', 'NO_DUES')",
            name="reason_is_known",
        ),
        CheckConstraint(r"phone_masked ~ '^([0-9]{0,3}\*{4}[0-9]{0,4})?$'", name="phone_is_masked"),
    )

    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("gift_campaigns.campaign_id"))
    member_no: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text, server_default=text("''"))
    phone_masked: Mapped[str] = mapped_column(Text, server_default=text("''"))
    joined_on: Mapped[date | None] = mapped_column(Date)
    is_eligible: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    takes_whole_lot: Mapped[bool]
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("gift_roster_files.file_id"))
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class GiftEntitlement(Base):
    """A member's gift for a holiday of a year: one, whatever campaigns the unit has, also in parallel."""

    __tablename__ = "gift_entitlements"
    __table_args__ = (Index(None, "member_id"),)

    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    holiday_code: Mapped[str] = mapped_column(Text, primary_key=True)
    member_no: Mapped[str] = mapped_column(Text, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("gift_members.member_id"))


class GiftMemberYear(Base):
    """The sum of a year's standards for a member, within the cap that held when it last grew."""

    __tablename__ = "gift_member_years"
    __table_args__ = (
        CheckConstraint("standards_fen BETWEEN 0 AND cap_fen", name="within_cap"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    member_no: Mapped[str] = mapped_column(Text, primary_key=True)
    standards_fen: Mapped[int] = mapped_column(BigInteger)
    cap_fen: Mapped[int] = mapped_column(BigInteger)
