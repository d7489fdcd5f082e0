"""What village teams counted as still to sell (销售需求摸底), and what was sold of it since."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class SurveyReport(Base):
    """A village's count of one product in one period (a month, as 2026-11). Only the latest report of a period counts;
    earlier ones stay to be read. `absorbed_g` is the sum of its absorptions."""

    __tablename__ = "survey_reports"
    __table_args__ = (
        CheckConstraint("quantity_g >= 0 AND absorbed_g BETWEEN 0 AND quantity_g", name="absorbed_within_quantity"),
        CheckConstraint("period ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'", name="period_is_a_month"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_in_range"),
        Index(
            "uq_survey_reports_latest",
            "county_code",
            "township",
            "village",
            "product_name",
            "year",
            "period",
            unique=True,
            postgresql_where=text("is_latest"),
        ),
        Index("ix_survey_reports_list", "county_code", "report_id"),
    )

    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    product_name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    period: Mapped[str] = mapped_column(Text)
    quantity_g: Mapped[int] = mapped_column(BigInteger)
    absorbed_g: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    until_on: Mapped[date] = mapped_column(Date)
    office_name: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    organisation_id: Mapped[UUID | None] = mapped_column()
    is_latest: Mapped[bool] = mapped_column(server_default=text("true"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    reported_at: Mapped[datetime] = mapped_column()


class SurveyAbsorption(Base):
    """A part of a report that was sold on the market, or absorbed (消纳) by an assistance purchase."""

    __tablename__ = "survey_absorptions"
    __table_args__ = (
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        CheckConstraint("kind IN ('sold', 'absorbed')", name="kind_known"),
        Index("ix_survey_absorptions_report_id", "report_id", "absorption_id"),
    )

    absorption_id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("survey_reports.report_id"))
    kind: Mapped[str] = mapped_column(Text)
    quantity_g: Mapped[int] = mapped_column(BigInteger)
    buyer_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    happened_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column()
