"""Address books."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "saved_addresses",
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "NOT (is_default AND removed_at IS NOT NULL)", name=op.f("ck_saved_addresses_default_is_not_removed")
        ),
        sa.CheckConstraint("county_code ~ '^[0-9]{6}$'", name=op.f("ck_saved_addresses_county_code_has_six_digits")),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_saved_addresses")),
    )
    op.create_index(
        "ix_saved_addresses_one_default",
        "saved_addresses",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_index(
        "ix_saved_addresses_once_each",
        "saved_addresses",
        ["person_id", "county_code", "recipient", "phone", "detail"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_saved_addresses_removed_at",
        "saved_addresses",
        ["removed_at"],
        postgresql_where=sa.text("removed_at IS NOT NULL"),
    )
