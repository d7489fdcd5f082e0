"""Invoices of units' orders, what is owed for them, bank statements and what of them pays for which order."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0029"
down_revision = "0028"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables, and the triggers that keep their sums."""
    execute_script(cast(Operations, op), (SQL / "0029_settlements.sql").read_text(encoding="utf-8"))
