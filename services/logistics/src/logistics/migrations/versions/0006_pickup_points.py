"""Pickup points, what was done to them, and shipments that go to one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0006"
down_revision = "0005"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "pickup_points",
        sa.Column("pickup_point_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("open_hours", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("services", ARRAY(sa.Text()), nullable=False),
        sa.Column("storages", ARRAY(sa.Text()), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("status IN ('OPEN', 'CLOSED')", name=op.f("ck_pickup_points_status_is_known")),
        sa.CheckConstraint("county_code ~ '^[0-9]{6}$'", name=op.f("ck_pickup_points_county_code_has_six_digits")),
        sa.CheckConstraint("storages <@ '{CHILLED,FROZEN}'::text[]", name=op.f("ck_pickup_points_storages_are_known")),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_pickup_points_capacity_is_positive")),
        sa.PrimaryKeyConstraint("pickup_point_id", name=op.f("pk_pickup_points")),
        sa.UniqueConstraint("county_code", "name", name=op.f("uq_pickup_points_county_code_name")),
    )
    op.create_table(
        "pickup_point_changes",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("pickup_point_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("caller_kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "verb IN ('add', 'revise', 'close', 'open')", name=op.f("ck_pickup_point_changes_verb_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["pickup_point_id"],
            ["pickup_points.pickup_point_id"],
            name=op.f("fk_pickup_point_changes_pickup_point_id_pickup_points"),
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_pickup_point_changes")),
    )
    op.create_index(
        op.f("ix_pickup_point_changes_pickup_point_id_change_id"),
        "pickup_point_changes",
        ["pickup_point_id", "change_id"],
    )
    op.add_column("shipments", sa.Column("pickup_point_id", sa.Uuid()))
    op.add_column("shipments", sa.Column("pickup_point_name", sa.Text(), server_default=sa.text("''"), nullable=False))
