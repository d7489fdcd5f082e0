"""Certificates with a way from submission to their end; inspection reports; lots."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


_LOTS = (
    """
    CREATE TABLE lots (
        lot_id uuid CONSTRAINT pk_lots PRIMARY KEY,
        code text NOT NULL CONSTRAINT uq_lots_code UNIQUE
            CONSTRAINT ck_lots_code_form CHECK (code ~ '^[0-9]{22}[0-9A-HJ-NPQRTUWXY]$'),
        product_id uuid NOT NULL CONSTRAINT fk_lots_product_id_products REFERENCES products (product_id),
        supplier_id uuid NOT NULL CONSTRAINT fk_lots_supplier_id_suppliers REFERENCES suppliers (supplier_id),
        county_code text NOT NULL CONSTRAINT fk_lots_county_code_regions REFERENCES regions (code),
        village text NOT NULL DEFAULT '',
        harvested_on date NOT NULL,
        quantity_g bigint NOT NULL CONSTRAINT ck_lots_quantity_in_range CHECK (quantity_g BETWEEN 1 AND 1000000000000),
        external_trace_code text NOT NULL DEFAULT '',
        status text NOT NULL CONSTRAINT ck_lots_status_known CHECK (status IN ('OPEN', 'HELD', 'CLOSED', 'RECALLED')),
        status_reason text NOT NULL DEFAULT '',
        held_by text CONSTRAINT ck_lots_held_by_known CHECK (held_by IN ('supplier', 'clock', 'official', 'operator')),
        revision bigint NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        CONSTRAINT ck_lots_held_by_somebody CHECK ((held_by IS NOT NULL) = (status = 'HELD')),
        CONSTRAINT ck_lots_held_with_reason CHECK (status IN ('OPEN', 'CLOSED') OR status_reason <> '')
    )
    """,
    "CREATE INDEX ix_lots_supplier_id ON lots (supplier_id, created_at, lot_id)",
    "CREATE INDEX ix_lots_county_code ON lots (county_code, created_at, lot_id)",
    "CREATE INDEX ix_lots_created_at ON lots (created_at, lot_id)",
    "CREATE INDEX ix_lots_product_id ON lots (product_id)",
    """
    CREATE TABLE lot_skus (
        lot_id uuid NOT NULL CONSTRAINT fk_lot_skus_lot_id_lots REFERENCES lots (lot_id),
        sku_id uuid NOT NULL CONSTRAINT fk_lot_skus_sku_id_skus REFERENCES skus (sku_id),
        CONSTRAINT pk_lot_skus PRIMARY KEY (lot_id, sku_id)
    )
    """,
    "CREATE INDEX ix_lot_skus_sku_id ON lot_skus (sku_id)",
    """
    CREATE TABLE lot_certificates (
        lot_id uuid NOT NULL CONSTRAINT fk_lot_certificates_lot_id_lots REFERENCES lots (lot_id),
        certificate_id uuid NOT NULL
            CONSTRAINT fk_lot_certificates_certificate_id_certificates REFERENCES certificates (certificate_id),
        CONSTRAINT pk_lot_certificates PRIMARY KEY (lot_id, certificate_id)
    )
    """,
    """
    CREATE TABLE lot_inspections (
        lot_id uuid NOT NULL CONSTRAINT fk_lot_inspections_lot_id_lots REFERENCES lots (lot_id),
        inspection_id uuid NOT NULL
            CONSTRAINT fk_lot_inspections_inspection_id_inspections REFERENCES inspections (inspection_id),
        CONSTRAINT pk_lot_inspections PRIMARY KEY (lot_id, inspection_id)
    )
    """,
    "CREATE INDEX ix_lot_inspections_inspection_id ON lot_inspections (inspection_id)",
    """
    CREATE TABLE trace_subjects (
        county_code text NOT NULL,
        supplier_id uuid NOT NULL
            CONSTRAINT fk_trace_subjects_supplier_id_suppliers REFERENCES suppliers (supplier_id),
        serial integer NOT NULL,
        CONSTRAINT pk_trace_subjects PRIMARY KEY (county_code, supplier_id)
    )
    """,
    "CREATE UNIQUE INDEX uq_trace_subjects_serial ON trace_subjects (county_code, serial)",
    "CREATE TABLE trace_counters (scope text CONSTRAINT pk_trace_counters PRIMARY KEY, last integer NOT NULL)",
)
_REACH = (
    """
    CREATE TABLE dispatched_pieces (
        shipment_id uuid NOT NULL,
        sku_id uuid NOT NULL,
        lot_code text NOT NULL,
        order_id uuid NOT NULL,
        supplier_order_id uuid NOT NULL,
        quantity integer NOT NULL CONSTRAINT ck_dispatched_pieces_quantity_positive CHECK (quantity > 0),
        dispatched_at timestamptz NOT NULL,
        CONSTRAINT pk_dispatched_pieces PRIMARY KEY (shipment_id, sku_id, lot_code)
    )
    """,
    "CREATE INDEX ix_dispatched_pieces_lot_code ON dispatched_pieces (lot_code) WHERE lot_code <> ''",
    "CREATE INDEX ix_dispatched_pieces_dispatched_at ON dispatched_pieces (dispatched_at)",
    """
    CREATE TABLE paid_parts (
        supplier_order_id uuid CONSTRAINT pk_paid_parts PRIMARY KEY,
        order_id uuid NOT NULL,
        order_number text NOT NULL,
        supplier_id uuid NOT NULL,
        buyer_id uuid NOT NULL,
        buyer_kind text NOT NULL,
        organisation_id uuid,
        county_code text NOT NULL,
        paid_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE shipment_alarms (
        excursion_id uuid CONSTRAINT pk_shipment_alarms PRIMARY KEY,
        shipment_id uuid NOT NULL,
        severity text NOT NULL,
        kind text NOT NULL,
        started_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_shipment_alarms_shipment_id ON shipment_alarms (shipment_id)",
)


def upgrade() -> None:
    _certificates()
    _inspections()
    for statement in (*_LOTS, *_REACH):
        op.execute(statement)


def _certificates() -> None:
    """What was a key of product, type and number becomes a row of its own; those that were there count as verified."""
    op.execute("DELETE FROM certificates WHERE type = 'test_report'")
    op.add_column("certificates", sa.Column("certificate_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("supplier_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("county_code", sa.Text(), nullable=True))
    op.add_column("certificates", sa.Column("issuer", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("certificates", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("certificates", sa.Column("document_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("status", sa.Text(), nullable=True))
    op.add_column("certificates", sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("certificates", sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    op.add_column("certificates", sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("certificates", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("""
        UPDATE certificates SET certificate_id = gen_random_uuid(), supplier_id = products.supplier_id,
            county_code = products.origin_county_code, status = 'VERIFIED', submitted_at = products.created_at,
            changed_at = products.created_at
        FROM products WHERE products.product_id = certificates.product_id
    """)
    for column in ("certificate_id", "supplier_id", "county_code", "status", "submitted_at", "changed_at"):
        op.alter_column("certificates", column, nullable=False)
    op.drop_constraint("pk_certificates", "certificates")
    op.create_primary_key("pk_certificates", "certificates", ["certificate_id"])
    op.create_foreign_key(
        "fk_certificates_supplier_id_suppliers", "certificates", "suppliers", ["supplier_id"], ["supplier_id"]
    )
    op.create_foreign_key(
        "fk_certificates_document_id_documents", "certificates", "documents", ["document_id"], ["document_id"]
    )
    for name, condition in (
        ("type_known", "type IN ('green_food', 'organic', 'geographical_indication', 'sc_licence', 'conformity')"),
        ("status_known", "status IN ('SUBMITTED', 'VERIFIED', 'REFUSED', 'WITHDRAWN', 'EXPIRED')"),
        ("days_in_order", "valid_from IS NULL OR valid_until IS NULL OR valid_until >= valid_from"),
        ("refused_with_reason", "status <> 'REFUSED' OR status_reason <> ''"),
    ):
        op.create_check_constraint(op.f(f"ck_certificates_{name}"), "certificates", condition)
    op.create_index(
        "uq_certificates_product_id_type_number",
        "certificates",
        ["product_id", "type", "number"],
        unique=True,
        postgresql_where=sa.text("status IN ('SUBMITTED', 'VERIFIED')"),
    )
    op.create_index("ix_certificates_product_id", "certificates", ["product_id"])
    op.create_index("ix_certificates_supplier_id", "certificates", ["supplier_id", "certificate_id"])
    op.create_index("ix_certificates_county_code", "certificates", ["county_code", "certificate_id"])
    op.create_index(
        "ix_certificates_ending", "certificates", ["valid_until"], postgresql_where=sa.text("status = 'VERIFIED'")
    )
    op.create_table(
        "conformity_statements",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("bases", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(12, 3), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("lot_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("form IN ('producer', 'buyer')", name=op.f("ck_conformity_statements_form_known")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_conformity_statements_quantity_positive")),
        sa.CheckConstraint("cardinality(bases) > 0", name=op.f("ck_conformity_statements_has_basis")),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.certificate_id"],
            name=op.f("fk_conformity_statements_certificate_id_certificates"),
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_conformity_statements")),
    )


def _inspections() -> None:
    op.create_table(
        "laboratories",
        sa.Column("laboratory_id", sa.Uuid(), nullable=False),
        sa.Column("cma_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("region_code ~ '^[0-9]{6}$'", name=op.f("ck_laboratories_region_form")),
        sa.PrimaryKeyConstraint("laboratory_id", name=op.f("pk_laboratories")),
        sa.UniqueConstraint("cma_number", name=op.f("uq_laboratories_cma_number")),
    )
    op.create_table(
        "laboratory_recognitions",
        sa.Column("laboratory_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on >= from_on", name=op.f("ck_laboratory_recognitions_days_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["laboratory_id"],
            ["laboratories.laboratory_id"],
            name=op.f("fk_laboratory_recognitions_laboratory_id_laboratories"),
        ),
        sa.PrimaryKeyConstraint("laboratory_id", "region_code", name=op.f("pk_laboratory_recognitions")),
    )
    op.create_table(
        "inspections",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("report_number", sa.Text(), nullable=False),
        sa.Column("laboratory_name", sa.Text(), nullable=False),
        sa.Column("cma_number", sa.Text(), nullable=False),
        sa.Column("sampled_on", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("recognition", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('SUBMITTED', 'ACCEPTED', 'REFUSED', 'WITHDRAWN', 'EXPIRED')",
            name=op.f("ck_inspections_status_known"),
        ),
        sa.CheckConstraint(
            "sampled_on <= issued_on AND issued_on <= valid_until", name=op.f("ck_inspections_days_in_order")
        ),
        sa.CheckConstraint(
            "status <> 'REFUSED' OR status_reason <> ''", name=op.f("ck_inspections_refused_with_reason")
        ),
        sa.CheckConstraint(
            "status NOT IN ('ACCEPTED', 'EXPIRED') OR recognition <> ''",
            name=op.f("ck_inspections_accepted_is_recognised"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.document_id"], name=op.f("fk_inspections_document_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.product_id"], name=op.f("fk_inspections_product_id_products")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_inspections_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_inspections")),
    )
    op.create_index(
        "uq_inspections_number",
        "inspections",
        ["product_id", "cma_number", "report_number"],
        unique=True,
        postgresql_where=sa.text("status IN ('SUBMITTED', 'ACCEPTED')"),
    )
    op.create_index("ix_inspections_product_id", "inspections", ["product_id"])
    op.create_index("ix_inspections_supplier_id", "inspections", ["supplier_id", "inspection_id"])
    op.create_index("ix_inspections_county_code", "inspections", ["county_code", "inspection_id"])
    op.create_index(
        "ix_inspections_ending", "inspections", ["valid_until"], postgresql_where=sa.text("status = 'ACCEPTED'")
    )
    op.create_table(
        "inspection_items",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("measured", sa.Text(), nullable=False),
        sa.Column("limit_value", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.CheckConstraint("conclusion IN ('passed', 'failed')", name=op.f("ck_inspection_items_conclusion_known")),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.inspection_id"],
            name=op.f("fk_inspection_items_inspection_id_inspections"),
        ),
        sa.PrimaryKeyConstraint("inspection_id", "position", name=op.f("pk_inspection_items")),
    )
