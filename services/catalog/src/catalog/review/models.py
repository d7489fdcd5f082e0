"""Reviews of products: of a new one as a whole, or of a listed one's changed fields."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class ProductReview(Base):
    """One round of review. `fields` of a CHANGE holds only what is to change, by field (`title`,
    `skus.<id>.net_weight_g`, `skus.<id>` for a new pack); `before` what it was when it was decided; `reasons` why a
    field was refused. A product has at most one PENDING review: the database refuses a second."""

    __tablename__ = "product_reviews"
    __table_args__ = (
        CheckConstraint("kind IN ('LISTING', 'CHANGE')", name="kind_known"),
        CheckConstraint("status IN ('PENDING', 'ACCEPTED', 'REJECTED', 'WITHDRAWN')", name="status_known"),
        CheckConstraint("(status = 'PENDING') = (decided_at IS NULL)", name="decided_has_instant"),
        CheckConstraint("kind = 'LISTING' OR fields <> '{}'", name="change_has_fields"),
        CheckConstraint("status <> 'REJECTED' OR reasons <> '{}'", name="rejection_has_reasons"),
        Index("uq_product_reviews_one_pending", "product_id", unique=True, postgresql_where=text("status = 'PENDING'")),
        Index("ix_product_reviews_product_id", "product_id", "submitted_at", "review_id"),
        Index("ix_product_reviews_queue", "status", "submitted_at", "review_id"),
    )

    review_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    kind: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=text("'PENDING'"))
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    reasons: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    submitted_at: Mapped[datetime] = mapped_column()
    submitted_by: Mapped[UUID | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column()
