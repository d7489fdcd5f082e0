"""Pieces that the service desk sends again: an exchange that begins approved, and whose goods stay with the buyer."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Let exchanges have the problem `reissue`, which nobody has to approve and nothing has to come back for."""
    op.execute("ALTER TABLE exchanges DROP CONSTRAINT ck_exchanges_problem_is_known")
    op.execute(
        "ALTER TABLE exchanges ADD CONSTRAINT ck_exchanges_problem_is_known "
        "CHECK (problem IN ('wrong', 'damaged', 'faulty', 'other', 'reissue'))"
    )
    op.execute(
        "ALTER TABLE exchanges ADD CONSTRAINT ck_exchanges_reissue_is_sent_at_once CHECK (problem <> 'reissue' OR "
        "(NOT goods_back AND status IN ('APPROVED', 'SHIPPED', 'DELIVERED', 'CANCELLED')))"
    )
