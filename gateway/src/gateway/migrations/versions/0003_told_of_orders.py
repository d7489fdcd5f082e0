"""What was told of an order is found by its number, for the service desk."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """An index over the messages' facts."""
    op.execute("CREATE INDEX ix_messages_order_number ON messages ((facts ->> 'order_number'), happened_at)")
