"""A bid and its Idempotency-Key in one statement, so that waiting bids go together."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0045"
down_revision = "0044"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """One function; what a bid is and how it is ordered stays as it was."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0045_bids_together.sql").read_text(encoding="utf-8"))
