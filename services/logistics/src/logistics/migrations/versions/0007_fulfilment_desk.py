"""Files of dispatches with their rows: what was understood of each, and what became of it."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE dispatch_files (
            file_id UUID NOT NULL,
            supplier_id UUID NOT NULL,
            name TEXT NOT NULL,
            digest BYTEA NOT NULL,
            status TEXT NOT NULL,
            uploaded_by UUID NOT NULL,
            uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            started_by UUID,
            started_at TIMESTAMP WITH TIME ZONE,
            ended_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT pk_dispatch_files PRIMARY KEY (file_id),
            CONSTRAINT ck_dispatch_files_status_is_known CHECK (status IN ('CHECKED', 'APPLYING', 'DONE')),
            CONSTRAINT ck_dispatch_files_started_has_instant CHECK ((started_at IS NULL) = (status = 'CHECKED')),
            CONSTRAINT ck_dispatch_files_ended_has_instant CHECK ((ended_at IS NULL) = (status <> 'DONE')),
            CONSTRAINT uq_dispatch_files_supplier_id_digest UNIQUE (supplier_id, digest)
        )
    """)
    op.execute(
        "CREATE INDEX ix_dispatch_files_supplier_id_uploaded_at_file_id"
        " ON dispatch_files (supplier_id, uploaded_at, file_id)"
    )
    op.execute("CREATE INDEX ix_dispatch_files_applying ON dispatch_files (file_id) WHERE status = 'APPLYING'")
    op.execute("""
        CREATE TABLE dispatch_file_rows (
            file_id UUID NOT NULL,
            row_number INTEGER NOT NULL,
            cells JSONB NOT NULL,
            status TEXT NOT NULL,
            shipment_id UUID,
            sku_id UUID,
            quantity INTEGER,
            carrier_code TEXT,
            waybill_number TEXT,
            lot_code TEXT DEFAULT '' NOT NULL,
            code TEXT DEFAULT '' NOT NULL,
            column_key TEXT DEFAULT '' NOT NULL,
            facts JSONB DEFAULT '{}' NOT NULL,
            CONSTRAINT pk_dispatch_file_rows PRIMARY KEY (file_id, row_number),
            CONSTRAINT fk_dispatch_file_rows_file_id_dispatch_files
                FOREIGN KEY (file_id) REFERENCES dispatch_files (file_id),
            CONSTRAINT ck_dispatch_file_rows_status_is_known
                CHECK (status IN ('READY', 'WRONG', 'SENT', 'REFUSED')),
            CONSTRAINT ck_dispatch_file_rows_refused_says_why
                CHECK ((status IN ('WRONG', 'REFUSED')) = (code <> '')),
            CONSTRAINT ck_dispatch_file_rows_good_is_understood
                CHECK (status = 'WRONG' OR (shipment_id IS NOT NULL AND sku_id IS NOT NULL AND quantity > 0
                       AND carrier_code IS NOT NULL AND waybill_number IS NOT NULL))
        )
    """)
    op.execute(
        "CREATE INDEX ix_dispatch_file_rows_ready ON dispatch_file_rows (file_id, shipment_id) WHERE status = 'READY'"
    )
