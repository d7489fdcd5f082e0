"""Joint purchases of several units, and harvests that units absorb together."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0038"
down_revision = "0037"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables and the triggers that count shares and give them back."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0038_pooled_purchases.sql").read_text(encoding="utf-8"))
