"""What a supplier sends to whom, once the campaign is closed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class GiftParcel(Base):
    """One supplier's goods for one member, or in one lot for the unit (`member_id` empty). `lines` is what it holds, as
    pairs of SKU and pieces. Closing twice makes no second one: the pair of part and member is unique, NULL and all.
    """

    __tablename__ = "gift_parcels"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DUE', 'TOLD', 'SHIPPED', 'DELIVERED', 'LOST', 'CANCELLED')", name="status_is_known"
        ),
        CheckConstraint(
            "status NOT IN ('SHIPPED', 'DELIVERED', 'LOST') OR shipped_at IS NOT NULL", name="shipped_has_instant"
        ),
        CheckConstraint("(status = 'DELIVERED') = (delivered_at IS NOT NULL)", name="delivered_has_instant"),
        CheckConstraint("jsonb_array_length(lines) > 0", name="holds_something"),
        UniqueConstraint("supplier_order_id", "member_id", postgresql_nulls_not_distinct=True),
        Index("ix_gift_parcels_due", "supplier_order_id", "parcel_id", postgresql_where=text("status = 'DUE'")),
        Index(None, "supplier_order_id", "status"),
        Index(None, "member_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("gift_campaigns.campaign_id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    supplier_order_id: Mapped[UUID] = mapped_column(ForeignKey("supplier_orders.supplier_order_id"))
    supplier_id: Mapped[UUID]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("gift_members.member_id"))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shipped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    carrier_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    waybill_numbers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
