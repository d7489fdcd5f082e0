"""Cards know whether orders has anything of the product to sell. Orders tells of each pack once when it learns to."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "stock_flags",
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("is_in_stock", sa.Boolean(), nullable=False),
        sa.Column("is_low", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sku_id", name=op.f("pk_stock_flags")),
    )
    op.create_index("ix_stock_flags_product_id", "stock_flags", ["product_id"])
    op.add_column(
        "product_cards", sa.Column("is_in_stock", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
