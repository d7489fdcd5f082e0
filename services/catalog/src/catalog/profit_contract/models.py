"""Contracts and whom they give to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class ProfitContract(Base):
    """A supplier's promise to a village: `share_bp` of each settled line, on the days [from_on, until_on).

    `product_id` null is for all products. `basis` is the payable amount, or net proceeds (after `deduction_bp` of
    costs). Without households the village's collective gets the share. `floor_bp` is the floor that held when the terms
    were entered, with its source.
    """

    __tablename__ = "profit_contracts"
    __table_args__ = (
        CheckConstraint("basis IN ('line_payable', 'net_proceeds')", name="basis_known"),
        CheckConstraint("share_bp BETWEEN 1 AND 10000 AND deduction_bp BETWEEN 0 AND 9999", name="basis_points"),
        CheckConstraint("share_bp >= floor_bp", name="not_below_floor"),
        CheckConstraint("status IN ('DRAFT', 'SUBMITTED', 'CONFIRMED', 'RETURNED', 'ENDED')", name="status_known"),
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="days_in_order"),
        Index("ix_profit_contracts_supplier_id", "supplier_id", "contract_id"),
        Index("ix_profit_contracts_county_code", "county_code", "contract_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("products.product_id"))
    basis: Mapped[str] = mapped_column(Text)
    share_bp: Mapped[int] = mapped_column(Integer)
    deduction_bp: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    floor_bp: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    floor_source: Mapped[str] = mapped_column(Text, server_default=text("''"))
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    document_id: Mapped[UUID | None] = mapped_column()
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    status: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class ProfitContractHousehold(Base):
    """A household (by key) that a contract gives to, in proportion to its weight."""

    __tablename__ = "profit_contract_households"
    __table_args__ = (
        CheckConstraint("household_key ~ '^[0-9a-f]{32}$'", name="key_form"),
        CheckConstraint("weight BETWEEN 1 AND 1000000", name="weight_in_range"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("profit_contracts.contract_id"), primary_key=True)
    household_key: Mapped[str] = mapped_column(Text, primary_key=True)
    weight: Mapped[int] = mapped_column(Integer)
