"""Crop orders: a deposit, milestones, a harvest that is shared."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Add the tables, and deposits as money for orders."""
    script = Path(__file__).parents[1] / "sql" / "0039_crop_orders.sql"
    execute_script(cast(Operations, op), script.read_text(encoding="utf-8"))
