"""Contracts with suppliers, and what is called from them."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Add the tables."""
    script = Path(__file__).parents[1] / "sql" / "0032_contracts.sql"
    execute_script(cast(Operations, op), script.read_text(encoding="utf-8"))
