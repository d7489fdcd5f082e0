"""Budgets of units as a ledger whose entries move the counters."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0024"
down_revision = "0023"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables and what books an entry."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0024_budgets.sql").read_text(encoding="utf-8"))
