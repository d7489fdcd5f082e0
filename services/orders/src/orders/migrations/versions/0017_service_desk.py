"""The service desk: notes on orders, whose phone was opened and why, and money given back as goodwill."""

from pathlib import Path
from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0017"
down_revision = "0016"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the tables with their triggers; a goodwill's money is borne by the platform."""
    script = (SQL / "0017_service_desk.sql").read_text(encoding="utf-8")
    execute_script(cast(Operations, op), script)  # alembic's module stands for it
