"""A budget unit and its place in the tree."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class BudgetUnit(Base):
    """A unit that files a reserved share and buys.

    `parent_id` is the unit that supervises it (主管预算单位); `county_code` is the division whose finance office
    oversees it. A finance office may enter a unit before the unit has an account: until then `organisation_id` is
    empty, and the unit counts as entered but not as activated (激活).
    """

    __tablename__ = "budget_units"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('ORGAN', 'PUBLIC_INSTITUTION', 'SCHOOL', 'HOSPITAL', 'STATE_ENTERPRISE', 'BANK', 'OTHER')",
            name="kind_is_known",
        ),
        CheckConstraint("status IN ('ACTIVE', 'MERGED', 'CLOSED')", name="status_is_known"),
        CheckConstraint("(status = 'MERGED') = (merged_into_id IS NOT NULL)", name="merged_into_another"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_has_six_digits"),
        CheckConstraint("parent_id <> unit_id AND merged_into_id <> unit_id", name="is_not_its_own_parent"),
        CheckConstraint("has_union OR NOT has_union_funds", name="funds_need_a_union"),
        Index("ix_budget_units_one_of_a_code", "uscc", unique=True, postgresql_where=text("status = 'ACTIVE'")),
        Index("ix_budget_units_organisation_id", "organisation_id", unique=True),
        Index(None, "parent_id"),
        Index(None, "county_code", "unit_id"),
    )

    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    organisation_id: Mapped[UUID | None]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("budget_units.unit_id"))
    status: Mapped[str] = mapped_column(Text)
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("budget_units.unit_id"))
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    has_union: Mapped[bool]
    has_union_funds: Mapped[bool]
    union_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    union_uscc: Mapped[str] = mapped_column(Text, server_default=text("''"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
