"""The catalog's first tables: regions, suppliers, products, SKUs with prices, photos, and what search reads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import create_job_tables, create_shared_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_shared_tables(op)  # type: ignore[arg-type]  # alembic's proxy module stands for Operations
    create_job_tables(op)  # type: ignore[arg-type]
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "product_cards",
        sa.Column("product_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("season_mask", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("designations", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("certificates", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("text_digest", sa.BigInteger(), nullable=False),
        sa.Column("haystack", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("product_number", "valid_from", name=op.f("pk_product_cards")),
    )
    op.create_index("ix_product_cards_newest", "product_cards", ["created_ms", "product_number"], unique=False)
    op.create_index("ix_product_cards_price_fen", "product_cards", ["price_fen", "product_number"], unique=False)
    op.create_index("ix_product_cards_product_id", "product_cards", ["product_id"], unique=False)
    op.create_table(
        "regions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("is_current", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9]{6}$'", name=op.f("ck_regions_code_form")),
        sa.CheckConstraint("level IN ('province', 'city', 'county')", name=op.f("ck_regions_level_known")),
        sa.ForeignKeyConstraint(["parent_code"], ["regions.code"], name=op.f("fk_regions_parent_code_regions")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
    )
    op.create_index("ix_regions_parent_code", "regions", ["parent_code", "code"], unique=False)
    op.create_table(
        "search_postings",
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("product_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("term", "rank", "product_number", name=op.f("pk_search_postings")),
    )
    op.create_table(
        "designations",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("listed_name", sa.Text(), nullable=False),
        sa.Column("exit_year", sa.SmallInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("doubt", sa.Text(), nullable=True),
        sa.CheckConstraint("until_on IS NULL OR until_on > from_on", name=op.f("ck_designations_days_in_order")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_designations_county_code_regions")),
        sa.PrimaryKeyConstraint("kind", "county_code", "from_on", name=op.f("pk_designations")),
    )
    op.create_index("ix_designations_county_code", "designations", ["county_code"], unique=False)
    op.create_table(
        "region_aliases",
        sa.Column("old_code", sa.Text(), nullable=False),
        sa.Column("old_name", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["regions.code"], name=op.f("fk_region_aliases_code_regions")),
        sa.PrimaryKeyConstraint("old_code", "old_name", "valid_to", "code", name=op.f("pk_region_aliases")),
    )
    op.create_index("ix_region_aliases_code", "region_aliases", ["code"], unique=False)
    op.create_table(
        "suppliers",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("story", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("story_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("linked_households", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('enterprise', 'cooperative', 'family_farm', 'village_collective', 'agent')",
            name=op.f("ck_suppliers_kind_known"),
        ),
        sa.CheckConstraint("status IN ('pending', 'active', 'suspended')", name=op.f("ck_suppliers_status_known")),
        sa.CheckConstraint("linked_households >= 0", name=op.f("ck_suppliers_linked_households_not_negative")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_suppliers_county_code_regions")),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_suppliers")),
    )
    op.create_index("ix_suppliers_county_code", "suppliers", ["county_code"], unique=False)
    op.create_index("ix_suppliers_name_supplier_id", "suppliers", ["name", "supplier_id"], unique=False)
    op.create_index(
        "uq_suppliers_uscc", "suppliers", ["uscc"], unique=True, postgresql_where=sa.text("uscc IS NOT NULL")
    )
    op.create_table(
        "products",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=False),
        sa.Column("origin_county_code", sa.Text(), nullable=False),
        sa.Column("season_from_month", sa.SmallInteger(), nullable=False),
        sa.Column("season_to_month", sa.SmallInteger(), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=False),
        sa.Column("temperature_class", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "season_from_month BETWEEN 1 AND 12 AND season_to_month BETWEEN 1 AND 12",
            name=op.f("ck_products_season_months"),
        ),
        sa.CheckConstraint("shelf_life_days BETWEEN 1 AND 36500", name=op.f("ck_products_shelf_life_positive")),
        sa.ForeignKeyConstraint(
            ["origin_county_code"], ["regions.code"], name=op.f("fk_products_origin_county_code_regions")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_products_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_products")),
    )
    op.create_index("ix_products_supplier_id_product_id", "products", ["supplier_id", "product_id"], unique=False)
    op.create_index("uq_products_number", "products", ["number"], unique=True)
    op.create_table(
        "certificates",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.product_id"], name=op.f("fk_certificates_product_id_products")
        ),
        sa.PrimaryKeyConstraint("product_id", "type", "number", name=op.f("pk_certificates")),
    )
    op.create_table(
        "photos",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name=op.f("fk_photos_product_id_products")),
        sa.PrimaryKeyConstraint("product_id", "key", name=op.f("pk_photos")),
    )
    op.create_index("ix_photos_key", "photos", ["key"], unique=False)
    op.create_table(
        "skus",
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("specification", sa.Text(), nullable=False),
        sa.Column("specification_en", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("net_weight_g", sa.Integer(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("delisted_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("net_weight_g BETWEEN 1 AND 10000000", name=op.f("ck_skus_net_weight_in_range")),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name=op.f("fk_skus_product_id_products")),
        sa.PrimaryKeyConstraint("sku_id", name=op.f("pk_skus")),
    )
    op.create_index("ix_skus_product_id_sku_id", "skus", ["product_id", "sku_id"], unique=False)
    op.create_table(
        "sku_prices",
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("is_announced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "during",
            postgresql.TSTZRANGE(),
            sa.Computed("tstzrange(valid_from, valid_until, '[)')", persisted=True),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("sku_id"), "="), (sa.column("during"), "&&"), using="gist", name="ex_sku_prices_one_at_a_time"
        ),
        sa.CheckConstraint("price_fen BETWEEN 1 AND 100000000", name=op.f("ck_sku_prices_price_in_range")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until > valid_from", name=op.f("ck_sku_prices_instants_in_order")
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.sku_id"], name=op.f("fk_sku_prices_sku_id_skus")),
        sa.PrimaryKeyConstraint("sku_id", "valid_from", name=op.f("pk_sku_prices")),
    )
    op.create_index(
        "ix_sku_prices_to_announce",
        "sku_prices",
        ["valid_from"],
        unique=False,
        postgresql_where=sa.text("NOT is_announced"),
    )
    op.create_index(
        "ix_sku_prices_valid_until",
        "sku_prices",
        ["valid_until"],
        unique=False,
        postgresql_where=sa.text("valid_until IS NOT NULL"),
    )
    op.create_index("ix_search_postings_product_number", "search_postings", ["product_number"], unique=False)
    op.execute("ALTER TABLE search_postings SET (autovacuum_vacuum_insert_scale_factor = 0.05)")
