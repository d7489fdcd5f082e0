"""Reverse auctions: the lot, who entered, and every bid in the order in which the database took it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Auction(Base):
    """A lot that is bid down. `bid_count`, `lowest_fen` and `leader_id` are moved by `place_auction_bid` alone, under
    the row's lock; triggers hold that they tell of the last bid."""

    __tablename__ = "auctions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'PUBLISHED', 'ENDED', 'FAILED', 'AWARDED', 'CANCELLED')", name="status_is_known"
        ),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_has_six_digits"),
        CheckConstraint("start_fen > 0 AND step_fen > 0 AND step_fen < start_fen", name="steps_down"),
        CheckConstraint("starts_at < ends_at AND deliver_from < deliver_until", name="times_follow"),
        CheckConstraint(
            "extension_minutes >= 0 AND extension_count BETWEEN 0 AND most_extensions", name="extended_within_limit"
        ),
        CheckConstraint(
            "(bid_count = 0) = (lowest_fen IS NULL) AND (bid_count = 0) = (leader_id IS NULL)"
            " AND lowest_fen BETWEEN 1 AND start_fen",
            name="somebody_leads",
        ),
        CheckConstraint(
            "status NOT IN ('ENDED', 'AWARDED') OR (bid_count > 0 AND ended_at >= ends_at)", name="ended_after_the_end"
        ),
        CheckConstraint("status <> 'FAILED' OR (bid_count = 0 AND ended_at >= ends_at)", name="failed_without_a_bid"),
        CheckConstraint(
            "(status = 'AWARDED') = (awarded_at IS NOT NULL) AND (status = 'AWARDED') = (awarded_by IS NOT NULL)"
            " AND (status = 'AWARDED') = (award_reason <> '') AND (status = 'AWARDED') = (purchase_id IS NOT NULL)",
            name="awarded_with_reason",
        ),
        CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL) AND (status = 'CANCELLED') = (cancel_reason <> '')",
            name="cancelled_with_reason",
        ),
        Index(None, "unit_id", "auction_id"),
        Index("ix_auctions_running", "ends_at", postgresql_where=text("status = 'PUBLISHED'")),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    auction_id: Mapped[UUID] = mapped_column(primary_key=True)
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
    start_fen: Mapped[int] = mapped_column(BigInteger)
    step_fen: Mapped[int] = mapped_column(BigInteger)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    extension_minutes: Mapped[int] = mapped_column(Integer)
    most_extensions: Mapped[int] = mapped_column(Integer)
    extension_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    bid_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    lowest_fen: Mapped[int | None] = mapped_column(BigInteger)
    leader_id: Mapped[UUID | None]
    asked_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    awarded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    awarded_by: Mapped[UUID | None]
    award_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    purchase_id: Mapped[UUID | None]
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))


class AuctionLine(Base):
    """One thing of the lot."""

    __tablename__ = "auction_lines"
    __table_args__ = (
        UniqueConstraint("auction_id", "line_number"),
        CheckConstraint("quantity > 0 AND description <> ''", name="says_what"),
    )

    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.auction_id"))
    line_number: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    certificates: Mapped[str] = mapped_column(Text, server_default=text("''"))


class AuctionEntry(Base):
    """A supplier that takes part; others know it by its number until the end."""

    __tablename__ = "auction_entries"
    __table_args__ = (
        UniqueConstraint("auction_id", "entry_number"),
        Index(None, "supplier_id", "auction_id"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.auction_id"), primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_number: Mapped[int] = mapped_column(Integer)
    supplier_name: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    entered_by: Mapped[UUID]


class AuctionOffer(Base):
    """With which pieces of what a bidder would deliver a line, at which listed price then."""

    __tablename__ = "auction_offers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["auction_id", "supplier_id"], ["auction_entries.auction_id", "auction_entries.supplier_id"]
        ),
        CheckConstraint("piece_count > 0 AND listed_price_fen > 0", name="offers_something"),
    )

    auction_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("auction_lines.line_id"), primary_key=True)
    sku_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    piece_count: Mapped[int] = mapped_column(Integer)
    listed_price_fen: Mapped[int] = mapped_column(BigInteger)


class AuctionBid(Base):
    """One bid for the whole lot, delivered. `bid_position` is its place in the order; `valid_until` the end as it stood
    when the bid was taken: a bid that is not committed by then does not count, and a trigger holds that."""

    __tablename__ = "auction_bids"
    __table_args__ = (
        ForeignKeyConstraint(
            ["auction_id", "supplier_id"], ["auction_entries.auction_id", "auction_entries.supplier_id"]
        ),
        UniqueConstraint("auction_id", "bid_position"),
        UniqueConstraint("auction_id", "amount_fen"),
        CheckConstraint("placed_at < valid_until", name="placed_before_the_end"),
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
    )

    bid_id: Mapped[UUID] = mapped_column(primary_key=True)
    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.auction_id"))
    supplier_id: Mapped[UUID]
    bid_position: Mapped[int] = mapped_column(Integer)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    placed_by: Mapped[UUID]
    valid_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
