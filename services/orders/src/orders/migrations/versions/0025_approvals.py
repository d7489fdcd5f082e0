"""Approvals: tiers of units, delegations, cases and their decisions."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0025"
down_revision = "0024"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables, and what refuses an approval of one's own request."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0025_approvals.sql").read_text(encoding="utf-8"))
