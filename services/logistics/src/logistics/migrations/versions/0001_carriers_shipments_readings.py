"""Carriers, shipments and parcels, the tracking log, readings and excursions.

Revision ID: 0001
"""

from typing import cast

from alembic import op
from alembic.operations import Operations

from shared.migrations import create_job_tables, create_shared_tables, execute_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE carriers (
    carrier_code TEXT NOT NULL,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_carriers PRIMARY KEY (carrier_code)
);

CREATE TABLE readings (
    series_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    temperature_c DOUBLE PRECISION NOT NULL,
    humidity_percent DOUBLE PRECISION,
    CONSTRAINT pk_readings PRIMARY KEY (series_id, at)
);

CREATE TABLE shipments (
    shipment_id UUID NOT NULL,
    order_id UUID NOT NULL,
    order_number TEXT NOT NULL,
    supplier_order_id UUID NOT NULL,
    supplier_id UUID NOT NULL,
    supplier_name TEXT NOT NULL,
    ship_from_county_code TEXT NOT NULL,
    buyer_id UUID NOT NULL,
    organisation_id UUID,
    recipient TEXT NOT NULL,
    phone TEXT NOT NULL,
    county_code TEXT NOT NULL,
    address_detail TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    dispatched_at TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    order_cancelled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_shipments PRIMARY KEY (shipment_id),
    CONSTRAINT ck_shipments_status_is_known CHECK (status IN ('PENDING', 'DISPATCHED', 'DELIVERED', 'CANCELLED')),
    CONSTRAINT ck_shipments_dispatched_has_instant CHECK ((dispatched_at IS NOT NULL) = (status IN ('DISPATCHED', 'DELIVERED'))),
    CONSTRAINT ck_shipments_delivered_has_instant CHECK ((delivered_at IS NOT NULL) = (status = 'DELIVERED')),
    CONSTRAINT ck_shipments_cancelled_has_instant CHECK (status <> 'CANCELLED' OR order_cancelled_at IS NOT NULL),
    CONSTRAINT uq_shipments_supplier_order_id UNIQUE (supplier_order_id)
);
CREATE INDEX ix_shipments_buyer_id_created_at_shipment_id ON shipments (buyer_id, created_at, shipment_id);
CREATE INDEX ix_shipments_created_at_shipment_id ON shipments (created_at, shipment_id);
CREATE INDEX ix_shipments_order_id ON shipments (order_id);
CREATE INDEX ix_shipments_organisation_id_created_at ON shipments (organisation_id, created_at, shipment_id) WHERE organisation_id IS NOT NULL;
CREATE INDEX ix_shipments_supplier_id_created_at_shipment_id ON shipments (supplier_id, created_at, shipment_id);

CREATE TABLE carrier_secrets (
    secret_id UUID NOT NULL,
    carrier_code TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    hint TEXT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    created_by UUID NOT NULL,
    CONSTRAINT pk_carrier_secrets PRIMARY KEY (secret_id),
    CONSTRAINT ck_carrier_secrets_ends_after_start CHECK (valid_until IS NULL OR valid_until >= valid_from),
    CONSTRAINT fk_carrier_secrets_carrier_code_carriers FOREIGN KEY(carrier_code) REFERENCES carriers (carrier_code)
);
CREATE INDEX ix_carrier_secrets_carrier_code_valid_until ON carrier_secrets (carrier_code, valid_until);
CREATE UNIQUE INDEX uq_carrier_secrets_without_end ON carrier_secrets (carrier_code) WHERE valid_until IS NULL;

CREATE TABLE early_readings (
    carrier_code TEXT NOT NULL,
    waybill_number TEXT NOT NULL,
    device_id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    temperature_c DOUBLE PRECISION NOT NULL,
    humidity_percent DOUBLE PRECISION,
    CONSTRAINT pk_early_readings PRIMARY KEY (carrier_code, waybill_number, device_id, at),
    CONSTRAINT fk_early_readings_carrier_code_carriers FOREIGN KEY(carrier_code) REFERENCES carriers (carrier_code)
);

CREATE TABLE parcels (
    parcel_id UUID NOT NULL,
    shipment_id UUID NOT NULL,
    order_id UUID NOT NULL,
    supplier_order_id UUID NOT NULL,
    supplier_id UUID NOT NULL,
    buyer_id UUID NOT NULL,
    organisation_id UUID,
    carrier_code TEXT NOT NULL,
    waybill_number TEXT NOT NULL,
    temperature_class TEXT NOT NULL,
    dispatched_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT DEFAULT 'CREATED' NOT NULL,
    leg SMALLINT DEFAULT 1 NOT NULL,
    exception TEXT,
    exception_at TIMESTAMP WITH TIME ZONE,
    last_update_at TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    returned_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_parcels PRIMARY KEY (parcel_id),
    CONSTRAINT uq_parcels_carrier_code_waybill_number UNIQUE (carrier_code, waybill_number),
    CONSTRAINT ck_parcels_leg_is_positive CHECK (leg >= 1),
    CONSTRAINT ck_parcels_delivered_has_instant CHECK (status <> 'DELIVERED' OR delivered_at IS NOT NULL),
    CONSTRAINT fk_parcels_shipment_id_shipments FOREIGN KEY(shipment_id) REFERENCES shipments (shipment_id),
    CONSTRAINT fk_parcels_carrier_code_carriers FOREIGN KEY(carrier_code) REFERENCES carriers (carrier_code)
)
 WITH (fillfactor = 80);
CREATE INDEX ix_parcels_shipment_id ON parcels (shipment_id);

CREATE TABLE shipment_lines (
    shipment_id UUID NOT NULL,
    sku_id UUID NOT NULL,
    product_id UUID NOT NULL,
    product_title TEXT NOT NULL,
    specification TEXT NOT NULL,
    temperature_class TEXT NOT NULL,
    net_weight_g INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    dispatched_quantity INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_shipment_lines PRIMARY KEY (shipment_id, sku_id),
    CONSTRAINT ck_shipment_lines_quantity_is_positive CHECK (quantity > 0),
    CONSTRAINT ck_shipment_lines_dispatched_at_most_paid CHECK (dispatched_quantity BETWEEN 0 AND quantity),
    CONSTRAINT fk_shipment_lines_shipment_id_shipments FOREIGN KEY(shipment_id) REFERENCES shipments (shipment_id)
);

CREATE TABLE tracking_updates (
    update_id BIGINT GENERATED ALWAYS AS IDENTITY,
    carrier_code TEXT NOT NULL,
    waybill_number TEXT NOT NULL,
    repeat_key TEXT NOT NULL,
    leg SMALLINT,
    status TEXT NOT NULL,
    carrier_status TEXT NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    occurred_zone TEXT NOT NULL,
    is_zone_assumed BOOLEAN NOT NULL,
    place TEXT,
    description TEXT,
    event_id TEXT,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tracking_updates PRIMARY KEY (update_id),
    CONSTRAINT uq_tracking_updates_carrier_code_waybill_number_repeat_key UNIQUE (carrier_code, waybill_number, repeat_key),
    CONSTRAINT ck_tracking_updates_leg_is_positive CHECK (leg IS NULL OR leg >= 1),
    CONSTRAINT fk_tracking_updates_carrier_code_carriers FOREIGN KEY(carrier_code) REFERENCES carriers (carrier_code)
);

CREATE TABLE parcel_lines (
    parcel_id UUID NOT NULL,
    sku_id UUID NOT NULL,
    quantity INTEGER NOT NULL,
    CONSTRAINT pk_parcel_lines PRIMARY KEY (parcel_id, sku_id),
    CONSTRAINT ck_parcel_lines_quantity_is_positive CHECK (quantity > 0),
    CONSTRAINT fk_parcel_lines_parcel_id_parcels FOREIGN KEY(parcel_id) REFERENCES parcels (parcel_id)
);

CREATE TABLE reading_series (
    series_id BIGINT GENERATED ALWAYS AS IDENTITY,
    parcel_id UUID NOT NULL,
    device_id TEXT NOT NULL,
    carrier_code TEXT NOT NULL,
    waybill_number TEXT NOT NULL,
    shipment_id UUID NOT NULL,
    order_id UUID NOT NULL,
    supplier_order_id UUID NOT NULL,
    temperature_class TEXT NOT NULL,
    reading_count INTEGER DEFAULT 0 NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE,
    progress JSONB,
    is_silent BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_reading_series PRIMARY KEY (series_id),
    CONSTRAINT uq_reading_series_carrier_code_waybill_number_device_id UNIQUE (carrier_code, waybill_number, device_id),
    CONSTRAINT ck_reading_series_count_is_not_negative CHECK (reading_count >= 0),
    CONSTRAINT fk_reading_series_parcel_id_parcels FOREIGN KEY(parcel_id) REFERENCES parcels (parcel_id)
)
 WITH (fillfactor = 70);
CREATE INDEX ix_reading_series_parcel_id ON reading_series (parcel_id);
CREATE INDEX ix_reading_series_watched ON reading_series (series_id) WHERE NOT is_silent;

CREATE TABLE excursions (
    excursion_id UUID NOT NULL,
    series_id BIGINT NOT NULL,
    parcel_id UUID NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    extreme_c DOUBLE PRECISION,
    out_seconds DOUBLE PRECISION NOT NULL,
    degree_minutes DOUBLE PRECISION NOT NULL,
    announced_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_announced_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_excursions PRIMARY KEY (excursion_id),
    CONSTRAINT ck_excursions_kind_is_known CHECK (kind IN ('high', 'low', 'gap')),
    CONSTRAINT ck_excursions_severity_is_known CHECK (severity IN ('minor', 'major', 'critical')),
    CONSTRAINT ck_excursions_ends_after_start CHECK (ended_at IS NULL OR ended_at >= started_at),
    CONSTRAINT ck_excursions_amounts_are_not_negative CHECK (out_seconds >= 0 AND degree_minutes >= 0),
    CONSTRAINT fk_excursions_series_id_reading_series FOREIGN KEY(series_id) REFERENCES reading_series (series_id),
    CONSTRAINT fk_excursions_parcel_id_parcels FOREIGN KEY(parcel_id) REFERENCES parcels (parcel_id)
);
CREATE INDEX ix_excursions_parcel_id_started_at ON excursions (parcel_id, started_at);
CREATE UNIQUE INDEX uq_excursions_standing ON excursions (series_id, kind, started_at) WHERE withdrawn_at IS NULL;
"""

LOG_ONLY_GROWS = """
CREATE FUNCTION refuse_change_of_tracking_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the tracking log only grows' USING ERRCODE = '23000';
END $$;
CREATE TRIGGER tracking_log_only_grows BEFORE UPDATE OR DELETE ON tracking_updates
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_tracking_log();
"""


def upgrade() -> None:
    """Make the shared tables and those of the jobs, then ours; then see to it that the tracking log only grows."""
    operations = cast("Operations", op)  # alembic's module stands for it
    create_shared_tables(operations)
    create_job_tables(operations)
    execute_script(operations, TABLES)
    execute_script(operations, LOG_ONLY_GROWS)
