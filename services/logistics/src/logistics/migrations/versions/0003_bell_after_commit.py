"""The outbox rings no bell inside the transaction: `shared.bell` does after it.

Revision ID: 0003
"""

from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import drop_outbox_trigger

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the trigger."""
    drop_outbox_trigger(cast(Operations, op))  # alembic's module stands for it
