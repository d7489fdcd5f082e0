"""Synonyms and what sorting by sales and freshness needs."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing yet."""
