"""Linkages, their households (by key only) and what was paid to them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Linkage(Base):
    """One way in which a supplier lets households of one village earn, on the days [from_on, until_on).

    `estimated_…` hold a count made from the income where there are no household numbers, with the coefficient (fen a
    household and year) and its source as they were on that day.
    """

    __tablename__ = "linkages"
    __table_args__ = (
        CheckConstraint(
            "way IN ('purchase', 'employment', 'land_lease', 'dividend', 'shareholding', 'long_term_order')",
            name="way_known",
        ),
        CheckConstraint("status IN ('DRAFT', 'SUBMITTED', 'CONFIRMED', 'RETURNED', 'ENDED')", name="status_known"),
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="days_in_order"),
        CheckConstraint("estimated_household_count >= 0 AND estimated_person_count >= 0", name="not_negative"),
        CheckConstraint(
            "estimated_household_count = 0 OR (estimate_coefficient_fen > 0 AND estimate_source <> '')",
            name="estimate_explained",
        ),
        Index(
            "uq_linkages_one_entry",
            "supplier_id",
            "way",
            "county_code",
            "township",
            "village",
            "from_on",
            unique=True,
        ),
        Index("ix_linkages_county_code", "county_code", "status", "linkage_id"),
        Index("ix_linkages_supplier_id", "supplier_id", "linkage_id"),
    )

    linkage_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    way: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    agreement_document_id: Mapped[UUID | None] = mapped_column()
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    status: Mapped[str] = mapped_column(Text)
    estimated_household_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    estimated_person_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    estimate_coefficient_fen: Mapped[int | None] = mapped_column(BigInteger)
    estimate_source: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    confirmed_at: Mapped[datetime | None] = mapped_column()


class LinkageHousehold(Base):
    """A household of a linkage: a keyed hash and how many persons it has, nothing else."""

    __tablename__ = "linkage_households"
    __table_args__ = (
        CheckConstraint("household_key ~ '^[0-9a-f]{32}$'", name="key_form"),
        CheckConstraint("person_count BETWEEN 1 AND 30", name="persons_in_range"),
        Index("ix_linkage_households_household_key", "household_key"),
    )

    linkage_id: Mapped[UUID] = mapped_column(ForeignKey("linkages.linkage_id"), primary_key=True)
    household_key: Mapped[str] = mapped_column(Text, primary_key=True)
    person_count: Mapped[int] = mapped_column(SmallInteger)


class LinkageIncome(Base):
    """What a linkage brought its households in a year, in fen: wage (工资性), asset (资产性), operating (经营性)."""

    __tablename__ = "linkage_incomes"
    __table_args__ = (
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_in_range"),
        CheckConstraint("wage_fen >= 0 AND asset_fen >= 0 AND operating_fen >= 0", name="not_negative"),
    )

    linkage_id: Mapped[UUID] = mapped_column(ForeignKey("linkages.linkage_id"), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    wage_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    asset_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    operating_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
