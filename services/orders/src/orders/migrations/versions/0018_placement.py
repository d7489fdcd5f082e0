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
    """Replace the function, and add the one that calls it for several orders in one transaction."""
    operations = cast(Operations, op)  # alembic's module stands for it
    for script in ("0018_place_order.sql", "0018_place_orders.sql"):
        execute_script(operations, (SQL / script).read_text(encoding="utf-8"))
