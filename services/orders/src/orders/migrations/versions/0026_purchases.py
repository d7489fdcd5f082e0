"""Purchases of units: drafts, lines at their prices, the papers beside them."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0026"
down_revision = "0025"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables, the legal moves, and what holds their sums."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0026_purchases.sql").read_text(encoding="utf-8"))
