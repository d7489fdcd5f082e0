"""Reserve purchases, their points, and the appointments to sell to them."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the tables, and the trigger that keeps what is booked."""
    script = Path(__file__).parents[1] / "sql" / "0040_reserve_purchases.sql"
    execute_script(cast(Operations, op), script.read_text(encoding="utf-8"))
