"""Admission of suppliers and their licences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
    _let_codes_through()
    op.create_index("ix_trail_entries_person_id", "trail_entries", ["person_id", "organisation_id"])
    _create_licences()
    _create_admissions()


def _let_codes_through() -> None:
    op.add_column("suppliers", sa.Column("uscc_check", sa.Text(), nullable=True))
    op.add_column("suppliers", sa.Column("uscc_reason", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("suppliers", sa.Column("uscc_let_through_by", sa.Uuid(), nullable=True))
    op.execute("UPDATE suppliers SET uscc_check = CASE WHEN uscc IS NULL THEN 'NONE' ELSE 'PASSED' END")
    op.alter_column("suppliers", "uscc_check", nullable=False)
    for name, check in {
        "uscc_check_known": "uscc_check IN ('NONE', 'PASSED', 'FAILED', 'LET_THROUGH')",
        "uscc_check_of_a_code": "(uscc IS NULL) = (uscc_check = 'NONE')",
        "a_code_is_let_through_for_a_reason": "(uscc_check = 'LET_THROUGH') = (uscc_reason <> '')",
        "who_sells_has_a_settled_code": "uscc_check <> 'FAILED' OR status NOT IN ('ACTIVE', 'SUSPENDED')",
    }.items():
        op.create_check_constraint(op.f(f"ck_suppliers_{name}"), "suppliers", check)


def _create_licences() -> None:
    op.create_table(
        "licences",
        sa.Column("licence_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('FILED', 'VERIFIED', 'REFUSED', 'WITHDRAWN')", name=op.f("ck_licences_status_known")
        ),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_licences_days_in_order")),
        sa.CheckConstraint(
            "(type = 'agency_mandate') = (principal_id IS NOT NULL)", name=op.f("ck_licences_a_mandate_is_of_somebody")
        ),
        sa.CheckConstraint("principal_id <> supplier_id", name=op.f("ck_licences_nobody_is_his_own_principal")),
        sa.CheckConstraint(
            "status <> 'REFUSED' OR status_reason <> ''", name=op.f("ck_licences_a_refusal_has_a_reason")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_licences_supplier_id_suppliers")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.document_id"], name=op.f("fk_licences_document_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["suppliers.supplier_id"], name=op.f("fk_licences_principal_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("licence_id", name=op.f("pk_licences")),
    )
    op.create_index("ix_licences_supplier_id", "licences", ["supplier_id", "licence_id"])
    op.create_index(
        "ix_licences_valid_until",
        "licences",
        ["valid_until", "licence_id"],
        postgresql_where=sa.text("status = 'VERIFIED' AND ended_at IS NULL"),
    )
    op.create_index(
        "ix_licences_principal_id",
        "licences",
        ["principal_id"],
        postgresql_where=sa.text("principal_id IS NOT NULL"),
    )
    op.create_index(
        "uq_licences_number",
        "licences",
        ["supplier_id", "type", "number", "valid_from"],
        unique=True,
        postgresql_where=sa.text("status IN ('FILED', 'VERIFIED')"),
    )


def _create_admissions() -> None:
    op.create_table(
        "admissions",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("application", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("round >= 0", name=op.f("ck_admissions_round_not_negative")),
        sa.CheckConstraint("(round = 0) = (submitted_at IS NULL)", name=op.f("ck_admissions_a_round_was_submitted")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_admissions_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_admissions")),
    )
    op.create_index(
        "ix_admissions_due_on",
        "admissions",
        ["due_on", "supplier_id"],
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_table(
        "admission_submissions",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["admissions.supplier_id"], name=op.f("fk_admission_submissions_supplier_id_admissions")
        ),
        sa.PrimaryKeyConstraint("supplier_id", "round", name=op.f("pk_admission_submissions")),
    )
    op.execute("""
        CREATE TRIGGER submission_is_written_once BEFORE UPDATE OR DELETE ON admission_submissions
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.create_table(
        "admission_opinions",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("is_favourable", sa.Boolean(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("part IN ('production', 'linkage')", name=op.f("ck_admission_opinions_part_known")),
        sa.CheckConstraint("sentence <> ''", name=op.f("ck_admission_opinions_sentence_not_empty")),
        sa.ForeignKeyConstraint(
            ["supplier_id", "round"],
            ["admission_submissions.supplier_id", "admission_submissions.round"],
            name="fk_admission_opinions_submission",
        ),
        sa.PrimaryKeyConstraint("supplier_id", "round", "part", name=op.f("pk_admission_opinions")),
        sa.UniqueConstraint("supplier_id", "round", "person_id", name="uq_admission_opinions_two_people"),
    )
    op.create_table(
        "admission_findings",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stage IN ('county', 'platform')", name=op.f("ck_admission_findings_stage_known")),
        sa.CheckConstraint("sentence <> ''", name=op.f("ck_admission_findings_sentence_not_empty")),
        sa.ForeignKeyConstraint(
            ["supplier_id", "round"],
            ["admission_submissions.supplier_id", "admission_submissions.round"],
            name="fk_admission_findings_submission",
        ),
        sa.PrimaryKeyConstraint("supplier_id", "round", "position", name=op.f("pk_admission_findings")),
    )
