"""A union is told once who has not chosen its holiday gift; what a supplier will not send is replaced by another package
or released."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """When it was told; which package takes whose place, and which purchase brings its goods. A member may have a
    second parcel of one supplier, of another order."""
    op.add_column("gift_campaigns", sa.Column("reminded_at", sa.DateTime(timezone=True)))
    op.add_column("gift_packages", sa.Column("replaces_id", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_gift_packages_replaces_id_gift_packages"),
        "gift_packages",
        "gift_packages",
        ["replaces_id"],
        ["package_id"],
    )
    op.drop_constraint(op.f("ck_gift_packages_at_most_three"), "gift_packages")
    op.create_check_constraint(
        op.f("ck_gift_packages_at_most_three"), "gift_packages", "position BETWEEN 1 AND 3 OR replaces_id IS NOT NULL"
    )
    op.add_column("gift_package_lines", sa.Column("purchase_id", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_gift_package_lines_purchase_id_purchases"),
        "gift_package_lines",
        "purchases",
        ["purchase_id"],
        ["purchase_id"],
    )
    op.drop_constraint(op.f("uq_gift_parcels_campaign_id_supplier_id_member_id"), "gift_parcels")
    op.create_unique_constraint(
        op.f("uq_gift_parcels_supplier_order_id_member_id"),
        "gift_parcels",
        ["supplier_order_id", "member_id"],
        postgresql_nulls_not_distinct=True,
    )
