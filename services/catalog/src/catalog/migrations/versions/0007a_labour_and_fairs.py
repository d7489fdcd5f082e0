"""The labour register and the fairs; the other registers follow in 0007."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007a"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "labour_workers",
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("worker_key", sa.LargeBinary(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("birth_from_year", sa.SmallInteger(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("wish_place", sa.Text(), nullable=False),
        sa.Column("wish_skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("wage_from_fen", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "health IN ('able', 'light_work', 'part_time')", name=op.f("ck_labour_workers_health_known")
        ),
        sa.CheckConstraint(
            "status IN ('SEEKING', 'MATCHED', 'EMPLOYED', 'WITHDRAWN')", name=op.f("ck_labour_workers_status_known")
        ),
        sa.CheckConstraint(
            "wish_place IN ('village', 'county', 'province', 'anywhere')",
            name=op.f("ck_labour_workers_wish_place_known"),
        ),
        sa.CheckConstraint("mod(birth_from_year, 5) = 0", name=op.f("ck_labour_workers_birth_band_of_five_years")),
        sa.CheckConstraint("octet_length(worker_key) = 32", name=op.f("ck_labour_workers_key_is_a_hash")),
        sa.CheckConstraint("wage_from_fen >= 0", name=op.f("ck_labour_workers_wage_not_negative")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_labour_workers_county_code_regions")),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_labour_workers")),
    )
    op.create_index("ix_labour_workers_county_code", "labour_workers", ["county_code", "status"], unique=False)
    op.create_index("ix_labour_workers_organisation_id", "labour_workers", ["organisation_id"], unique=False)
    op.create_index("uq_labour_workers_worker_key", "labour_workers", ["worker_key"], unique=True)
    op.create_table(
        "labour_workshops",
        sa.Column("workshop_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("place_count", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("place_count > 0", name=op.f("ck_labour_workshops_places_positive")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["regions.code"], name=op.f("fk_labour_workshops_county_code_regions")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_labour_workshops_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("workshop_id", name=op.f("pk_labour_workshops")),
    )
    op.create_index("ix_labour_workshops_county_code", "labour_workshops", ["county_code", "workshop_id"], unique=False)
    op.create_table(
        "labour_jobs",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("employer_kind", sa.Text(), nullable=False),
        sa.Column("employer_name", sa.Text(), nullable=False),
        sa.Column("workshop_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("village", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("accepts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("wage_from_fen", sa.Integer(), nullable=False),
        sa.Column("wage_to_fen", sa.Integer(), nullable=False),
        sa.Column("place_count", sa.Integer(), nullable=False),
        sa.Column("filled_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "employer_kind IN ('supplier', 'workshop', 'outside')", name=op.f("ck_labour_jobs_employer_kind_known")
        ),
        sa.CheckConstraint("status IN ('OPEN', 'FILLED', 'CLOSED')", name=op.f("ck_labour_jobs_status_known")),
        sa.CheckConstraint(
            "place_count > 0 AND filled_count BETWEEN 0 AND place_count",
            name=op.f("ck_labour_jobs_filled_within_places"),
        ),
        sa.CheckConstraint(
            "wage_from_fen > 0 AND wage_to_fen >= wage_from_fen", name=op.f("ck_labour_jobs_wage_range_in_order")
        ),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_labour_jobs_county_code_regions")),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["labour_workshops.workshop_id"], name=op.f("fk_labour_jobs_workshop_id_labour_workshops")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_labour_jobs")),
    )
    op.create_index("ix_labour_jobs_list", "labour_jobs", ["county_code", "job_id"], unique=False)
    op.create_index("ix_labour_jobs_organisation_id", "labour_jobs", ["organisation_id", "job_id"], unique=False)
    op.create_table(
        "labour_placements",
        sa.Column("placement_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("placed_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('PUSHED', 'ACCEPTED', 'DECLINED', 'PLACED', 'ENDED')",
            name=op.f("ck_labour_placements_status_known"),
        ),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= placed_on", name=op.f("ck_labour_placements_days_in_order")
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_labour_placements_score_in_range")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["labour_jobs.job_id"], name=op.f("fk_labour_placements_job_id_labour_jobs")
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["labour_workers.worker_id"], name=op.f("fk_labour_placements_worker_id_labour_workers")
        ),
        sa.PrimaryKeyConstraint("placement_id", name=op.f("pk_labour_placements")),
    )
    op.create_index("ix_labour_placements_worker_id", "labour_placements", ["worker_id"], unique=False)
    op.create_index(
        "uq_labour_placements_one_job",
        "labour_placements",
        ["worker_id"],
        unique=True,
        postgresql_where=sa.text("status = 'PLACED'"),
    )
    op.create_index(
        "uq_labour_placements_open",
        "labour_placements",
        ["job_id", "worker_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('PUSHED', 'ACCEPTED', 'PLACED')"),
    )
    op.create_table(
        "fairs",
        sa.Column("fair_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('DRAFT', 'ANNOUNCED', 'CANCELLED')", name=op.f("ck_fairs_status_known")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_fairs_days_in_order")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_fairs_county_code_regions")),
        sa.PrimaryKeyConstraint("fair_id", name=op.f("pk_fairs")),
    )
    op.create_index("ix_fairs_from_on", "fairs", ["from_on", "fair_id"], unique=False)
    op.create_table(
        "fair_participants",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("fair_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("booth", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["fair_id"], ["fairs.fair_id"], name=op.f("fk_fair_participants_fair_id_fairs")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_fair_participants_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_fair_participants")),
    )
    op.create_index("uq_fair_participants_name", "fair_participants", ["fair_id", "name"], unique=True)
    op.create_table(
        "fair_deals",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("fair_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_name", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity_g > 0 AND amount_fen > 0", name=op.f("ck_fair_deals_sizes_positive")),
        sa.ForeignKeyConstraint(["fair_id"], ["fairs.fair_id"], name=op.f("fk_fair_deals_fair_id_fairs")),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["fair_participants.participant_id"],
            name=op.f("fk_fair_deals_participant_id_fair_participants"),
        ),
        sa.PrimaryKeyConstraint("deal_id", name=op.f("pk_fair_deals")),
    )
    op.create_index("ix_fair_deals_fair_id", "fair_deals", ["fair_id", "deal_id"], unique=False)
