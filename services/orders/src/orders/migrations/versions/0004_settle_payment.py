"""A payment is settled by one statement, as an order is placed by one.

Revision ID: 0004
"""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the functions."""
    script = (SQL / "0004_settle_payment.sql").read_text(encoding="utf-8")
    execute_script(cast(Operations, op), script)  # alembic's module stands for it
