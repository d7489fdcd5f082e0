"""Workshops close and open again, and are edited."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """A status beside the day of closing, which follows it, and a revision to edit by."""
    op.execute("ALTER TABLE labour_workshops ADD COLUMN status text NOT NULL DEFAULT 'OPEN'")
    op.execute("ALTER TABLE labour_workshops ADD COLUMN revision bigint NOT NULL DEFAULT 1")
    op.execute("UPDATE labour_workshops SET status = 'CLOSED' WHERE closed_at IS NOT NULL")
    op.execute("""
        ALTER TABLE labour_workshops
            ADD CONSTRAINT ck_labour_workshops_status_known CHECK (status IN ('OPEN', 'CLOSED')),
            ADD CONSTRAINT ck_labour_workshops_closed_when_closed
                CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL))
    """)
