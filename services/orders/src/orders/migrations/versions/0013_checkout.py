"""Guests' carts, invoice titles, pickup points, and pieces kept for a cart."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Each in its turn."""
    create_guest_carts()


def create_guest_carts() -> None:
    """A guest's lines know until when they are kept."""
    op.add_column("cart_lines", sa.Column("guest_until", INSTANT))
    op.create_index(
        "ix_cart_lines_guest_until",
        "cart_lines",
        ["guest_until"],
        postgresql_where=sa.text("guest_until IS NOT NULL"),
    )
