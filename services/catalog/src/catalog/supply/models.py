"""The supply register (农业供给侧产品库): what a village or an enterprise grows."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Numeric, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class SupplyEntry(Base):
    """One product of one village or enterprise in one year. Amounts are grams, prices fen for 500 g.

    `village` and `enterprise` are empty where they do not apply, never null, so that the natural key holds: an entry
    names at least one of them. `sold_g` is what its holder says was sold; what villages counted in `survey_reports`
    goes before it (see `catalog.harvest`).
    """

    __tablename__ = "supply_entries"
    __table_args__ = (
        CheckConstraint("village <> '' OR enterprise <> ''", name="holder_named"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_in_range"),
        CheckConstraint("scale_value > 0 AND yearly_output_g > 0", name="size_positive"),
        CheckConstraint(
            "season_from_month BETWEEN 1 AND 12 AND season_to_month BETWEEN 1 AND 12", name="season_months"
        ),
        CheckConstraint("price_from_fen > 0 AND price_to_fen >= price_from_fen", name="price_range_in_order"),
        CheckConstraint("expected_persons_count >= 0 AND sold_g >= 0", name="counts_not_negative"),
        CheckConstraint("status IN ('DRAFT', 'SUBMITTED', 'CONFIRMED', 'RETURNED')", name="status_known"),
        Index(
            "uq_supply_entries_holder_product_year",
            "county_code",
            "township",
            "village",
            "enterprise",
            "product_name",
            "year",
            unique=True,
        ),
        Index("ix_supply_entries_confirmed", "year", "county_code", postgresql_where=text("status = 'CONFIRMED'")),
        Index("ix_supply_entries_list", "county_code", "entry_id"),
        Index("ix_supply_entries_operator_supplier_id", "operator_supplier_id"),
    )

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text, server_default=text("''"))
    enterprise: Mapped[str] = mapped_column(Text, server_default=text("''"))
    product_name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    scale_value: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    scale_unit: Mapped[str] = mapped_column(Text)
    yearly_output_g: Mapped[int] = mapped_column(BigInteger)
    season_from_month: Mapped[int] = mapped_column(SmallInteger)
    season_to_month: Mapped[int] = mapped_column(SmallInteger)
    price_from_fen: Mapped[int] = mapped_column(Integer)
    price_to_fen: Mapped[int] = mapped_column(Integer)
    operator_supplier_id: Mapped[UUID | None] = mapped_column(ForeignKey("suppliers.supplier_id"))
    operator_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    contact: Mapped[str] = mapped_column(Text, server_default=text("''"))
    is_contact_public: Mapped[bool] = mapped_column(server_default=text("false"))
    expected_persons_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sold_g: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    organisation_id: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
