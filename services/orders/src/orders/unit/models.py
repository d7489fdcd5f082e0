"""A budget unit, its place in the tree, what it was until when, its canteen of a year, and its staff."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class BudgetUnit(Base):
    """A unit that files a reserved share and buys.

    `parent_id` is the unit that supervises it (主管预算单位); `county_code` is the division whose finance office
    oversees it. A finance office may enter a unit before the unit has an account: until then `organisation_id` is
    empty, and the unit counts as entered but not as activated (激活). A unit that was merged stands below the one that
    took it over. Triggers hold that units form a tree, also under parallel moves, and keep `unit_periods`.
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


class UnitPeriod(Base):
    """What a unit was from one change to the next; the present one has no end. Written by a trigger, never by code."""

    __tablename__ = "unit_periods"
    __table_args__ = (
        CheckConstraint("valid_until > valid_from", name="ends_after_its_beginning"),
        Index("ix_unit_periods_one_now", "unit_id", unique=True, postgresql_where=text("valid_until IS NULL")),
        Index(None, "parent_id"),
    )

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[UUID | None]
    county_code: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)


class UnitCanteen(Base):
    """How a unit eats in a year (食堂模式). A member of a shared canteen names the unit that files for all of them, and
    a trigger holds that this unit says the same of itself."""

    __tablename__ = "unit_canteens"
    __table_args__ = (
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_is_sane"),
        CheckConstraint("mode IN ('OWN', 'OUTSOURCED', 'SHARED_REP', 'SHARED_MEMBER', 'NONE')", name="mode_is_known"),
        CheckConstraint(
            "(mode = 'SHARED_MEMBER') = (shared_with_id IS NOT NULL)", name="member_names_its_representative"
        ),
        CheckConstraint("shared_with_id <> unit_id", name="is_shared_with_another"),
        CheckConstraint("(mode = 'OUTSOURCED') = (contractor_name <> '')", name="contractor_has_name"),
        CheckConstraint("contractor_uscc = '' OR contractor_name <> ''", name="code_needs_contractor"),
        Index(None, "shared_with_id", "year"),
    )

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    mode: Mapped[str] = mapped_column(Text)
    shared_with_id: Mapped[UUID | None] = mapped_column(ForeignKey("budget_units.unit_id"))
    contractor_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    contractor_uscc: Mapped[str] = mapped_column(Text, server_default=text("''"))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class UnitStaff(Base):
    """A person whose own purchases count to the unit, by its own word, from linking until leaving."""

    __tablename__ = "unit_staff"
    __table_args__ = (
        CheckConstraint("left_at > linked_at", name="leaves_after_linking"),
        Index("ix_unit_staff_one_unit", "person_id", unique=True, postgresql_where=text("left_at IS NULL")),
        Index(None, "unit_id"),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    left_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class UnitActivation(Base):
    """The hash of the code by which a unit without an account is taken over. Triggers hold that a unit which has an
    account, or is no longer active, has none."""

    __tablename__ = "unit_activations"
    __table_args__ = (
        CheckConstraint("expires_at > issued_at", name="expires_later"),
        CheckConstraint("length(code_hash) = 32", name="hash_is_sha256"),
    )

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class UnitActivationAttempt(Base):
    """How many wrong codes an institution typed until the window ends."""

    __tablename__ = "unit_activation_attempts"
    __table_args__ = (CheckConstraint("wrong_count > 0", name="was_wrong"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    wrong_count: Mapped[int] = mapped_column(Integer)
    window_ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
