"""What tells processes that prices are made of something else now."""

from uuid import UUID

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class PricingRevision(Base):
    """The one row whose revision is new whenever a promotion, a tariff or a promise changes."""

    __tablename__ = "pricing_revision"
    __table_args__ = (CheckConstraint("is_only", name="is_only"),)

    is_only: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    revision: Mapped[UUID]
