"""The shared tables (analytics keeps its feed cursors in them) and the key under which buyers are hashed.

Revision ID: 0001
"""

from typing import cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations

from shared.migrations import create_shared_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_shared_tables(cast("Operations", op))
    op.create_table(
        "buyer_hash_keys",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number = 1", name=op.f("ck_buyer_hash_keys_only_one")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_buyer_hash_keys")),
    )
