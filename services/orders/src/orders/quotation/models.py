"""Requests for quotation, their lines and invitations, sealed bids, and what was under the seal once it is opened."""

from datetime import date, datetime
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
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Quotation(Base):
    """What a unit asks for, until when, and what came of it. Triggers hold its legal moves, and that it changes no
    more once it is published."""

    __tablename__ = "quotations"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'OPEN', 'OPENED', 'AWARDED', 'CANCELLED')",
            name="status_is_known",
        ),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_has_six_digits"),
        CheckConstraint("closes_at <= deliver_from AND deliver_from < deliver_until", name="goods_come_after"),
        CheckConstraint("extension_count BETWEEN 0 AND 1", name="extended_once"),
        CheckConstraint("(opened_at IS NULL) = (opened_by IS NULL)", name="opened_by_somebody"),
        CheckConstraint("opened_at >= closes_at", name="sealed_until_the_deadline"),
        CheckConstraint(
            "status NOT IN ('OPENED', 'AWARDED') OR opened_at IS NOT NULL",
            name="opened_has_instant",
        ),
        CheckConstraint(
            "(status = 'AWARDED') = (awarded_at IS NOT NULL) AND (status = 'AWARDED') = (awarded_by IS NOT NULL)"
            " AND (status = 'AWARDED') = (award_reason <> '') AND (status = 'AWARDED') = (purchase_id IS NOT NULL)",
            name="awarded_with_reason",
        ),
        CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL) AND (status = 'CANCELLED') = (cancel_reason <> '')",
            name="cancelled_with_reason",
        ),
        Index(None, "unit_id", "quotation_id"),
        Index("ix_quotations_waiting", "closes_at", postgresql_where=text("status IN ('OPEN', 'OPENED')")),
    )

    quotation_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    status: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    fund: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    deliver_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deliver_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closes_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    extension_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    asked_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_by: Mapped[UUID | None]
    few_bids_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    awarded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    awarded_by: Mapped[UUID | None]
    award_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    purchase_id: Mapped[UUID | None]
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))


class QuotationLine(Base):
    """One thing that is asked for: a SKU as an example, or words; how much, from where, with which papers."""

    __tablename__ = "quotation_lines"
    __table_args__ = (
        UniqueConstraint("quotation_id", "line_number"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("sku_id IS NOT NULL OR description <> ''", name="says_what"),
    )

    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    quotation_id: Mapped[UUID] = mapped_column(ForeignKey("quotations.quotation_id"))
    line_number: Mapped[int] = mapped_column(Integer)
    sku_id: Mapped[UUID | None]
    description: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    certificates: Mapped[str] = mapped_column(Text, server_default=text("''"))


class QuotationInvitation(Base):
    """A supplier that is asked."""

    __tablename__ = "quotation_invitations"
    __table_args__ = (Index(None, "supplier_id", "quotation_id"),)

    quotation_id: Mapped[UUID] = mapped_column(ForeignKey("quotations.quotation_id"), primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_name: Mapped[str] = mapped_column(Text)


class QuotationQuestion(Base):
    """A question of one invited supplier; all of them see it and its answer, and not whose it is."""

    __tablename__ = "quotation_questions"
    __table_args__ = (
        CheckConstraint("(answer = '') = (answered_at IS NULL)", name="answered_has_instant"),
        Index(None, "quotation_id", "asked_at"),
    )

    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    quotation_id: Mapped[UUID] = mapped_column(ForeignKey("quotations.quotation_id"))
    supplier_id: Mapped[UUID]
    question: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answer: Mapped[str] = mapped_column(Text, server_default=text("''"))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class QuotationBid(Base):
    """One supplier's bid. Until it is opened all of it is in `sealed`; a trigger lets it change before the deadline
    only, and `total_fen`, `promised_on` and `note` be filled in only when the quotation was opened."""

    __tablename__ = "quotation_bids"
    __table_args__ = (
        UniqueConstraint("quotation_id", "supplier_id"),
        CheckConstraint(
            "status IN ('SEALED', 'WITHDRAWN', 'OPENED', 'WON', 'PARTLY_WON', 'LOST')",
            name="status_is_known",
        ),
        CheckConstraint("(status = 'WITHDRAWN') = (sealed IS NULL)", name="withdrawn_leaves_nothing"),
        CheckConstraint(
            "(status IN ('SEALED', 'WITHDRAWN')) = (total_fen IS NULL)"
            " AND (status IN ('SEALED', 'WITHDRAWN')) = (promised_on IS NULL)"
            " AND (status NOT IN ('SEALED', 'WITHDRAWN') OR note = '')",
            name="nothing_is_told_under_the_seal",
        ),
        CheckConstraint(
            "warranty_days IS NULL OR (warranty_days BETWEEN 0 AND 3650 AND status NOT IN ('SEALED', 'WITHDRAWN'))",
            name="warranty_is_told_by_the_opening",
        ),
        Index(None, "supplier_id", "quotation_id"),
    )

    bid_id: Mapped[UUID] = mapped_column(primary_key=True)
    quotation_id: Mapped[UUID] = mapped_column(ForeignKey("quotations.quotation_id"))
    supplier_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    submitted_by: Mapped[UUID]
    total_fen: Mapped[int | None] = mapped_column(BigInteger)
    promised_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    warranty_days: Mapped[int | None]


class QuotationBidFile(Base):
    """An attachment of a bid: a report, a certificate, a letter. Until the bid is opened what it is called, what it is
    and the key of its bytes are in `sealed`; removing it takes the key away, and leaves noise in the store."""

    __tablename__ = "quotation_bid_files"
    __table_args__ = (
        CheckConstraint("(removed_at IS NULL) = (sealed IS NOT NULL)", name="removed_leaves_nothing"),
        CheckConstraint(
            "num_nulls(kind, name, media_type, size_bytes) IN (0, 4) AND (removed_at IS NULL OR kind IS NULL)",
            name="opened_as_a_whole",
        ),
        CheckConstraint("kind IN ('SAMPLE_REPORT', 'CERTIFICATE', 'LETTER', 'OTHER')", name="kind_is_known"),
        CheckConstraint(
            "media_type IN ('application/pdf', 'image/jpeg', 'image/png') AND size_bytes > 0", name="type_is_known"
        ),
    )

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("quotation_bids.bid_id"), index=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    filed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    filed_by: Mapped[UUID]
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    media_type: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(Integer)


class QuotationOffer(Base):
    """What an opened bid offers for a line, named as it was then."""

    __tablename__ = "quotation_offers"
    __table_args__ = (
        CheckConstraint("piece_count > 0 AND unit_price_fen > 0", name="offers_something"),
        CheckConstraint("amount_fen = piece_count * unit_price_fen", name="amount_is_true"),
        Index("ix_quotation_offers_one_wins_a_line", "line_id", unique=True, postgresql_where=text("is_awarded")),
    )

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("quotation_bids.bid_id"), primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("quotation_lines.line_id"), primary_key=True)
    sku_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(Text)
    piece_count: Mapped[int] = mapped_column(Integer)
    unit_price_fen: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    is_awarded: Mapped[bool] = mapped_column(server_default=text("false"))
