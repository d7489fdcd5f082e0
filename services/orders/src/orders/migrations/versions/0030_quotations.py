"""Requests for quotation: what is asked, whom, sealed bids and what was in them."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0030"
down_revision = "0029"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables, and the triggers that hold the seal and the moves."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0030_quotations.sql").read_text(encoding="utf-8"))
