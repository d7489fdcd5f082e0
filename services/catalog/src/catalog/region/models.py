"""Administrative divisions, the codes they used to have, and the lists (designations) that they are on."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Region(Base):
    """A province, a prefecture or a county as it is today. The six-digit code is its key."""

    __tablename__ = "regions"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{6}$'", name="code_form"),
        CheckConstraint("level IN ('province', 'city', 'county')", name="level_known"),
        Index("ix_regions_parent_code", "parent_code", "code"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    province_code: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    city_code: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    is_current: Mapped[bool] = mapped_column(server_default=text("true"))


class RegionAlias(Base):
    """A code or name that an area had in [valid_from, valid_to), and a division of today that it became part of.

    An area that was split has a row for each part: its old code alone cannot say which is meant.
    """

    __tablename__ = "region_aliases"
    __table_args__ = (Index("ix_region_aliases_code", "code"),)

    old_code: Mapped[str] = mapped_column(Text, primary_key=True)
    old_name: Mapped[str] = mapped_column(Text, primary_key=True)
    valid_to: Mapped[date] = mapped_column(Date, primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    valid_from: Mapped[date | None] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(Text)


class Designation(Base):
    """One county's place on one published version of a list, such as the 832 assisted counties."""

    __tablename__ = "designations"
    __table_args__ = (
        Index("ix_designations_county_code", "county_code"),
        CheckConstraint("until_on IS NULL OR until_on > from_on", name="days_in_order"),
    )

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    from_on: Mapped[date] = mapped_column(Date, primary_key=True)
    until_on: Mapped[date | None] = mapped_column(Date)
    version: Mapped[str] = mapped_column(Text)
    listed_name: Mapped[str] = mapped_column(Text)
    exit_year: Mapped[int | None] = mapped_column(SmallInteger)
    source: Mapped[str] = mapped_column(Text)
    doubt: Mapped[str | None] = mapped_column(Text)
