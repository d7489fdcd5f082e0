"""Holiday gifts of unions: campaigns, packages, papers, rosters, and what a member may have at most."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0035"
down_revision = "0032"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables, and the trigger that lets no campaign leave out a step."""
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0035_gift_campaigns.sql").read_text(encoding="utf-8"))
