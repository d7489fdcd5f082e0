"""Claim codes of holiday gifts, what was chosen with them, and the parcels that follow."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0036"
down_revision = "0035"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables, and the triggers that let no code and no parcel take a step that there is not."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0036_claim_codes.sql").read_text(encoding="utf-8"))
