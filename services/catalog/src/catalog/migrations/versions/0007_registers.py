"""The supply and tourism registers, demand, and what villages counted as unsold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0007a"


def upgrade() -> None:
    op.create_table(
        "supply_entries",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("enterprise", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("scale_value", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("scale_unit", sa.Text(), nullable=False),
        sa.Column("yearly_output_g", sa.BigInteger(), nullable=False),
        sa.Column("season_from_month", sa.SmallInteger(), nullable=False),
        sa.Column("season_to_month", sa.SmallInteger(), nullable=False),
        sa.Column("price_from_fen", sa.Integer(), nullable=False),
        sa.Column("price_to_fen", sa.Integer(), nullable=False),
        sa.Column("operator_supplier_id", sa.Uuid(), nullable=True),
        sa.Column("operator_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("contact", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("is_contact_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("expected_persons_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sold_g", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'CONFIRMED', 'RETURNED')", name=op.f("ck_supply_entries_status_known")
        ),
        sa.CheckConstraint("village <> '' OR enterprise <> ''", name=op.f("ck_supply_entries_holder_named")),
        sa.CheckConstraint(
            "expected_persons_count >= 0 AND sold_g >= 0", name=op.f("ck_supply_entries_counts_not_negative")
        ),
        sa.CheckConstraint(
            "price_from_fen > 0 AND price_to_fen >= price_from_fen", name=op.f("ck_supply_entries_price_range_in_order")
        ),
        sa.CheckConstraint("scale_value > 0 AND yearly_output_g > 0", name=op.f("ck_supply_entries_size_positive")),
        sa.CheckConstraint(
            "season_from_month BETWEEN 1 AND 12 AND season_to_month BETWEEN 1 AND 12",
            name=op.f("ck_supply_entries_season_months"),
        ),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_supply_entries_year_in_range")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_supply_entries_county_code_regions")),
        sa.ForeignKeyConstraint(
            ["operator_supplier_id"],
            ["suppliers.supplier_id"],
            name=op.f("fk_supply_entries_operator_supplier_id_suppliers"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_supply_entries")),
    )
    op.create_index(
        "ix_supply_entries_confirmed",
        "supply_entries",
        ["year", "county_code"],
        unique=False,
        postgresql_where=sa.text("status = 'CONFIRMED'"),
    )
    op.create_index("ix_supply_entries_list", "supply_entries", ["county_code", "entry_id"], unique=False)
    op.create_index("ix_supply_entries_operator_supplier_id", "supply_entries", ["operator_supplier_id"], unique=False)
    op.create_index(
        "uq_supply_entries_holder_product_year",
        "supply_entries",
        ["county_code", "township", "village", "enterprise", "product_name", "year"],
        unique=True,
    )
    op.create_table(
        "demand_notes",
        sa.Column("demand_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("buyer_name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "source IN ('contract', 'plan', 'fair', 'pledge')", name=op.f("ck_demand_notes_source_known")
        ),
        sa.CheckConstraint("quantity_g > 0", name=op.f("ck_demand_notes_quantity_positive")),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_demand_notes_year_in_range")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_demand_notes_county_code_regions")),
        sa.PrimaryKeyConstraint("demand_id", name=op.f("pk_demand_notes")),
    )
    op.create_index(
        "ix_demand_notes_county_code", "demand_notes", ["county_code", "year", "product_name"], unique=False
    )
    op.create_table(
        "survey_reports",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("absorbed_g", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("office_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("is_latest", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("period ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'", name=op.f("ck_survey_reports_period_is_a_month")),
        sa.CheckConstraint(
            "quantity_g >= 0 AND absorbed_g BETWEEN 0 AND quantity_g",
            name=op.f("ck_survey_reports_absorbed_within_quantity"),
        ),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_survey_reports_year_in_range")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_survey_reports_county_code_regions")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_survey_reports")),
    )
    op.create_index("ix_survey_reports_list", "survey_reports", ["county_code", "report_id"], unique=False)
    op.create_index(
        "uq_survey_reports_latest",
        "survey_reports",
        ["county_code", "township", "village", "product_name", "year", "period"],
        unique=True,
        postgresql_where=sa.text("is_latest"),
    )
    op.create_table(
        "survey_absorptions",
        sa.Column("absorption_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("buyer_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('sold', 'absorbed')", name=op.f("ck_survey_absorptions_kind_known")),
        sa.CheckConstraint("quantity_g > 0", name=op.f("ck_survey_absorptions_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["survey_reports.report_id"], name=op.f("fk_survey_absorptions_report_id_survey_reports")
        ),
        sa.PrimaryKeyConstraint("absorption_id", name=op.f("pk_survey_absorptions")),
    )
    op.create_index(
        "ix_survey_absorptions_report_id", "survey_absorptions", ["report_id", "absorption_id"], unique=False
    )
    op.create_table(
        "tourism_spots",
        sa.Column("spot_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("open_from_month", sa.SmallInteger(), nullable=False),
        sa.Column("open_to_month", sa.SmallInteger(), nullable=False),
        sa.Column("opening", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("picture_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('folk', 'heritage', 'red', 'craft', 'scenery', 'farm')", name=op.f("ck_tourism_spots_kind_known")
        ),
        sa.CheckConstraint("status IN ('DRAFT', 'PUBLISHED', 'WITHDRAWN')", name=op.f("ck_tourism_spots_status_known")),
        sa.CheckConstraint(
            "open_from_month BETWEEN 1 AND 12 AND open_to_month BETWEEN 1 AND 12",
            name=op.f("ck_tourism_spots_open_months"),
        ),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_tourism_spots_county_code_regions")),
        sa.PrimaryKeyConstraint("spot_id", name=op.f("pk_tourism_spots")),
    )
    op.create_index("ix_tourism_spots_list", "tourism_spots", ["county_code", "spot_id"], unique=False)
    op.create_table(
        "tourism_routes",
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("day_count", sa.SmallInteger(), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'PUBLISHED', 'WITHDRAWN')", name=op.f("ck_tourism_routes_status_known")
        ),
        sa.CheckConstraint(
            "day_count BETWEEN 1 AND 15 AND distance_m > 0", name=op.f("ck_tourism_routes_length_in_range")
        ),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_tourism_routes_county_code_regions")),
        sa.PrimaryKeyConstraint("route_id", name=op.f("pk_tourism_routes")),
    )
    op.create_index("ix_tourism_routes_list", "tourism_routes", ["county_code", "route_id"], unique=False)
    op.create_table(
        "tourism_route_stops",
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("spot_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("place >= 1", name=op.f("ck_tourism_route_stops_place_from_one")),
        sa.ForeignKeyConstraint(
            ["route_id"], ["tourism_routes.route_id"], name=op.f("fk_tourism_route_stops_route_id_tourism_routes")
        ),
        sa.ForeignKeyConstraint(
            ["spot_id"], ["tourism_spots.spot_id"], name=op.f("fk_tourism_route_stops_spot_id_tourism_spots")
        ),
        sa.PrimaryKeyConstraint("route_id", "place", name=op.f("pk_tourism_route_stops")),
    )
    op.create_index("ix_tourism_route_stops_spot_id", "tourism_route_stops", ["spot_id"], unique=False)
    op.create_index("uq_tourism_route_stops_spot", "tourism_route_stops", ["route_id", "spot_id"], unique=True)
