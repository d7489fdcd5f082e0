"""Contracts between a unit and a supplier, their lines and breaks, and what is called from them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Contract(Base):
    """What a unit and a supplier agreed on for a term. `unit_price_fen` of its lines is the price, or the floor where
    `price_rule` is FLOOR_FLOAT. A contract without weekdays has no calendar: it is called when something is needed."""

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'APPROVING', 'OFFERED', 'SIGNED', 'ENDED', 'ABANDONED')", name="status_is_known"
        ),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("price_rule IN ('FIXED', 'FLOOR_FLOAT')", name="price_rule_is_known"),
        CheckConstraint("float_bp BETWEEN 0 AND 10000", name="float_is_a_share"),
        CheckConstraint("price_rule = 'FLOOR_FLOAT' OR float_bp = 0", name="fixed_does_not_float"),
        CheckConstraint("payment_days BETWEEN 1 AND 60", name="payment_days_are_lawful"),
        CheckConstraint("lead_days BETWEEN 1 AND 60", name="lead_days_are_sensible"),
        CheckConstraint("valid_until_on >= valid_from_on", name="term_has_days"),
        CheckConstraint("weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]", name="weekdays_are_days"),
        CheckConstraint("(status IN ('SIGNED', 'ENDED')) = (signed_at IS NOT NULL)", name="signed_has_instant"),
        CheckConstraint("(status = 'ENDED') = (ended_at IS NOT NULL)", name="ended_has_instant"),
        Index(None, "unit_id", "contract_id"),
        Index(None, "supplier_id", "contract_id"),
        Index("ix_contracts_valid_until_on_signed", "valid_until_on", postgresql_where=text("status = 'SIGNED'")),
    )

    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_number: Mapped[str] = mapped_column(Text, unique=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    fund: Mapped[str] = mapped_column(Text)
    price_rule: Mapped[str] = mapped_column(Text)
    float_bp: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    payment_days: Mapped[int] = mapped_column(SmallInteger)
    lead_days: Mapped[int] = mapped_column(SmallInteger)
    valid_from_on: Mapped[date] = mapped_column(Date)
    valid_until_on: Mapped[date] = mapped_column(Date)
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default=text("'{}'"))
    skips_holidays: Mapped[bool]
    terms: Mapped[str] = mapped_column(Text, server_default=text("''"))
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    address_detail: Mapped[str] = mapped_column(Text)
    drafted_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ContractLine(Base):
    """What may be called of one SKU. A contract never gives more pieces than were agreed: the CHECK holds it beside
    any number of calls."""

    __tablename__ = "contract_lines"
    __table_args__ = (
        CheckConstraint("unit_price_fen > 0", name="price_is_positive"),
        CheckConstraint("most_count > 0 AND usual_count BETWEEN 0 AND most_count", name="counts_fit"),
        CheckConstraint("called_count BETWEEN 0 AND most_count", name="called_fits"),
        Index(None, "contract_id", "line_number", unique=True),
        Index(None, "contract_id", "sku_id", unique=True),
    )

    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.contract_id", ondelete="CASCADE"))
    line_number: Mapped[int] = mapped_column(SmallInteger)
    sku_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    unit_price_fen: Mapped[int] = mapped_column(BigInteger)
    most_count: Mapped[int] = mapped_column(Integer)
    usual_count: Mapped[int] = mapped_column(Integer)
    called_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class ContractBreak(Base):
    """Days on which nothing is delivered, a school's holidays for instance; both days included."""

    __tablename__ = "contract_breaks"
    __table_args__ = (CheckConstraint("last_on >= first_on", name="break_has_days"),)

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.contract_id", ondelete="CASCADE"), primary_key=True)
    first_on: Mapped[date] = mapped_column(Date, primary_key=True)
    last_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))


class CallOff(Base):
    """One delivery called from a contract. PLANNED by its calendar or by hand, it may be changed or skipped until it is
    PLACED as a purchase; `problem` is the code of what kept the clock from placing it."""

    __tablename__ = "call_offs"
    __table_args__ = (
        CheckConstraint("status IN ('PLANNED', 'SKIPPED', 'PLACED', 'CANCELLED')", name="status_is_known"),
        CheckConstraint("(status IN ('PLACED', 'CANCELLED')) = (purchase_id IS NOT NULL)", name="placed_is_a_purchase"),
        Index(
            "ix_call_offs_one_a_day",
            "contract_id",
            "deliver_on",
            unique=True,
            postgresql_where=text("status <> 'CANCELLED'"),
        ),
        Index("ix_call_offs_deliver_on_planned", "deliver_on", postgresql_where=text("status = 'PLANNED'")),
        Index("ix_call_offs_purchase_id", "purchase_id", unique=True),
    )

    call_off_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.contract_id"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    status: Mapped[str] = mapped_column(Text)
    deliver_on: Mapped[date] = mapped_column(Date)
    problem: Mapped[str] = mapped_column(Text, server_default=text("''"))
    purchase_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    placed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CallOffLine(Base):
    """Pieces of a contract's line that one delivery brings; the price is frozen when it is placed."""

    __tablename__ = "call_off_lines"
    __table_args__ = (
        CheckConstraint("quantity >= 0", name="quantity_is_not_negative"),
        CheckConstraint("unit_price_fen IS NULL OR unit_price_fen > 0", name="price_is_positive"),
    )

    call_off_id: Mapped[UUID] = mapped_column(ForeignKey("call_offs.call_off_id", ondelete="CASCADE"), primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("contract_lines.line_id"), primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_fen: Mapped[int | None] = mapped_column(BigInteger)
