"""Group buys with their joins, and love purchases of harvests that will not sell; paying an order knows its group."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0014"
down_revision = "0013"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add tables, then the functions and triggers over them."""
    operations = cast(Operations, op)  # alembic's module stands for it
    for name in ("0014_group_buys.sql", "0014_love_purchases.sql"):
        execute_script(operations, (SQL / name).read_text(encoding="utf-8"))
