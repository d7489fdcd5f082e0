"""What buyers say of products, and lists in that order."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table and the cards' columns."""
    op.create_table(
        "product_ratings",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("rating_sum", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("rating_count >= 0 AND rating_sum >= 0", name=op.f("ck_product_ratings_not_negative")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_product_ratings")),
    )
    for name in ("rating_count", "rating_sum", "rating_score"):
        op.add_column("product_cards", sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index("ix_product_cards_rating_score", "product_cards", ["rating_score", "product_number"])
    for wide in ("category", "province_code"):
        op.create_index(
            f"ix_product_cards_{wide}_rating_score", "product_cards", [wide, "rating_score", "product_number"]
        )
