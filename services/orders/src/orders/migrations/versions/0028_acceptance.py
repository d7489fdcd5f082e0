"""Goods checks of units' orders, and disputes about them; money that was consumed may become free again by a dispute."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0028"
down_revision = "0027"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables; a budget's ledger learns RESTORE; photos are also seen by an organisation's people."""
    script = (SQL / "0028_acceptance.sql").read_text(encoding="utf-8")
    execute_script(cast(Operations, op), script)  # alembic's module stands for it
