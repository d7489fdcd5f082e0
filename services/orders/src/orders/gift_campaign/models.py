"""A union's campaign of holiday gifts, its packages and its papers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class GiftCampaign(Base):
    """A plan that is approved, bought for, made public, claimed and paid; a trigger lets it leave out no step.

    `county_code` is the unit's when the plan was made: caps and tiers are those of its region. `plan_round` counts how
    often the plan was submitted. `hold_id` is the hold of stock that keeps all packages for it. At `reminded_at` its
    union was told who has not chosen.
    """

    __tablename__ = "gift_campaigns"
    __table_args__ = (
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'PLAN_APPROVED', 'QUOTING', 'SUPPLIER_CHOSEN', 'PUBLICITY',"
            " 'ROSTER_LOCKED', 'CLAIMING', 'CLAIM_CLOSED', 'FULFILLING', 'ACCEPTED', 'INVOICED', 'PAID', 'ARCHIVED',"
            " 'CANCELLED')",
            name="status_is_known",
        ),
        CheckConstraint("mode IN ('WHOLE_LOT', 'CLAIM_CODE', 'MIXED')", name="mode_is_known"),
        CheckConstraint("unclaimed_rule IN ('DEFAULT_PACKAGE', 'RELEASE')", name="unclaimed_rule_is_known"),
        CheckConstraint("cardinality(holiday_codes) > 0", name="has_holiday"),
        CheckConstraint(
            "per_head_fen > 0 AND planned_count > 0 AND budget_fen >= per_head_fen * planned_count",
            name="money_covers_plan",
        ),
        CheckConstraint("publicity_from_on <= publicity_until_on", name="publicity_has_end"),
        CheckConstraint("(mode <> 'CLAIM_CODE') = (lot_address IS NOT NULL)", name="lot_has_address"),
        CheckConstraint(
            "(mode <> 'WHOLE_LOT') = (claim_from_at IS NOT NULL) AND (mode <> 'WHOLE_LOT') = (claim_until_at IS NOT"
            " NULL) AND (claim_from_at IS NULL OR claim_from_at < claim_until_at)",
            name="claims_have_time",
        ),
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'PLAN_APPROVED', 'QUOTING', 'CANCELLED')"
            " OR default_package_id IS NOT NULL",
            name="claiming_has_default",
        ),
        Index(None, "unit_id", "created_at", "campaign_id"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    county_code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    holiday_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    year: Mapped[int] = mapped_column(Integer)
    per_head_fen: Mapped[int] = mapped_column(BigInteger)
    planned_count: Mapped[int] = mapped_column(Integer)
    budget_fen: Mapped[int] = mapped_column(BigInteger)
    roster_cutoff_on: Mapped[date] = mapped_column(Date)
    mode: Mapped[str] = mapped_column(Text)
    lot_address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    default_package_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("gift_packages.package_id", deferrable=True, initially="DEFERRED", use_alter=True)
    )
    publicity_from_on: Mapped[date] = mapped_column(Date)
    publicity_until_on: Mapped[date] = mapped_column(Date)
    claim_from_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    claim_until_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    unclaimed_rule: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    plan_round: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    case_id: Mapped[UUID | None]
    hold_id: Mapped[UUID | None]
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    choice_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class GiftPackage(Base):
    """One of at most three things that a member may choose, or what takes its place (`replaces_id`) after a supplier
    refused. `planned_count` of it are held for the campaign, of which
    `chosen_count` members have chosen it; the CHECK refuses the one too many, however many choose at once."""

    __tablename__ = "gift_packages"
    __table_args__ = (
        UniqueConstraint("campaign_id", "position"),
        CheckConstraint("position BETWEEN 1 AND 3 OR replaces_id IS NOT NULL", name="at_most_three"),
        CheckConstraint("price_fen > 0", name="price_is_positive"),
        CheckConstraint("assisted_bp BETWEEN 0 AND 10000", name="share_is_a_share"),
        CheckConstraint(
            "planned_count > 0 AND chosen_count BETWEEN 0 AND planned_count", name="chosen_is_part_of_planned"
        ),
    )

    package_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("gift_campaigns.campaign_id"))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    price_fen: Mapped[int] = mapped_column(BigInteger)
    assisted_bp: Mapped[int] = mapped_column(Integer)
    planned_count: Mapped[int] = mapped_column(Integer)
    chosen_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("gift_packages.package_id"))


class GiftPackageLine(Base):
    """Goods of a package, as they were listed for institutions when it was made: a price that rises later changes
    nothing. `purchase_id` is empty for what the campaign's own purchase brings."""

    __tablename__ = "gift_package_lines"
    __table_args__ = (CheckConstraint("quantity > 0 AND unit_price_fen > 0", name="something_for_something"),)

    package_id: Mapped[UUID] = mapped_column(
        ForeignKey("gift_packages.package_id", ondelete="CASCADE"), primary_key=True
    )
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_fen: Mapped[int] = mapped_column(BigInteger)
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    is_assisted: Mapped[bool] = mapped_column(Boolean)
    purchase_id: Mapped[UUID | None] = mapped_column(ForeignKey("purchases.purchase_id"))


class GiftDocument(Base):
    """A paper of the campaign (minutes, a quote, the contract …) under its bytes' name in the store. Of a list of the
    purchasing group, `counted` is how many people it has."""

    __tablename__ = "gift_documents"
    __table_args__ = (
        UniqueConstraint("campaign_id", "key"),
        CheckConstraint(
            "kind IN ('MINUTES', 'GROUP', 'QUOTE', 'CHAIR', 'COMPETITION', 'CONTRACT', 'SIGN_OFF', 'ACCEPTANCE',"
            " 'INVOICE', 'PAYMENT', 'OTHER')",
            name="kind_is_known",
        ),
        CheckConstraint(
            "(kind = 'QUOTE') = (supplier_name <> '') AND (kind = 'QUOTE') = (amount_fen IS NOT NULL)",
            name="quote_is_somebodys",
        ),
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
        CheckConstraint("counted > 0 AND (counted = 1 OR kind = 'GROUP')", name="group_counts_people"),
    )

    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("gift_campaigns.campaign_id"))
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    supplier_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    counted: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    key: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
