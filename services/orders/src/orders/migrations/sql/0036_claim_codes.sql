-- Codes of holiday gifts, what members chose with them, and the parcels that follow. Lock order: campaign, code, claim,
-- package, parcel, then the order's own (order row, part, stock).
CREATE TABLE claim_codes (
    code_id uuid CONSTRAINT pk_claim_codes PRIMARY KEY,
    campaign_id uuid NOT NULL CONSTRAINT fk_claim_codes_campaign_id_gift_campaigns REFERENCES gift_campaigns,
    member_id uuid NOT NULL CONSTRAINT fk_claim_codes_member_id_gift_members REFERENCES gift_members,
    code_hash bytea NOT NULL,
    status text NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    replaced_by_id uuid CONSTRAINT fk_claim_codes_replaced_by_id_claim_codes REFERENCES claim_codes
        DEFERRABLE INITIALLY DEFERRED,
    issued_by uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    moved_at timestamptz NOT NULL,
    CONSTRAINT ck_claim_codes_status_is_known CHECK
        (status IN ('ISSUED', 'CLAIMED', 'SHIPPED', 'RECEIVED', 'VOID', 'EXPIRED', 'REISSUED')),
    CONSTRAINT ck_claim_codes_hash_is_whole CHECK (octet_length(code_hash) = 32),
    CONSTRAINT ck_claim_codes_reissued_has_another CHECK ((status = 'REISSUED') = (replaced_by_id IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX ix_claim_codes_member_id_live ON claim_codes (member_id)
    WHERE status NOT IN ('VOID', 'EXPIRED', 'REISSUED');
CREATE UNIQUE INDEX ix_claim_codes_code_hash ON claim_codes (code_hash);
CREATE INDEX ix_claim_codes_campaign_id_status ON claim_codes (campaign_id, status);

CREATE FUNCTION claim_code_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('ISSUED', 'CLAIMED'), ('CLAIMED', 'SHIPPED'), ('CLAIMED', 'RECEIVED'), ('SHIPPED', 'RECEIVED'),
    ('ISSUED', 'EXPIRED'), ('ISSUED', 'VOID'), ('CLAIMED', 'VOID'),
    ('ISSUED', 'REISSUED'), ('CLAIMED', 'REISSUED'), ('SHIPPED', 'REISSUED')
);
CREATE TRIGGER claim_codes_move BEFORE UPDATE OF status ON claim_codes FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT claim_code_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();

CREATE TABLE claim_attempts (
    bucket text CONSTRAINT pk_claim_attempts PRIMARY KEY,
    wrong_count integer NOT NULL,
    window_ends_at timestamptz NOT NULL
);
CREATE INDEX ix_claim_attempts_window_ends_at ON claim_attempts (window_ends_at);

CREATE TABLE gift_claims (
    member_id uuid CONSTRAINT pk_gift_claims PRIMARY KEY
        CONSTRAINT fk_gift_claims_member_id_gift_members REFERENCES gift_members,
    campaign_id uuid NOT NULL CONSTRAINT fk_gift_claims_campaign_id_gift_campaigns REFERENCES gift_campaigns,
    package_id uuid NOT NULL CONSTRAINT fk_gift_claims_package_id_gift_packages REFERENCES gift_packages,
    revision bigint NOT NULL DEFAULT 1,
    way text NOT NULL,
    recipient text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    county_code text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    pickup_point_id uuid,
    pickup_point_name text NOT NULL DEFAULT '',
    is_default boolean NOT NULL DEFAULT false,
    claimed_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    signed_at timestamptz,
    signed_by text NOT NULL DEFAULT '',
    proxy_relation text NOT NULL DEFAULT '',
    handed_out_by uuid,
    CONSTRAINT ck_gift_claims_way_is_known CHECK (way IN ('HOME', 'PICKUP', 'UNIT')),
    CONSTRAINT ck_gift_claims_goes_somewhere CHECK (
        (way = 'UNIT' AND recipient = '' AND phone = '' AND county_code = '' AND detail = '')
        OR (way <> 'UNIT' AND recipient <> '' AND phone <> '' AND county_code ~ '^[0-9]{6}$' AND detail <> '')),
    CONSTRAINT ck_gift_claims_pickup_has_point CHECK ((way = 'PICKUP') = (pickup_point_id IS NOT NULL)),
    CONSTRAINT ck_gift_claims_pickup_point_has_name CHECK ((pickup_point_id IS NULL) = (pickup_point_name = '')),
    CONSTRAINT ck_gift_claims_signed_by_somebody CHECK (
        (signed_at IS NULL) = (signed_by = '') AND (signed_at IS NULL) = (handed_out_by IS NULL)
        AND (proxy_relation = '' OR signed_at IS NOT NULL)),
    CONSTRAINT ck_gift_claims_signed_at_the_unit CHECK (signed_at IS NULL OR way = 'UNIT')
) WITH (fillfactor = 80);
CREATE INDEX ix_gift_claims_campaign_id_member_id ON gift_claims (campaign_id, member_id);

-- Closing twice makes no second parcel: NULL, the unit's lot, counts as one value.
CREATE TABLE gift_parcels (
    parcel_id uuid CONSTRAINT pk_gift_parcels PRIMARY KEY,
    campaign_id uuid NOT NULL CONSTRAINT fk_gift_parcels_campaign_id_gift_campaigns REFERENCES gift_campaigns,
    order_id uuid NOT NULL CONSTRAINT fk_gift_parcels_order_id_orders REFERENCES orders,
    supplier_order_id uuid NOT NULL
        CONSTRAINT fk_gift_parcels_supplier_order_id_supplier_orders REFERENCES supplier_orders,
    supplier_id uuid NOT NULL,
    member_id uuid CONSTRAINT fk_gift_parcels_member_id_gift_members REFERENCES gift_members,
    lines jsonb NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    told_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    carrier_code text NOT NULL DEFAULT '',
    waybill_numbers text[] NOT NULL DEFAULT '{}',
    CONSTRAINT uq_gift_parcels_campaign_id_supplier_id_member_id
        UNIQUE NULLS NOT DISTINCT (campaign_id, supplier_id, member_id),
    CONSTRAINT ck_gift_parcels_status_is_known CHECK
        (status IN ('DUE', 'TOLD', 'SHIPPED', 'DELIVERED', 'LOST', 'CANCELLED')),
    CONSTRAINT ck_gift_parcels_shipped_has_instant CHECK
        (status NOT IN ('SHIPPED', 'DELIVERED', 'LOST') OR shipped_at IS NOT NULL),
    CONSTRAINT ck_gift_parcels_delivered_has_instant CHECK ((status = 'DELIVERED') = (delivered_at IS NOT NULL)),
    CONSTRAINT ck_gift_parcels_holds_something CHECK (jsonb_array_length(lines) > 0)
) WITH (fillfactor = 80);
CREATE INDEX ix_gift_parcels_due ON gift_parcels (supplier_order_id, parcel_id) WHERE status = 'DUE';
CREATE INDEX ix_gift_parcels_supplier_order_id_status ON gift_parcels (supplier_order_id, status);
CREATE INDEX ix_gift_parcels_member_id ON gift_parcels (member_id);

CREATE FUNCTION gift_parcel_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('DUE', 'TOLD'), ('DUE', 'CANCELLED'), ('TOLD', 'SHIPPED'), ('TOLD', 'CANCELLED'), ('SHIPPED', 'DELIVERED'), ('SHIPPED', 'LOST')
);
CREATE TRIGGER gift_parcels_move BEFORE UPDATE OF status ON gift_parcels FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT gift_parcel_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();
