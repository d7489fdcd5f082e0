"""Product review, prices by quantity and buyer group, seasons, tax."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _grow_products()
    _grow_skus()
    _grow_prices()
    _create_windows()
    _create_reviews()
    _keep_shelf_and_status_together()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)


def _grow_products() -> None:
    op.add_column("products", sa.Column("status", sa.Text(), server_default=sa.text("'DRAFT'"), nullable=False))
    op.add_column("products", _text("status_reason"))
    op.add_column("products", sa.Column("is_reviewed", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "products",
        sa.Column("more_pictures", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "products",
        sa.Column("document_ids", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
    )
    for name in ("season_note", "season_note_en", "tax_basis", "invoice_name", "tax_code"):
        op.add_column("products", _text(name))
    # What was for sale before there were reviews stays for sale.
    op.execute("""
        UPDATE products SET status = 'LISTED', is_reviewed = true
        WHERE EXISTS (SELECT FROM skus WHERE skus.product_id = products.product_id AND is_listed)
    """)
    op.create_check_constraint(
        op.f("ck_products_status_known"), "products", "status IN ('DRAFT', 'IN_REVIEW', 'LISTED', 'DELISTED')"
    )
    op.create_check_constraint(op.f("ck_products_listed_is_reviewed"), "products", "status <> 'LISTED' OR is_reviewed")
    op.create_check_constraint(op.f("ck_products_tax_code_form"), "products", "tax_code ~ '^([0-9]{19})?$'")
    op.create_index("ix_products_supplier_id_status", "products", ["supplier_id", "status", "product_id"])


def _grow_skus() -> None:
    op.add_column("skus", sa.Column("unit", sa.Text(), server_default=sa.text("'piece'"), nullable=False))
    for name in ("grade", "gtin", "supplier_code"):
        op.add_column("skus", _text(name))
    op.add_column("skus", sa.Column("is_approved", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("skus", sa.Column("is_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("skus", sa.Column("turns_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_skus_gtin_form"), "skus", "gtin ~ '^([0-9]{8}|[0-9]{12,14})?$'")
    op.create_check_constraint(op.f("ck_skus_listed_is_approved"), "skus", "is_approved OR NOT is_listed")
    op.create_index(
        "uq_skus_product_id_supplier_code",
        "skus",
        ["product_id", "supplier_code"],
        unique=True,
        postgresql_where=sa.text("supplier_code <> ''"),
    )
    op.create_index(
        "ix_skus_turns_at", "skus", ["turns_at"], postgresql_where=sa.text("is_listed AND turns_at IS NOT NULL")
    )


def _grow_prices() -> None:
    op.add_column("sku_prices", sa.Column("buyer_group", sa.Text(), server_default=sa.text("'retail'"), nullable=False))
    op.add_column("sku_prices", sa.Column("min_quantity", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.create_check_constraint(
        op.f("ck_sku_prices_buyer_group_known"), "sku_prices", "buyer_group IN ('retail', 'member', 'institution')"
    )
    op.create_check_constraint(
        op.f("ck_sku_prices_min_quantity_in_range"), "sku_prices", "min_quantity BETWEEN 1 AND 1000000"
    )
    op.drop_constraint("ex_sku_prices_one_at_a_time", "sku_prices")
    op.create_exclude_constraint(
        "ex_sku_prices_one_at_a_time",
        "sku_prices",
        ("sku_id", "="),
        ("buyer_group", "="),
        ("min_quantity", "="),
        ("during", "&&"),
        using="gist",
    )
    op.drop_constraint("pk_sku_prices", "sku_prices")
    op.create_primary_key(op.f("pk_sku_prices"), "sku_prices", ["sku_id", "buyer_group", "min_quantity", "valid_from"])


def _create_windows() -> None:
    op.create_table(
        "season_windows",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("from_month", sa.SmallInteger(), nullable=False),
        sa.Column("to_month", sa.SmallInteger(), nullable=False),
        sa.Column("is_binding", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "from_month BETWEEN 1 AND 12 AND to_month BETWEEN 1 AND 12", name=op.f("ck_season_windows_months")
        ),
        sa.CheckConstraint("region_code ~ '^([0-9]{6})?$'", name=op.f("ck_season_windows_region_form")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.product_id"], name=op.f("fk_season_windows_product_id_products")
        ),
        sa.PrimaryKeyConstraint("product_id", "place", name=op.f("pk_season_windows")),
    )
    op.create_table(
        "presale_windows",
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ships_on", sa.Date(), nullable=False),
        sa.Column(
            "during",
            postgresql.TSTZRANGE(),
            sa.Computed("tstzrange(opens_at, closes_at, '[)')", persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_presale_windows_instants_in_order")),
        postgresql.ExcludeConstraint(
            (sa.column("sku_id"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_presale_windows_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.sku_id"], name=op.f("fk_presale_windows_sku_id_skus")),
        sa.PrimaryKeyConstraint("sku_id", "opens_at", name=op.f("pk_presale_windows")),
    )


def _create_reviews() -> None:
    op.create_table(
        "product_reviews",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'PENDING'"), nullable=False),
        sa.Column("fields", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("before", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('LISTING', 'CHANGE')", name=op.f("ck_product_reviews_kind_known")),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACCEPTED', 'REJECTED', 'WITHDRAWN')", name=op.f("ck_product_reviews_status_known")
        ),
        sa.CheckConstraint(
            "(status = 'PENDING') = (decided_at IS NULL)", name=op.f("ck_product_reviews_decided_has_instant")
        ),
        sa.CheckConstraint("kind = 'LISTING' OR fields <> '{}'", name=op.f("ck_product_reviews_change_has_fields")),
        sa.CheckConstraint(
            "status <> 'REJECTED' OR reasons <> '{}'", name=op.f("ck_product_reviews_rejection_has_reasons")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.product_id"], name=op.f("fk_product_reviews_product_id_products")
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_product_reviews")),
    )
    op.create_index(
        "uq_product_reviews_one_pending",
        "product_reviews",
        ["product_id"],
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index("ix_product_reviews_product_id", "product_reviews", ["product_id", "submitted_at", "review_id"])
    op.create_index("ix_product_reviews_queue", "product_reviews", ["status", "submitted_at", "review_id"])


def _keep_shelf_and_status_together() -> None:
    """A pack is on the shelf only while its product is LISTED, whoever writes."""
    op.execute("""
        CREATE FUNCTION ensure_product_of_listed_sku() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM products WHERE product_id = NEW.product_id AND status = 'LISTED') THEN
                RAISE EXCEPTION 'SKU % is listed and its product is not', NEW.sku_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'sku_of_listed_product';
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER sku_of_listed_product AFTER INSERT OR UPDATE OF is_listed ON skus
        FOR EACH ROW WHEN (NEW.is_listed) EXECUTE FUNCTION ensure_product_of_listed_sku()
    """)
    op.execute("""
        CREATE FUNCTION ensure_no_listed_sku() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM skus WHERE product_id = NEW.product_id AND is_listed) THEN
                RAISE EXCEPTION 'product % leaves the shelf and a SKU of it does not', NEW.product_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'product_of_listed_sku';
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER product_of_listed_sku AFTER UPDATE OF status ON products
        FOR EACH ROW WHEN (OLD.status = 'LISTED' AND NEW.status <> 'LISTED') EXECUTE FUNCTION ensure_no_listed_sku()
    """)
