-- From accepted goods to money that arrived: invoices of a unit's order, what is owed for it, lines of bank statements
-- and what of them pays for which order. Lock order: orders by id, their settlements by id, bank lines by id.

CREATE TABLE unit_invoices (
    invoice_id uuid CONSTRAINT pk_unit_invoices PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    order_id uuid NOT NULL CONSTRAINT fk_unit_invoices_order_id_orders REFERENCES orders,
    supplier_id uuid NOT NULL,
    unit_id uuid NOT NULL CONSTRAINT fk_unit_invoices_unit_id_budget_units REFERENCES budget_units,
    status text NOT NULL,
    kind text NOT NULL,
    code text NOT NULL DEFAULT '',
    number text NOT NULL,
    issued_on date NOT NULL,
    title text NOT NULL,
    taxpayer_id text NOT NULL,
    gross_fen bigint NOT NULL,
    net_fen bigint NOT NULL,
    tax_fen bigint NOT NULL,
    file_key text,
    file_type text,
    reason text NOT NULL DEFAULT '',
    entered_by uuid NOT NULL,
    entered_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    CONSTRAINT ck_unit_invoices_status_is_known CHECK (status IN ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'WITHDRAWN')),
    CONSTRAINT ck_unit_invoices_kind_is_known
        CHECK (kind IN ('VAT_SPECIAL', 'VAT_ORDINARY', 'E_INVOICE', 'FARM_PURCHASE')),
    CONSTRAINT ck_unit_invoices_number_has_form
        CHECK ((number ~ '^[0-9]{8}$' AND code ~ '^[0-9]{10}([0-9]{2})?$') OR (number ~ '^[0-9]{20}$' AND code = '')),
    CONSTRAINT ck_unit_invoices_money_adds_up CHECK (gross_fen > 0 AND tax_fen >= 0 AND net_fen + tax_fen = gross_fen),
    CONSTRAINT ck_unit_invoices_rejected_with_reason CHECK (status <> 'REJECTED' OR reason <> ''),
    CONSTRAINT ck_unit_invoices_file_has_type CHECK ((file_key IS NULL) = (file_type IS NULL))
);
-- A number is used once, whoever's order it is for; one that was withdrawn was typed for nothing and is free again.
CREATE UNIQUE INDEX ix_unit_invoices_number_once ON unit_invoices (number, code) WHERE status <> 'WITHDRAWN';
CREATE INDEX ix_unit_invoices_order_id ON unit_invoices (order_id);

CREATE TABLE unit_invoice_lines (
    invoice_id uuid NOT NULL CONSTRAINT fk_unit_invoice_lines_invoice_id_unit_invoices REFERENCES unit_invoices,
    line_number smallint NOT NULL,
    order_line_id uuid CONSTRAINT fk_unit_invoice_lines_order_line_id_order_lines REFERENCES order_lines,
    name text NOT NULL,
    rate_bp integer,
    gross_fen bigint NOT NULL,
    net_fen bigint NOT NULL,
    tax_fen bigint NOT NULL,
    CONSTRAINT pk_unit_invoice_lines PRIMARY KEY (invoice_id, line_number),
    CONSTRAINT ck_unit_invoice_lines_money_adds_up
        CHECK (gross_fen > 0 AND tax_fen >= 0 AND net_fen + tax_fen = gross_fen),
    CONSTRAINT ck_unit_invoice_lines_rate_is_plausible CHECK (rate_bp BETWEEN 1 AND 10000),
    CONSTRAINT ck_unit_invoice_lines_exempt_bears_no_tax CHECK (rate_bp IS NOT NULL OR tax_fen = 0)
);

CREATE FUNCTION ensure_invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
-- At commit the lines of an invoice come to its own sums.
DECLARE
    invoice unit_invoices;
    sums record;
BEGIN
    SELECT * INTO invoice FROM unit_invoices WHERE invoice_id = coalesce(NEW.invoice_id, OLD.invoice_id);
    SELECT coalesce(sum(gross_fen), 0) AS gross_fen, coalesce(sum(net_fen), 0) AS net_fen,
           coalesce(sum(tax_fen), 0) AS tax_fen
    INTO sums FROM unit_invoice_lines WHERE invoice_id = invoice.invoice_id;
    IF (sums.gross_fen, sums.net_fen, sums.tax_fen) <> (invoice.gross_fen, invoice.net_fen, invoice.tax_fen) THEN
        RAISE EXCEPTION 'the lines of invoice % do not come to its sums', invoice.invoice_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER unit_invoices_add_up AFTER INSERT OR UPDATE ON unit_invoices
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ensure_invoice_adds_up();
CREATE CONSTRAINT TRIGGER unit_invoice_lines_add_up AFTER INSERT OR UPDATE OR DELETE ON unit_invoice_lines
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ensure_invoice_adds_up();

CREATE TABLE settlements (
    order_id uuid CONSTRAINT pk_settlements PRIMARY KEY CONSTRAINT fk_settlements_order_id_orders REFERENCES orders,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_settlements_unit_id_budget_units REFERENCES budget_units,
    supplier_id uuid NOT NULL,
    payable_fen bigint NOT NULL,
    matched_fen bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT ck_settlements_matched_within_payable CHECK (payable_fen > 0 AND matched_fen BETWEEN 0 AND payable_fen),
    CONSTRAINT ck_settlements_settled_is_paid_exactly CHECK (settled_at IS NULL OR matched_fen = payable_fen)
);
CREATE INDEX ix_settlements_supplier_id ON settlements (supplier_id, order_id);
CREATE INDEX ix_settlements_unit_id ON settlements (unit_id, order_id);

CREATE TABLE bank_statements (
    statement_id uuid CONSTRAINT pk_bank_statements PRIMARY KEY,
    supplier_id uuid,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    line_count integer NOT NULL,
    known_count integer NOT NULL,
    outgoing_count integer NOT NULL,
    bad_count integer NOT NULL,
    imported_by uuid NOT NULL,
    imported_at timestamptz NOT NULL,
    CONSTRAINT ck_bank_statements_counts_are_not_negative
        CHECK (line_count >= 0 AND known_count >= 0 AND outgoing_count >= 0 AND bad_count >= 0)
);
-- Empty `supplier_id`: the platform's own account.
CREATE UNIQUE INDEX ix_bank_statements_file_once ON bank_statements (supplier_id, sha256) NULLS NOT DISTINCT;
CREATE INDEX ix_bank_statements_imported_at ON bank_statements (imported_at, statement_id);

CREATE TABLE bank_lines (
    line_id uuid CONSTRAINT pk_bank_lines PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    statement_id uuid NOT NULL CONSTRAINT fk_bank_lines_statement_id_bank_statements REFERENCES bank_statements,
    supplier_id uuid,
    row_number integer NOT NULL,
    bank_number text NOT NULL,
    received_on date NOT NULL,
    amount_fen bigint NOT NULL,
    matched_fen bigint NOT NULL DEFAULT 0,
    payer text NOT NULL,
    remark text NOT NULL,
    is_set_aside boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT ck_bank_lines_matched_within_amount CHECK (amount_fen > 0 AND matched_fen BETWEEN 0 AND amount_fen),
    CONSTRAINT ck_bank_lines_set_aside_is_unmatched_with_reason
        CHECK (NOT is_set_aside OR (matched_fen < amount_fen AND reason <> ''))
);
-- The bank's own number tells a line from others, so that statements may overlap.
CREATE UNIQUE INDEX ix_bank_lines_once_each ON bank_lines (supplier_id, bank_number, received_on, amount_fen)
    NULLS NOT DISTINCT;
CREATE INDEX ix_bank_lines_statement_id ON bank_lines (statement_id, row_number);
CREATE INDEX ix_bank_lines_open ON bank_lines (supplier_id, received_on, line_id)
    WHERE matched_fen < amount_fen AND NOT is_set_aside;

CREATE TABLE bank_findings (
    statement_id uuid NOT NULL CONSTRAINT fk_bank_findings_statement_id_bank_statements REFERENCES bank_statements,
    row_number integer NOT NULL,
    code text NOT NULL,
    field text NOT NULL,
    content text NOT NULL,
    CONSTRAINT pk_bank_findings PRIMARY KEY (statement_id, row_number)
);

CREATE TABLE unit_payments (
    payment_id uuid CONSTRAINT pk_unit_payments PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    order_id uuid NOT NULL CONSTRAINT fk_unit_payments_order_id_settlements REFERENCES settlements,
    way text NOT NULL,
    status text NOT NULL,
    amount_fen bigint NOT NULL,
    paid_on date NOT NULL,
    voucher text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    told_by uuid NOT NULL,
    told_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    CONSTRAINT ck_unit_payments_way_is_known
        CHECK (way IN ('B2B_EBANK', 'IDENT_CODE_TRANSFER', 'OFFICIAL_CARD', 'TREASURY')),
    CONSTRAINT ck_unit_payments_status_is_known CHECK (status IN ('TOLD', 'RECEIVED', 'REFUSED', 'WITHDRAWN')),
    CONSTRAINT ck_unit_payments_amount_is_positive CHECK (amount_fen > 0),
    CONSTRAINT ck_unit_payments_refused_with_reason CHECK (status <> 'REFUSED' OR reason <> '')
);
CREATE INDEX ix_unit_payments_order_id ON unit_payments (order_id);

CREATE TABLE settlement_matches (
    match_id uuid CONSTRAINT pk_settlement_matches PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT fk_settlement_matches_order_id_settlements REFERENCES settlements,
    line_id uuid CONSTRAINT fk_settlement_matches_line_id_bank_lines REFERENCES bank_lines,
    payment_id uuid CONSTRAINT fk_settlement_matches_payment_id_unit_payments REFERENCES unit_payments,
    amount_fen bigint NOT NULL,
    is_manual boolean NOT NULL,
    matched_by uuid,
    matched_at timestamptz NOT NULL,
    undone_by uuid,
    undone_at timestamptz,
    undo_reason text NOT NULL DEFAULT '',
    CONSTRAINT ck_settlement_matches_amount_is_positive CHECK (amount_fen > 0),
    CONSTRAINT ck_settlement_matches_money_comes_from_one_place CHECK ((line_id IS NULL) <> (payment_id IS NULL)),
    CONSTRAINT ck_settlement_matches_manual_is_somebodys CHECK (NOT is_manual OR matched_by IS NOT NULL),
    CONSTRAINT ck_settlement_matches_undone_with_reason
        CHECK ((undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undo_reason = ''))
);
CREATE INDEX ix_settlement_matches_order_id ON settlement_matches (order_id);
CREATE INDEX ix_settlement_matches_line_id ON settlement_matches (line_id);
CREATE UNIQUE INDEX ix_settlement_matches_payment_once ON settlement_matches (payment_id) WHERE undone_at IS NULL;

CREATE FUNCTION book_settlement_match() RETURNS trigger LANGUAGE plpgsql AS $$
-- A match is all that moves what is paid of an order and what is used of a bank line; the CHECKs on both refuse more
-- than there is. A match is written once and undone once; nothing else about it changes.
DECLARE
    change_fen bigint := NEW.amount_fen;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.undone_at IS NOT NULL THEN
            RAISE EXCEPTION 'a match begins standing' USING ERRCODE = 'check_violation';
        END IF;
    ELSE
        IF OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL
           OR (OLD.match_id, OLD.order_id, OLD.amount_fen, OLD.is_manual, OLD.matched_at)
              <> (NEW.match_id, NEW.order_id, NEW.amount_fen, NEW.is_manual, NEW.matched_at)
           OR OLD.line_id IS DISTINCT FROM NEW.line_id OR OLD.payment_id IS DISTINCT FROM NEW.payment_id THEN
            RAISE EXCEPTION 'a match can only be undone, once' USING ERRCODE = 'restrict_violation';
        END IF;
        change_fen := -NEW.amount_fen;
    END IF;
    UPDATE settlements SET matched_fen = matched_fen + change_fen, revision = revision + 1
    WHERE order_id = NEW.order_id;
    UPDATE bank_lines SET matched_fen = matched_fen + change_fen, revision = revision + 1
    WHERE line_id = NEW.line_id;
    RETURN NULL;
END $$;
CREATE TRIGGER settlement_matches_move_sums AFTER INSERT OR UPDATE ON settlement_matches
FOR EACH ROW EXECUTE FUNCTION book_settlement_match();

CREATE FUNCTION refuse_unmatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'only a match moves what is paid in %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER settlement_matches_stay BEFORE DELETE OR TRUNCATE ON settlement_matches
FOR EACH STATEMENT EXECUTE FUNCTION refuse_unmatched();
CREATE TRIGGER settlements_are_matched BEFORE UPDATE OF matched_fen ON settlements
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_unmatched();
CREATE TRIGGER settlements_start_unpaid BEFORE INSERT ON settlements
FOR EACH ROW WHEN (NEW.matched_fen <> 0) EXECUTE FUNCTION refuse_unmatched();
CREATE TRIGGER bank_lines_are_matched BEFORE UPDATE OF matched_fen, amount_fen ON bank_lines
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_unmatched();
CREATE TRIGGER bank_lines_start_unused BEFORE INSERT ON bank_lines
FOR EACH ROW WHEN (NEW.matched_fen <> 0) EXECUTE FUNCTION refuse_unmatched();

-- A match that was wrong can be undone until the order is reviewed: it is then waiting for its money again.
CREATE OR REPLACE FUNCTION unit_order_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('PENDING_CONFIRM', 'CONFIRMED'), ('PENDING_CONFIRM', 'REFUSED'), ('PENDING_CONFIRM', 'CANCELLED'),
    ('CONFIRMED', 'CANCELLED'), ('CONFIRMED', 'SHIPPED'), ('SHIPPED', 'DELIVERED'), ('DELIVERED', 'ACCEPTED'),
    ('DELIVERED', 'REFUSED'), ('ACCEPTED', 'INVOICE_CHECKED'), ('INVOICE_CHECKED', 'SETTLED'),
    ('SETTLED', 'COMPLETED'), ('DELIVERED', 'CANCELLED'), ('ACCEPTED', 'CANCELLED'), ('INVOICE_CHECKED', 'CANCELLED'),
    ('SETTLED', 'INVOICE_CHECKED')
);

-- The business day on which an instant falls.
CREATE FUNCTION day_of(instant timestamptz) RETURNS date LANGUAGE sql STABLE
RETURN (instant AT TIME ZONE 'Asia/Shanghai')::date;

-- Whom a day's list of what is late was told to, so that nobody is told twice.
CREATE TABLE overdue_notices (
    organisation_id uuid NOT NULL,
    told_on date NOT NULL,
    CONSTRAINT pk_overdue_notices PRIMARY KEY (organisation_id, told_on)
);
