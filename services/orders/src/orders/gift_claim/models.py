"""What members chose, where it goes, and who signed for it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class GiftClaim(Base):
    """A member's gift: the package, and home, a pickup point or the unit. `is_default`: nobody chose, the rule did.

    The address is personal data: the unit is shown it masked, the supplier only with its own parcels. Whoever hands a
    gift out at the unit notes who signed and, for a proxy (代领), how they belong together.
    """

    __tablename__ = "gift_claims"
    __table_args__ = (
        CheckConstraint("way IN ('HOME', 'PICKUP', 'UNIT')", name="way_is_known"),
        CheckConstraint(
            "(way = 'UNIT' AND recipient = '' AND phone = '' AND county_code = '' AND detail = '')"
            " OR (way <> 'UNIT' AND recipient <> '' AND phone <> '' AND county_code ~ '^[0-9]{6}$' AND detail <> '')",
            name="goes_somewhere",
        ),
        CheckConstraint("(way = 'PICKUP') = (pickup_point_id IS NOT NULL)", name="pickup_has_point"),
        CheckConstraint("(pickup_point_id IS NULL) = (pickup_point_name = '')", name="pickup_point_has_name"),
        CheckConstraint(
            "(signed_at IS NULL) = (signed_by = '') AND (signed_at IS NULL) = (handed_out_by IS NULL)"
            " AND (proxy_relation = '' OR signed_at IS NOT NULL)",
            name="signed_by_somebody",
        ),
        CheckConstraint("signed_at IS NULL OR way = 'UNIT'", name="signed_at_the_unit"),
        Index(None, "campaign_id", "member_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("gift_members.member_id"), primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("gift_campaigns.campaign_id"))
    package_id: Mapped[UUID] = mapped_column(ForeignKey("gift_packages.package_id"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    way: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str] = mapped_column(Text, server_default=text("''"))
    phone: Mapped[str] = mapped_column(Text, server_default=text("''"))
    county_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    detail: Mapped[str] = mapped_column(Text, server_default=text("''"))
    pickup_point_id: Mapped[UUID | None]
    pickup_point_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    claimed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_by: Mapped[str] = mapped_column(Text, server_default=text("''"))
    proxy_relation: Mapped[str] = mapped_column(Text, server_default=text("''"))
    handed_out_by: Mapped[UUID | None]
