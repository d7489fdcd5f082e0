"""Household linkage, profit sharing, eligibility of origin."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
