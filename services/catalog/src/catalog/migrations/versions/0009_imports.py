"""Imports of spreadsheets: files on their way, and their rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

_COUNTS = (
    "row_count",
    "checked_through",
    "checked_count",
    "new_count",
    "changed_count",
    "unchanged_count",
    "bad_count",
    "applied_through",
    "applied_count",
    "created_count",
    "updated_count",
    "kept_count",
    "lost_count",
)


def upgrade() -> None:
    op.create_table(
        "import_batches",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("caller_kind", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("regions", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)
            for name in ("mode", "file_format", "encoding")
        ),
        sa.Column("heads", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("warnings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("refusal", postgresql.JSONB(), nullable=True),
        *(sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False) for name in _COUNTS),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=True)
            for name in ("checked_at", "finished_at", "rows_cleared_at")
        ),
        sa.CheckConstraint(
            "status IN ('UPLOADED', 'CHECKING', 'CHECKED', 'APPLYING', 'APPLIED', 'REFUSED', 'FAILED', 'CANCELLED')",
            name=op.f("ck_import_batches_status_known"),
        ),
        sa.CheckConstraint("mode IN ('', 'abort', 'skip')", name=op.f("ck_import_batches_mode_known")),
        sa.CheckConstraint(
            "status NOT IN ('APPLYING', 'APPLIED') OR mode <> ''", name=op.f("ck_import_batches_mode_chosen")
        ),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_import_batches_size_positive")),
        sa.CheckConstraint(
            "new_count >= 0 AND changed_count >= 0 AND unchanged_count >= 0 AND bad_count >= 0 AND "
            "new_count + changed_count + unchanged_count + bad_count = checked_count",
            name=op.f("ck_import_batches_check_adds_up"),
        ),
        sa.CheckConstraint(
            "created_count + updated_count + kept_count + lost_count = applied_count",
            name=op.f("ck_import_batches_apply_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_import_batches_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_import_batches")),
    )
    op.create_index(
        "uq_import_batches_open_file",
        "import_batches",
        [
            "kind",
            "sha256",
            sa.text("coalesce(organisation_id, person_id)"),
            sa.text("coalesce(supplier_id, person_id)"),
        ],
        unique=True,
        postgresql_where=sa.text("status IN ('UPLOADED', 'CHECKING', 'CHECKED', 'APPLYING')"),
    )
    op.create_index("ix_import_batches_organisation_id", "import_batches", ["organisation_id", "batch_id"])
    op.create_index("ix_import_batches_supplier_id", "import_batches", ["supplier_id", "batch_id"])
    op.create_index(
        "ix_import_batches_working",
        "import_batches",
        ["held_until"],
        postgresql_where=sa.text("status IN ('UPLOADED', 'CHECKING', 'APPLYING')"),
    )
    op.create_table(
        "import_rows",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=True),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("faults", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint('("values" IS NULL) = (faults IS NOT NULL)', name=op.f("ck_import_rows_good_or_bad")),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["import_batches.batch_id"],
            name=op.f("fk_import_rows_batch_id_import_batches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("batch_id", "row_number", name=op.f("pk_import_rows")),
    )
    op.create_index(
        "ix_import_rows_bad", "import_rows", ["batch_id", "row_number"], postgresql_where=sa.text("faults IS NOT NULL")
    )
    op.create_index("ix_products_supplier_id_title", "products", ["supplier_id", "title", "product_id"])
    op.create_index(
        "ix_skus_supplier_code", "skus", ["supplier_code", "sku_id"], postgresql_where=sa.text("supplier_code <> ''")
    )
