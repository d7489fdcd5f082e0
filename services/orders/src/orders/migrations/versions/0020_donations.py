"""Recipients of donations, the orders that go to them, and placing those."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0020"
down_revision = "0019"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables; replace `place_order` once more, for databases that ran 0018 before it knew donations."""
    operations = cast(Operations, op)  # alembic's module stands for it
    for script in ("0020_donations.sql", "0018_place_order.sql"):
        execute_script(operations, (SQL / script).read_text(encoding="utf-8"))
