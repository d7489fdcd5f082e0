"""Love-card points: accounts, lots, a ledger of two sides, and what orders pay with them."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0012"
down_revision = "0011"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables and what moves them; orders, their parts and lines gain what points pay."""
    script = (SQL / "0012_points.sql").read_text(encoding="utf-8")
    execute_script(cast(Operations, op), script)  # alembic's module stands for it
