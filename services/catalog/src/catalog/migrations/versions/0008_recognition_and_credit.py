"""Recognition, directories, credit, enforcement, brands, demonstration."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

# fmt: off


def upgrade() -> None:
    op.create_table("recognitions",
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("product_title", sa.Text(), nullable=False),
        sa.Column("supplier_name", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("document_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("notice_from_on", sa.Date(), nullable=True),
        sa.Column("notice_until_on", sa.Date(), nullable=True),
        sa.Column("valid_from_on", sa.Date(), nullable=True),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("renews_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("during", postgresql.DATERANGE(), sa.Computed("daterange(valid_from_on, valid_until_on, '[]')", persisted=True), nullable=False),
        postgresql.ExcludeConstraint((sa.column("product_id"), "="), (sa.column("during"), "&&"), where=sa.text("status IN ('RECOGNISED', 'RECOMMENDED')"), using="gist", name="ex_recognitions_one_in_force"),
        sa.CheckConstraint("status <> 'PUBLIC_NOTICE' OR (notice_from_on IS NOT NULL AND notice_until_on >= notice_from_on)", name=op.f("ck_recognitions_notice_has_days")),
        sa.CheckConstraint("status IN ('APPLIED', 'TOWNSHIP_REVIEW', 'DEPARTMENT_REVIEW', 'COUNTY_DECISION', 'PUBLIC_NOTICE', 'RECOGNISED', 'RECOMMENDED', 'REJECTED', 'REVOKED', 'EXPIRED')", name=op.f("ck_recognitions_status_known")),
        sa.CheckConstraint("status NOT IN ('RECOGNISED', 'RECOMMENDED', 'EXPIRED', 'REVOKED') OR (valid_from_on IS NOT NULL AND valid_until_on >= valid_from_on)", name=op.f("ck_recognitions_recognition_has_days")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_recognitions_county_code_regions")),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name=op.f("fk_recognitions_product_id_products")),
        sa.ForeignKeyConstraint(["renews_id"], ["recognitions.recognition_id"], name=op.f("fk_recognitions_renews_id_recognitions")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_recognitions_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("recognition_id", name=op.f("pk_recognitions"))
    )
    op.create_index("ix_recognitions_county_code_recognition_id", "recognitions", ["county_code", "recognition_id"], unique=False)
    op.create_index("ix_recognitions_status_recognition_id", "recognitions", ["status", "recognition_id"], unique=False)
    op.create_index("ix_recognitions_supplier_id_recognition_id", "recognitions", ["supplier_id", "recognition_id"], unique=False)
    op.create_index("uq_recognitions_open_product", "recognitions", ["product_id"], unique=True, postgresql_where=sa.text("status IN ('APPLIED', 'TOWNSHIP_REVIEW', 'DEPARTMENT_REVIEW', 'COUNTY_DECISION', 'PUBLIC_NOTICE', 'REJECTED')"))
    op.create_table("recognition_decisions",
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["recognition_id"], ["recognitions.recognition_id"], name=op.f("fk_recognition_decisions_recognition_id_recognitions")),
        sa.PrimaryKeyConstraint("recognition_id", "attempt", "step", name=op.f("pk_recognition_decisions")),
        sa.UniqueConstraint("recognition_id", "attempt", "person_id", name="uq_recognition_decisions_recognition_id_attempt_person_id")
    )
    op.create_table("recognition_objections",
        sa.Column("objection_id", sa.Uuid(), nullable=False),
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("(status = 'OPEN') = (answered_at IS NULL)", name=op.f("ck_recognition_objections_answered_with_instant")),
        sa.CheckConstraint("status IN ('OPEN', 'UPHELD', 'DISMISSED')", name=op.f("ck_recognition_objections_status_known")),
        sa.ForeignKeyConstraint(["recognition_id"], ["recognitions.recognition_id"], name=op.f("fk_recognition_objections_recognition_id_recognitions")),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_recognition_objections"))
    )
    op.create_index("ix_recognition_objections_recognition_id", "recognition_objections", ["recognition_id", "objection_id"], unique=False)
    op.create_table("directory_issues",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("preface", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("withdrawn_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("entry_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_told", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("told_after", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'DRAFT') = (published_at IS NULL)", name=op.f("ck_directory_issues_published_with_instant")),
        sa.CheckConstraint("(status = 'DRAFT') = (sequence IS NULL)", name=op.f("ck_directory_issues_published_with_number")),
        sa.CheckConstraint("level IN ('county', 'province')", name=op.f("ck_directory_issues_level_known")),
        sa.CheckConstraint("status <> 'WITHDRAWN' OR withdrawn_reason <> ''", name=op.f("ck_directory_issues_withdrawn_with_reason")),
        sa.CheckConstraint("status IN ('DRAFT', 'PUBLISHED', 'WITHDRAWN')", name=op.f("ck_directory_issues_status_known")),
        sa.ForeignKeyConstraint(["previous_id"], ["directory_issues.issue_id"], name=op.f("fk_directory_issues_previous_id_directory_issues")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_directory_issues_region_code_regions")),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_directory_issues")),
        sa.UniqueConstraint("region_code", "year", "sequence", name="uq_directory_issues_region_code_year_sequence")
    )
    op.create_index("ix_directory_issues_status_issue_id", "directory_issues", ["status", "issue_id"], unique=False)
    op.create_index("ix_directory_issues_to_tell", "directory_issues", ["issue_id"], unique=False, postgresql_where=sa.text("status = 'PUBLISHED' AND NOT is_told"))
    op.create_table("directory_entries",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["directory_issues.issue_id"], name=op.f("fk_directory_entries_issue_id_directory_issues")),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name=op.f("fk_directory_entries_product_id_products")),
        sa.PrimaryKeyConstraint("issue_id", "product_id", name=op.f("pk_directory_entries"))
    )
    op.create_table("directory_subscriptions",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_directory_subscriptions_region_code_regions")),
        sa.PrimaryKeyConstraint("organisation_id", "region_code", name=op.f("pk_directory_subscriptions"))
    )
    op.create_index("ix_directory_subscriptions_region_code", "directory_subscriptions", ["region_code", "organisation_id"], unique=False)
    op.create_table("credit_events",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("severity IN ('good', 'minor', 'serious', 'grave')", name=op.f("ck_credit_events_severity_known")),
        sa.CheckConstraint("source IN ('market_supervision', 'operator', 'import', 'enforcement')", name=op.f("ck_credit_events_source_known")),
        sa.CheckConstraint("status IN ('COUNTED', 'STRUCK')", name=op.f("ck_credit_events_status_known")),
        sa.CheckConstraint("points BETWEEN -100 AND 100", name=op.f("ck_credit_events_points_in_range")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_credit_events_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_credit_events")),
        sa.UniqueConstraint("supplier_id", "source", "reference", name="uq_credit_events_supplier_id_source_reference")
    )
    op.create_index("ix_credit_events_supplier_id_occurred_on", "credit_events", ["supplier_id", "occurred_on"], unique=False)
    op.create_table("credit_placements",
        sa.Column("placement_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status IN ('ENDED', 'REPAIRED', 'LIFTED')) = (ended_on IS NOT NULL)", name=op.f("ck_credit_placements_ended_with_a_day")),
        sa.CheckConstraint("(status IN ('PROPOSED', 'DISMISSED')) = (starts_on IS NULL)", name=op.f("ck_credit_placements_in_force_since_a_decision")),
        sa.CheckConstraint("list IN ('EXEMPLARY', 'ABNORMAL', 'SERIOUSLY_DISHONEST')", name=op.f("ck_credit_placements_list_known")),
        sa.CheckConstraint("status IN ('PROPOSED', 'DISMISSED', 'IN_FORCE', 'ENDED', 'REPAIRED', 'LIFTED')", name=op.f("ck_credit_placements_status_known")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_credit_placements_days_in_order")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_credit_placements_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("placement_id", name=op.f("pk_credit_placements"))
    )
    op.create_index("ix_credit_placements_ends_on", "credit_placements", ["ends_on"], unique=False, postgresql_where=sa.text("status = 'IN_FORCE'"))
    op.create_index("ix_credit_placements_status_placement_id", "credit_placements", ["status", "placement_id"], unique=False)
    op.create_index("ix_credit_placements_supplier_id", "credit_placements", ["supplier_id", "placement_id"], unique=False)
    op.create_index("uq_credit_placements_open", "credit_placements", ["supplier_id", "list"], unique=True, postgresql_where=sa.text("status IN ('PROPOSED', 'IN_FORCE')"))
    op.create_table("credit_appeals",
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_name", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("document_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status IN ('GRANTED', 'REFUSED')) = (answered_by IS NOT NULL)", name=op.f("ck_credit_appeals_answered_by_somebody")),
        sa.CheckConstraint("kind <> 'repair' OR subject_kind = 'placement'", name=op.f("ck_credit_appeals_repairs_are_of_placements")),
        sa.CheckConstraint("kind IN ('objection', 'repair')", name=op.f("ck_credit_appeals_kind_known")),
        sa.CheckConstraint("status IN ('OPEN', 'GRANTED', 'REFUSED', 'WITHDRAWN')", name=op.f("ck_credit_appeals_status_known")),
        sa.CheckConstraint("subject_kind IN ('event', 'placement')", name=op.f("ck_credit_appeals_subject_kind_known")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_credit_appeals_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("appeal_id", name=op.f("pk_credit_appeals"))
    )
    op.create_index("ix_credit_appeals_status", "credit_appeals", ["status", "appeal_id"], unique=False)
    op.create_index("ix_credit_appeals_supplier_id", "credit_appeals", ["supplier_id", "appeal_id"], unique=False)
    op.create_index("uq_credit_appeals_open", "credit_appeals", ["subject_id"], unique=True, postgresql_where=sa.text("status = 'OPEN'"))
    op.create_table("credit_share_lines",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("county_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_credit_share_lines_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_credit_share_lines")),
        sa.UniqueConstraint("source", "uscc", "list", "document_number", name="uq_credit_share_lines_fact")
    )
    op.create_index("ix_credit_share_lines_line_id", "credit_share_lines", ["line_id"], unique=False, postgresql_where=sa.text("supplier_id IS NOT NULL"))
    op.create_table("enforcement_cases",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_name", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("document_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("conclusion", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("deadline_on", sa.Date(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'CLOSED') = (result <> '')", name=op.f("ck_enforcement_cases_closed_with_result")),
        sa.CheckConstraint("result IN ('', 'violation', 'corrected', 'no_violation')", name=op.f("ck_enforcement_cases_result_known")),
        sa.CheckConstraint("status IN ('OPENED', 'INVESTIGATING', 'MEASURES', 'CLOSED', 'DROPPED')", name=op.f("ck_enforcement_cases_status_known")),
        sa.CheckConstraint("subject_kind IN ('supplier', 'product', 'lot')", name=op.f("ck_enforcement_cases_subject_kind_known")),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name=op.f("fk_enforcement_cases_product_id_products")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_enforcement_cases_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_enforcement_cases"))
    )
    op.create_index("ix_enforcement_cases_county_code_case_id", "enforcement_cases", ["county_code", "case_id"], unique=False)
    op.create_index("ix_enforcement_cases_supplier_id_case_id", "enforcement_cases", ["supplier_id", "case_id"], unique=False)
    op.create_table("enforcement_measures",
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fine_fen", sa.BigInteger(), nullable=True),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("deadline_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(kind = 'fine') = (fine_fen IS NOT NULL)", name=op.f("ck_enforcement_measures_only_fines_have_fen")),
        sa.CheckConstraint("kind IN ('order_correction', 'seize', 'fine', 'delist')", name=op.f("ck_enforcement_measures_kind_known")),
        sa.CheckConstraint("status IN ('ORDERED', 'MET', 'LIFTED')", name=op.f("ck_enforcement_measures_status_known")),
        sa.CheckConstraint("fine_fen > 0", name=op.f("ck_enforcement_measures_fine_positive")),
        sa.ForeignKeyConstraint(["case_id"], ["enforcement_cases.case_id"], name=op.f("fk_enforcement_measures_case_id_enforcement_cases")),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name=op.f("fk_enforcement_measures_product_id_products")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_enforcement_measures_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("measure_id", name=op.f("pk_enforcement_measures"))
    )
    op.create_index("ix_enforcement_measures_case_id", "enforcement_measures", ["case_id", "measure_id"], unique=False)
    op.create_index("ix_enforcement_measures_standing", "enforcement_measures", ["supplier_id"], unique=False, postgresql_where=sa.text("status = 'ORDERED' AND kind IN ('seize', 'delist')"))
    op.create_table("brands",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("region_name", sa.Text(), nullable=False),
        sa.Column("owner_office", sa.Text(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("quality_rule", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('ACTIVE', 'RETIRED')", name=op.f("ck_brands_status_known")),
        sa.CheckConstraint("cardinality(categories) > 0", name=op.f("ck_brands_has_categories")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_brands_region_code_regions")),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("pk_brands")),
        sa.UniqueConstraint("region_code", "name", name="uq_brands_region_code_name")
    )
    op.create_table("brand_grants",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_name", sa.Text(), nullable=False),
        sa.Column("certificate_number", sa.Text(), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=False),
        sa.Column("quota_count", sa.Integer(), nullable=False),
        sa.Column("used_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revoked_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status <> 'REVOKED' OR revoked_reason <> ''", name=op.f("ck_brand_grants_revoked_with_reason")),
        sa.CheckConstraint("status IN ('IN_FORCE', 'REVOKED', 'EXPIRED')", name=op.f("ck_brand_grants_status_known")),
        sa.CheckConstraint("quota_count > 0 AND used_count BETWEEN 0 AND quota_count", name=op.f("ck_brand_grants_used_within_quota")),
        sa.CheckConstraint("valid_until_on >= valid_from_on", name=op.f("ck_brand_grants_days_in_order")),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.brand_id"], name=op.f("fk_brand_grants_brand_id_brands")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_brand_grants_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_brand_grants")),
        sa.UniqueConstraint("certificate_number", name="uq_brand_grants_certificate_number")
    )
    op.create_index("ix_brand_grants_supplier_id", "brand_grants", ["supplier_id", "grant_id"], unique=False)
    op.create_index("ix_brand_grants_valid_until_on", "brand_grants", ["valid_until_on"], unique=False, postgresql_where=sa.text("status = 'IN_FORCE'"))
    op.create_index("uq_brand_grants_in_force", "brand_grants", ["brand_id", "supplier_id"], unique=True, postgresql_where=sa.text("status = 'IN_FORCE'"))
    op.create_table("brand_serials",
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("region_code", "year", name=op.f("pk_brand_serials"))
    )
    op.create_table("demonstrations",
        sa.Column("demonstration_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("document_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reviewed_for_year", sa.SmallInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'county') = (supplier_id IS NULL)", name=op.f("ck_demonstrations_all_but_counties_have_a_supplier")),
        sa.CheckConstraint("kind IN ('county', 'base', 'enterprise')", name=op.f("ck_demonstrations_kind_known")),
        sa.CheckConstraint("status <> 'NAMED' OR reviewed_for_year IS NOT NULL", name=op.f("ck_demonstrations_named_with_a_year")),
        sa.CheckConstraint("status IN ('APPLIED', 'REVIEW', 'NAMED', 'REJECTED', 'REMOVED')", name=op.f("ck_demonstrations_status_known")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_demonstrations_county_code_regions")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_demonstrations_supplier_id_suppliers")),
        sa.PrimaryKeyConstraint("demonstration_id", name=op.f("pk_demonstrations"))
    )
    op.create_index("ix_demonstrations_county_code", "demonstrations", ["county_code"], unique=False)
    op.create_index("ix_demonstrations_status", "demonstrations", ["status", "demonstration_id"], unique=False)
    op.create_index("ix_demonstrations_supplier_id", "demonstrations", ["supplier_id"], unique=False)
    op.create_index("uq_demonstrations_open", "demonstrations", ["kind", "county_code", "supplier_id"], unique=True, postgresql_nulls_not_distinct=True, postgresql_where=sa.text("status IN ('APPLIED', 'REVIEW', 'NAMED', 'REJECTED')"))
    op.create_table("demonstration_reviews",
        sa.Column("demonstration_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["demonstration_id"], ["demonstrations.demonstration_id"], name=op.f("fk_demonstration_reviews_demonstration_id_demonstrations")),
        sa.PrimaryKeyConstraint("demonstration_id", "year", name=op.f("pk_demonstration_reviews"))
    )
    op.execute("""
        CREATE FUNCTION keep_directory_entries() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM directory_issues WHERE status <> 'DRAFT'
                       AND issue_id = CASE TG_OP WHEN 'INSERT' THEN NEW.issue_id ELSE OLD.issue_id END) THEN
                RAISE EXCEPTION 'what a published directory lists is never changed' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER published_entries_stay BEFORE INSERT OR UPDATE OR DELETE ON directory_entries
        FOR EACH ROW EXECUTE FUNCTION keep_directory_entries()
    """)
    op.execute("""
        CREATE FUNCTION keep_directory_issue() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.status <> 'DRAFT' AND (TG_OP = 'DELETE' OR NEW.status = 'DRAFT'
                OR (NEW.region_code, NEW.year, NEW.sequence, NEW.title, NEW.preface, NEW.published_at)
                   IS DISTINCT FROM (OLD.region_code, OLD.year, OLD.sequence, OLD.title, OLD.preface, OLD.published_at)) THEN
                RAISE EXCEPTION 'a published directory keeps its number and text' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER published_issues_stay BEFORE UPDATE OR DELETE ON directory_issues
        FOR EACH ROW EXECUTE FUNCTION keep_directory_issue()
    """)
