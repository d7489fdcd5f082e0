"""An order, its supplier orders, their lines as sold, and what happened to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Order(Base):
    """What one buyer bought in one go. Its money is the sum of its supplier orders' (held by a trigger). On account
    (institutions) nothing is paid ahead: the supplier confirms it until `payment_due_at`."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(
            "status IN ('PENDING_PAYMENT', 'PAID', 'PENDING_CONFIRM', 'CONFIRMED', 'COMPLETED', 'CANCELLED')",
            name="status_is_known",
        ),
        CheckConstraint("is_on_account OR status NOT IN ('PENDING_CONFIRM', 'CONFIRMED')", name="account_is_confirmed"),
        CheckConstraint(
            "NOT is_on_account OR (paid_at IS NULL AND status NOT IN ('PENDING_PAYMENT', 'PAID'))",
            name="account_is_not_prepaid",
        ),
        CheckConstraint("goods_fen >= 0 AND delivery_fen >= 0", name="money_is_not_negative"),
        CheckConstraint("discount_fen BETWEEN 0 AND goods_fen", name="discount_fits_goods"),
        CheckConstraint("points_fen BETWEEN 0 AND goods_fen - discount_fen", name="points_fit_goods"),
        CheckConstraint("payable_fen = goods_fen - discount_fen - points_fen + delivery_fen", name="payable_adds_up"),
        CheckConstraint("deposit_fen = 0 OR (deposit_fen > 0 AND deposit_fen < payable_fen)", name="deposit_is_part"),
        CheckConstraint("(paid_at IS NULL) = (payment_id IS NULL)", name="paid_by_a_payment"),
        CheckConstraint(
            "status NOT IN ('PAID', 'COMPLETED') OR paid_at IS NOT NULL OR is_on_account", name="paid_has_instant"
        ),
        CheckConstraint("(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", name="cancelled_has_instant"),
        CheckConstraint("(status = 'COMPLETED') = (completed_at IS NOT NULL)", name="completed_has_instant"),
        CheckConstraint("(pickup_point_id IS NULL) = (pickup_point_name = '')", name="pickup_point_has_name"),
        Index(None, "buyer_id", "placed_at", "order_id"),
        Index(None, "placed_at", "order_id"),
        Index("ix_orders_phone_end", text('"right"(phone, 4)'), "placed_at"),
        Index(None, "recipient", "placed_at"),
        Index(
            "ix_orders_payment_due_at_pending", "payment_due_at", postgresql_where=text("status = 'PENDING_PAYMENT'")
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(Text, unique=True)
    mode: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    buyer_id: Mapped[UUID]
    buyer_kind: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None]
    goods_fen: Mapped[int] = mapped_column(BigInteger)
    discount_fen: Mapped[int] = mapped_column(BigInteger)
    points_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    delivery_fen: Mapped[int] = mapped_column(BigInteger)
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    address_detail: Mapped[str] = mapped_column(Text)
    pickup_point_id: Mapped[UUID | None]
    pickup_point_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    payment_due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    payment_id: Mapped[UUID | None]
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    deposit_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    returns_deposit: Mapped[bool] = mapped_column(server_default=text("false"))
    is_on_account: Mapped[bool] = mapped_column(server_default=text("false"))


class SupplierOrder(Base):
    """One supplier's part of an order: its own money, its own fulfilment. Amounts are frozen at placement."""

    __tablename__ = "supplier_orders"
    __table_args__ = (
        CheckConstraint(
            "fulfilment IN ('PENDING_PAYMENT', 'PENDING_CONFIRM', 'AWAITING_GROUP', 'PENDING_SHIPMENT',"
            " 'PARTLY_SHIPPED', 'SHIPPED', 'DELIVERED', 'LOST', 'CANCELLED')",
            name="fulfilment_is_known",
        ),
        CheckConstraint("goods_fen >= 0 AND delivery_fen >= 0", name="money_is_not_negative"),
        CheckConstraint("discount_fen BETWEEN 0 AND goods_fen", name="discount_fits_goods"),
        CheckConstraint("points_fen BETWEEN 0 AND goods_fen - discount_fen", name="points_fit_goods"),
        CheckConstraint("payable_fen = goods_fen - discount_fen - points_fen + delivery_fen", name="payable_adds_up"),
        Index(None, "order_id", "part_number", unique=True),
        Index(None, "supplier_id", "placed_at", "supplier_order_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    supplier_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    part_number: Mapped[int] = mapped_column(SmallInteger)
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    ship_from_county_code: Mapped[str] = mapped_column(Text)
    fulfilment: Mapped[str] = mapped_column(Text)
    goods_fen: Mapped[int] = mapped_column(BigInteger)
    discount_fen: Mapped[int] = mapped_column(BigInteger)
    points_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    delivery_fen: Mapped[int] = mapped_column(BigInteger)
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    shipped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OrderLine(Base):
    """A line as sold: the SKU's facts and the line's share of the discount, frozen at placement."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("amount_fen = unit_price_fen * quantity", name="amount_adds_up"),
        CheckConstraint("discount_fen BETWEEN 0 AND amount_fen", name="discount_fits_amount"),
        CheckConstraint("points_fen BETWEEN 0 AND amount_fen - discount_fen", name="points_fit_amount"),
        CheckConstraint("payable_fen = amount_fen - discount_fen - points_fen", name="payable_adds_up"),
        CheckConstraint("NOT is_gift OR payable_fen = 0", name="gift_is_free"),
        Index(None, "supplier_order_id", "line_number", unique=True),
    )

    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_order_id: Mapped[UUID] = mapped_column(ForeignKey("supplier_orders.supplier_order_id"))
    line_number: Mapped[int] = mapped_column(SmallInteger)
    sku_id: Mapped[UUID]
    product_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    specification_en: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(Text)
    designations: Mapped[list[str]] = mapped_column(ARRAY(Text))
    temperature_class: Mapped[str] = mapped_column(Text)
    net_weight_g: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_fen: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    discount_fen: Mapped[int] = mapped_column(BigInteger)
    points_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    is_gift: Mapped[bool] = mapped_column(server_default=text("false"))
    price_trace: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))


class OrderShortfall(Base):
    """Pieces of a line that its supplier could not send, and what they are worth: what was paid ahead went back."""

    __tablename__ = "order_shortfalls"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("refund_fen >= 0", name="refund_is_not_negative"),
        Index(None, "supplier_order_id"),
    )

    shortfall_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.line_id"), primary_key=True)
    supplier_order_id: Mapped[UUID]
    quantity: Mapped[int] = mapped_column(Integer)
    refund_fen: Mapped[int] = mapped_column(BigInteger)
    noted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OrderChange(Base):
    """One entry of an order's history, never changed afterwards."""

    __tablename__ = "order_changes"
    __table_args__ = (
        CheckConstraint(
            "change IN ('PLACED', 'PAID', 'CONFIRMED', 'CANCELLED', 'PARTLY_SHIPPED', 'SHIPPED', 'GIVEN_UP',"
            " 'PIECES_LOST', 'LOST', 'ARRIVED_AFTER_LOSS', 'DELIVERED', 'COMPLETED', 'SHIPPED_AFTER_CANCEL',"
            " 'GROUP_FORMED')",
            name="change_is_known",
        ),
        Index(None, "order_id", "change_id"),
    )

    change_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    supplier_order_id: Mapped[UUID | None]
    change: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
