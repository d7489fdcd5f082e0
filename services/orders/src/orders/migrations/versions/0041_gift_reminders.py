"""A union is told once who has not chosen its holiday gift."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """When it was told."""
    op.add_column("gift_campaigns", sa.Column("reminded_at", sa.DateTime(timezone=True)))
