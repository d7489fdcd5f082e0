"""Exchanges, and goods that come back into stock."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0016"
down_revision = "0015"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables with their triggers, and widen what others know by kind."""
    script = (SQL / "0016_exchanges.sql").read_text(encoding="utf-8")
    execute_script(cast(Operations, op), script)  # alembic's module stands for it
