"""Admission of suppliers and their licences."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_suppliers_status_known"), "suppliers", type_="check")
    op.execute("""
        UPDATE suppliers SET status = CASE status
            WHEN 'pending' THEN 'DRAFT' WHEN 'active' THEN 'ACTIVE' WHEN 'suspended' THEN 'SUSPENDED' ELSE status END
    """)
    op.create_check_constraint(
        op.f("ck_suppliers_status_known"),
        "suppliers",
        "status IN ('DRAFT', 'SUBMITTED', 'COUNTY_REVIEW', 'COUNTY_REJECTED', 'RECOMMENDED', 'PLATFORM_REVIEW', "
        "'PLATFORM_REJECTED', 'ACTIVE', 'SUSPENDED', 'EXITED')",
    )
