"""Placing an order, with all that the revisions before added to it."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0018"
down_revision = "0017"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Replace the function."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0018_place_order.sql").read_text(encoding="utf-8"))
