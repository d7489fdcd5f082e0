"""What a supplier puts beside its bid, under the same seal; and for how long it warrants the goods."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0043"
down_revision = "0042"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """The table of attachments with its seal, and the warranty of an opened bid."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0043_bid_attachments.sql").read_text(encoding="utf-8"))
