"""Suppliers: who grows, makes or gathers what is sold."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Supplier(Base):
    """An enterprise, a cooperative, a family farm, a village collective, or an agent who sells for them.

    Its id is also its organisation's id. `uscc_check` tells what became of the code's check character; `uscc_reason`
    and `uscc_let_through_by` are of the reviewer who let a wrong one through.
    """

    __tablename__ = "suppliers"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('enterprise', 'cooperative', 'family_farm', 'village_collective', 'agent')", name="kind_known"
        ),
        CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'COUNTY_REVIEW', 'COUNTY_REJECTED', 'RECOMMENDED', 'PLATFORM_REVIEW', "
            "'PLATFORM_REJECTED', 'ACTIVE', 'SUSPENDED', 'EXITED')",
            name="status_known",
        ),
        CheckConstraint("uscc_check IN ('NONE', 'PASSED', 'FAILED', 'LET_THROUGH')", name="uscc_check_known"),
        CheckConstraint("(uscc IS NULL) = (uscc_check = 'NONE')", name="uscc_check_of_a_code"),
        CheckConstraint(
            "(uscc_check = 'LET_THROUGH') = (uscc_reason <> '')", name="a_code_is_let_through_for_a_reason"
        ),
        CheckConstraint(
            "uscc_check <> 'FAILED' OR status NOT IN ('ACTIVE', 'SUSPENDED')", name="who_sells_has_a_settled_code"
        ),
        CheckConstraint("linked_households >= 0", name="linked_households_not_negative"),
        Index("uq_suppliers_uscc", "uscc", unique=True, postgresql_where=text("uscc IS NOT NULL")),
        Index("ix_suppliers_county_code", "county_code"),
        Index("ix_suppliers_name_supplier_id", "name", "supplier_id"),
    )

    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    uscc: Mapped[str | None] = mapped_column(Text)
    uscc_check: Mapped[str] = mapped_column(Text)
    uscc_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    uscc_let_through_by: Mapped[UUID | None] = mapped_column()
    story: Mapped[str] = mapped_column(Text, server_default=text("''"))
    story_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    linked_households: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    registered_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
