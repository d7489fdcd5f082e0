"""Stock: counters that cannot oversell, the ledger that explains them, the holds that explain `held`, and the shelves
that sum to `on_hand`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class StockLevel(Base):
    """How many pieces of a SKU there are, and how many of them are promised. The CHECKs refuse overselling. At `low_at`
    available pieces or fewer the SKU counts as low; a trigger tells of each crossing."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_is_not_negative"),
        CheckConstraint("held >= 0", name="held_is_not_negative"),
        CheckConstraint("available >= 0", name="available_is_not_negative"),
        CheckConstraint("low_at >= 0", name="low_at_is_not_negative"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_hand: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    held: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    available: Mapped[int] = mapped_column(Integer, Computed("on_hand - held", persisted=True))
    low_at: Mapped[int] = mapped_column(Integer, server_default=text("10"))


class StockEntry(Base):
    """One movement, never changed afterwards. Its kind says what it did to the two counters.

    received, returned and adjusted move on_hand; held and released move held; shipped takes from both; moved takes
    pieces from one site to another. All but held and released name the site, and the lot if the pieces are of one.
    `order_id` is the holder: an order, an exchange, a campaign's hold, or a lot that is kept from being sold.
    """

    __tablename__ = "stock_ledger"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('received', 'held', 'released', 'shipped', 'adjusted', 'moved', 'returned')", name="kind_is_known"
        ),
        CheckConstraint("quantity > 0 OR (kind IN ('adjusted', 'moved') AND quantity <> 0)", name="quantity_fits_kind"),
        CheckConstraint("(kind IN ('held', 'released')) = (site_id IS NULL)", name="pieces_move_somewhere"),
        Index(None, "sku_id", "entry_id"),
        Index("ix_stock_ledger_order_id_shipped", "order_id", postgresql_where=text("kind = 'shipped'")),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    sku_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    order_id: Mapped[UUID | None]
    reference: Mapped[str] = mapped_column(Text, server_default=text("''"))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    site_id: Mapped[UUID | None]
    lot_id: Mapped[UUID | None]
    shipment_id: Mapped[UUID | None]


class StockHold(Base):
    """Pieces promised to somebody. `open_count` of them are neither shipped nor released yet.

    `order` is held until the payment is due and without an end once it is paid; `cart` for minutes, `campaign` for
    weeks; `lot` keeps pieces of a lot that is over or on hold from being sold.
    """

    __tablename__ = "stock_holds"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("open_count BETWEEN 0 AND quantity", name="open_count_is_part_of_quantity"),
        CheckConstraint("(open_count = 0) = (ended_at IS NOT NULL)", name="ended_when_nothing_is_open"),
        CheckConstraint("purpose IN ('order', 'cart', 'campaign', 'lot')", name="purpose_is_known"),
        CheckConstraint("purpose NOT IN ('cart', 'campaign') OR expires_at IS NOT NULL", name="cart_and_campaign_end"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("stock_levels.sku_id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    open_count: Mapped[int] = mapped_column(Integer)
    held_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class StockShelf(Base):
    """Pieces of a SKU at a site, of one lot or of none. A SKU's shelves sum to its level: deferred triggers hold it."""

    __tablename__ = "stock_shelves"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_is_not_negative"),
        UniqueConstraint("sku_id", "site_id", "lot_id", postgresql_nulls_not_distinct=True),
        Index(None, "lot_id"),
        Index(None, "site_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    shelf_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("stock_levels.sku_id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("stock_sites.site_id"))
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("stock_lots.lot_id"))
    on_hand: Mapped[int] = mapped_column(Integer)


class StockAllocation(Base):
    """From which site a paid supplier order's pieces should leave; `open_count` of them have not. `distance` is the
    ring around the buyer: 0 the same county, 1 prefecture, 2 province, 3 elsewhere."""

    __tablename__ = "stock_allocations"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("open_count BETWEEN 0 AND quantity", name="open_count_is_part_of_quantity"),
        Index(None, "order_id"),
        Index(
            "ix_stock_allocations_sku_id_site_id_open",
            "sku_id",
            "site_id",
            postgresql_where=text("open_count > 0"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    supplier_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("stock_sites.site_id"), primary_key=True)
    order_id: Mapped[UUID]
    quantity: Mapped[int] = mapped_column(Integer)
    open_count: Mapped[int] = mapped_column(Integer)
    distance: Mapped[int] = mapped_column(SmallInteger)
