"""Claims for pieces or weight of a delivered line."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.after_sales import SoldGoods
from orders.base import Base


class Claim(SoldGoods, Base):
    """One claim. `piece_count` are the pieces that it speaks for (counted in `line_balances.claimed_count` until it
    ends), `weight_g` how much of them was bad where it goes by weight; `wanted_fen` is what its share came to when it
    was opened, `granted_fen` what was granted; `due_at` is whoever's turn it is, by when."""

    __tablename__ = "claims"
    __table_args__ = (
        CheckConstraint(
            "status IN ('SUPPLIER_REVIEW', 'APPROVED', 'REFUSED', 'APPEALED', 'REJECTED', 'REFUNDED', 'WITHDRAWN')",
            name="status_is_known",
        ),
        CheckConstraint("piece_count > 0", name="pieces_are_positive"),
        CheckConstraint("(basis = 'weight') = (weight_g IS NOT NULL)", name="weight_where_it_goes_by_it"),
        CheckConstraint("basis IN ('pieces', 'weight') AND weight_g > 0", name="basis_is_known"),
        CheckConstraint(
            "(status IN ('APPROVED', 'REFUNDED')) = (granted_fen IS NOT NULL)", name="granted_when_approved"
        ),
        CheckConstraint(
            "(status IN ('SUPPLIER_REVIEW', 'REFUSED', 'APPEALED')) = (due_at IS NOT NULL)", name="somebody_is_due"
        ),
        CheckConstraint("approved_by_rule IN ('excursion', 'limit', 'silence')", name="rule_is_known"),
        Index(None, "buyer_id", "opened_at", "claim_id"),
        Index(None, "supplier_id", "opened_at", "claim_id"),
        Index(None, "opened_at", "claim_id"),
        Index(None, "line_id"),
        Index(None, "order_id"),
        Index("ix_claims_due_at_waiting", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_claims_approved", "claim_id", postgresql_where=text("status = 'APPROVED'")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    claim_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    basis: Mapped[str] = mapped_column(Text)
    piece_count: Mapped[int] = mapped_column(Integer)
    weight_g: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    is_proven: Mapped[bool]
    approved_by_rule: Mapped[str | None] = mapped_column(Text)
    wanted_fen: Mapped[int] = mapped_column(BigInteger)
    granted_fen: Mapped[int | None] = mapped_column(BigInteger)
    supplier_fen: Mapped[int | None] = mapped_column(BigInteger)
    carrier_fen: Mapped[int | None] = mapped_column(BigInteger)
