"""Claims and returns, what was refunded of each line, what logistics told of temperatures, photos and the trail.

Revision ID: 0006
"""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables, and the triggers that hold their sums."""
    script = (SQL / "0006_after_sales.sql").read_text(encoding="utf-8")
    execute_script(cast(Operations, op), script)  # alembic's module stands for it
