"""Orders on account: an order may wait for its supplier's word instead of a payment, and beside it stands whose it is,
from which budget, and how far it is on its way to being counted."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0027"
down_revision = "0026"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Widen what an order may be; add the table and the triggers; `place_order` learns to write one on account."""
    operations = cast(Operations, op)  # alembic's module stands for it
    for script in ("0027_unit_orders.sql", "0018_place_order.sql"):
        execute_script(operations, (SQL / script).read_text(encoding="utf-8"))
