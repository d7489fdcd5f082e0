"""Presales: what payments pay, what deposits paid of orders, offers and bookings."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0015"
down_revision = "0014"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables, and the triggers that hold their sums."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0015_presales.sql").read_text(encoding="utf-8"))
