"""Promotions, coupons, their budgets, and delivery tariffs; price tiers of SKUs; why an order's line cost what it cost.

Revision ID: 0007
"""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add columns and tables, then the functions and triggers over them."""
    operations = cast(Operations, op)  # alembic's module stands for it
    for name in ("0007_pricing_tables.sql", "0007_pricing_functions.sql"):
        execute_script(operations, (SQL / name).read_text(encoding="utf-8"))
