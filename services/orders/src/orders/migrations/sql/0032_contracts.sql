CREATE TABLE contracts (
    contract_id uuid CONSTRAINT pk_contracts PRIMARY KEY,
    contract_number text NOT NULL CONSTRAINT uq_contracts_contract_number UNIQUE,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    unit_id uuid NOT NULL CONSTRAINT fk_contracts_unit_id_budget_units REFERENCES budget_units,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    title text NOT NULL,
    fund text NOT NULL,
    price_rule text NOT NULL,
    float_bp integer NOT NULL DEFAULT 0,
    payment_days smallint NOT NULL,
    lead_days smallint NOT NULL,
    valid_from_on date NOT NULL,
    valid_until_on date NOT NULL,
    weekdays smallint[] NOT NULL DEFAULT '{}',
    skips_holidays boolean NOT NULL,
    terms text NOT NULL DEFAULT '',
    recipient text NOT NULL,
    phone text NOT NULL,
    county_code text NOT NULL,
    address_detail text NOT NULL,
    drafted_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    signed_at timestamptz,
    signed_by uuid,
    ended_at timestamptz,
    CONSTRAINT ck_contracts_status_is_known CHECK
        (status IN ('DRAFT', 'APPROVING', 'OFFERED', 'SIGNED', 'ENDED', 'ABANDONED')),
    CONSTRAINT ck_contracts_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_contracts_price_rule_is_known CHECK (price_rule IN ('FIXED', 'FLOOR_FLOAT')),
    CONSTRAINT ck_contracts_float_is_a_share CHECK (float_bp BETWEEN 0 AND 10000),
    CONSTRAINT ck_contracts_fixed_does_not_float CHECK (price_rule = 'FLOOR_FLOAT' OR float_bp = 0),
    CONSTRAINT ck_contracts_payment_days_are_lawful CHECK (payment_days BETWEEN 1 AND 60),
    CONSTRAINT ck_contracts_lead_days_are_sensible CHECK (lead_days BETWEEN 1 AND 60),
    CONSTRAINT ck_contracts_term_has_days CHECK (valid_until_on >= valid_from_on),
    CONSTRAINT ck_contracts_weekdays_are_days CHECK (weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]),
    CONSTRAINT ck_contracts_signed_has_instant CHECK ((status IN ('SIGNED', 'ENDED')) = (signed_at IS NOT NULL)),
    CONSTRAINT ck_contracts_ended_has_instant CHECK ((status = 'ENDED') = (ended_at IS NOT NULL))
);
CREATE INDEX ix_contracts_unit_id_contract_id ON contracts (unit_id, contract_id);
CREATE INDEX ix_contracts_supplier_id_contract_id ON contracts (supplier_id, contract_id);
CREATE INDEX ix_contracts_valid_until_on_signed ON contracts (valid_until_on) WHERE status = 'SIGNED';

CREATE TABLE contract_lines (
    line_id uuid CONSTRAINT pk_contract_lines PRIMARY KEY,
    contract_id uuid NOT NULL
        CONSTRAINT fk_contract_lines_contract_id_contracts REFERENCES contracts ON DELETE CASCADE,
    line_number smallint NOT NULL,
    sku_id uuid NOT NULL,
    product_title text NOT NULL,
    specification text NOT NULL,
    unit_price_fen bigint NOT NULL,
    most_count integer NOT NULL,
    usual_count integer NOT NULL,
    called_count integer NOT NULL DEFAULT 0,
    CONSTRAINT ck_contract_lines_price_is_positive CHECK (unit_price_fen > 0),
    CONSTRAINT ck_contract_lines_counts_fit CHECK (most_count > 0 AND usual_count BETWEEN 0 AND most_count),
    CONSTRAINT ck_contract_lines_called_fits CHECK (called_count BETWEEN 0 AND most_count)
);
CREATE UNIQUE INDEX ix_contract_lines_contract_id_line_number ON contract_lines (contract_id, line_number);
CREATE UNIQUE INDEX ix_contract_lines_contract_id_sku_id ON contract_lines (contract_id, sku_id);

CREATE TABLE contract_breaks (
    contract_id uuid NOT NULL
        CONSTRAINT fk_contract_breaks_contract_id_contracts REFERENCES contracts ON DELETE CASCADE,
    first_on date NOT NULL,
    last_on date NOT NULL,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT pk_contract_breaks PRIMARY KEY (contract_id, first_on),
    CONSTRAINT ck_contract_breaks_break_has_days CHECK (last_on >= first_on)
);

CREATE TABLE call_offs (
    call_off_id uuid CONSTRAINT pk_call_offs PRIMARY KEY,
    contract_id uuid NOT NULL CONSTRAINT fk_call_offs_contract_id_contracts REFERENCES contracts,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    deliver_on date NOT NULL,
    problem text NOT NULL DEFAULT '',
    purchase_id uuid,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    placed_at timestamptz,
    CONSTRAINT ck_call_offs_status_is_known CHECK (status IN ('PLANNED', 'SKIPPED', 'PLACED', 'CANCELLED')),
    CONSTRAINT ck_call_offs_placed_is_a_purchase CHECK
        ((status IN ('PLACED', 'CANCELLED')) = (purchase_id IS NOT NULL))
);
CREATE UNIQUE INDEX ix_call_offs_one_a_day ON call_offs (contract_id, deliver_on) WHERE status <> 'CANCELLED';
CREATE INDEX ix_call_offs_deliver_on_planned ON call_offs (deliver_on) WHERE status = 'PLANNED';
CREATE UNIQUE INDEX ix_call_offs_purchase_id ON call_offs (purchase_id);

CREATE TABLE call_off_lines (
    call_off_id uuid NOT NULL CONSTRAINT fk_call_off_lines_call_off_id_call_offs REFERENCES call_offs ON DELETE CASCADE,
    line_id uuid NOT NULL CONSTRAINT fk_call_off_lines_line_id_contract_lines REFERENCES contract_lines,
    quantity integer NOT NULL,
    unit_price_fen bigint,
    CONSTRAINT pk_call_off_lines PRIMARY KEY (call_off_id, line_id),
    CONSTRAINT ck_call_off_lines_quantity_is_not_negative CHECK (quantity >= 0),
    CONSTRAINT ck_call_off_lines_price_is_positive CHECK (unit_price_fen IS NULL OR unit_price_fen > 0)
);
