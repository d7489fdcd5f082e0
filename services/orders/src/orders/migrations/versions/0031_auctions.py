"""Reverse auctions: lots, entries, and bids in the order in which the database takes them."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0031"
down_revision = "0030"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables, the one statement that takes a bid, and the triggers behind it."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0031_auctions.sql").read_text(encoding="utf-8"))
