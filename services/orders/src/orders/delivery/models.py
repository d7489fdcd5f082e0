"""Carriage: what it costs and how long it takes."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class DeliveryTariff(Base):
    """Carriage of a temperature class (empty: any) of a supplier (null: the platform's) to a region prefix."""

    __tablename__ = "delivery_tariffs"
    __table_args__ = (
        CheckConstraint("region_prefix ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6})?$'", name="region_is_a_prefix"),
        CheckConstraint("first_fen >= 0 AND step_fen >= 0 AND free_from_fen >= 0", name="money_is_not_negative"),
        CheckConstraint("first_g >= 0 AND step_g > 0", name="steps_are_positive"),
        UniqueConstraint(
            "supplier_id",
            "temperature_class",
            "region_prefix",
            name="uq_delivery_tariffs_supplier_id",
            postgresql_nulls_not_distinct=True,
        ),
    )

    tariff_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    supplier_id: Mapped[UUID | None]
    temperature_class: Mapped[str] = mapped_column(Text, server_default=text("''"))
    region_prefix: Mapped[str] = mapped_column(Text, server_default=text("''"))
    is_served: Mapped[bool] = mapped_column(server_default=text("true"))
    first_g: Mapped[int] = mapped_column(BigInteger)
    first_fen: Mapped[int] = mapped_column(BigInteger)
    step_g: Mapped[int] = mapped_column(BigInteger)
    step_fen: Mapped[int] = mapped_column(BigInteger)
    free_from_fen: Mapped[int | None] = mapped_column(BigInteger)


class DeliveryPromise(Base):
    """Days from a region to a region, by the longest prefixes that fit."""

    __tablename__ = "delivery_promises"
    __table_args__ = (CheckConstraint("first_days BETWEEN 0 AND last_days", name="days_are_in_order"),)

    from_prefix: Mapped[str] = mapped_column(Text, primary_key=True)
    to_prefix: Mapped[str] = mapped_column(Text, primary_key=True)
    first_days: Mapped[int] = mapped_column(Integer)
    last_days: Mapped[int] = mapped_column(Integer)
