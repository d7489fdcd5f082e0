"""Who takes over a unit that a finance office entered shows the code that it was given for it."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0046"
down_revision = "0045"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """The codes' hashes, and how often an institution was wrong."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0046_activation_codes.sql").read_text(encoding="utf-8"))
