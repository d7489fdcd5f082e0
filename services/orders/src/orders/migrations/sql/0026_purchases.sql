-- Purchases of units. Lock order: the purchase, its approval, its budget, stock.

CREATE SEQUENCE purchase_numbers;

CREATE TABLE purchases (
    purchase_id uuid CONSTRAINT pk_purchases PRIMARY KEY,
    purchase_number text NOT NULL CONSTRAINT uq_purchases_purchase_number UNIQUE,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_purchases_unit_id_budget_units REFERENCES budget_units,
    way text NOT NULL,
    source_id uuid,
    fund text NOT NULL,
    title text NOT NULL,
    note text NOT NULL DEFAULT '',
    status text NOT NULL,
    recipient text,
    phone text,
    county_code text,
    address_detail text,
    goods_fen bigint NOT NULL,
    delivery_fen bigint NOT NULL,
    total_fen bigint NOT NULL,
    digest text NOT NULL,
    approved_digest text,
    approved_by_kind text,
    approved_by_id uuid,
    budget_year integer,
    created_by uuid,
    submitted_by uuid,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    submitted_at timestamptz,
    ordered_at timestamptz,
    CONSTRAINT ck_purchases_status_is_known
        CHECK (status IN ('DRAFT', 'SUBMITTED', 'APPROVED', 'ORDERED', 'REFUSED', 'WITHDRAWN', 'VOIDED')),
    CONSTRAINT ck_purchases_way_is_known CHECK (
        way IN ('DIRECT', 'QUOTATION', 'AUCTION', 'CALL_OFF', 'CROP', 'JOINT', 'RESERVE', 'ABSORPTION', 'GIFT')
    ),
    CONSTRAINT ck_purchases_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_purchases_money_is_not_negative CHECK (goods_fen >= 0 AND delivery_fen >= 0),
    CONSTRAINT ck_purchases_total_adds_up CHECK (total_fen = goods_fen + delivery_fen),
    CONSTRAINT ck_purchases_approved_is_what_it_is
        CHECK (status NOT IN ('APPROVED', 'ORDERED') OR approved_digest = digest),
    CONSTRAINT ck_purchases_ordered_has_instant CHECK ((status = 'ORDERED') = (ordered_at IS NOT NULL)),
    CONSTRAINT ck_purchases_submitted_is_whole CHECK (
        status NOT IN ('SUBMITTED', 'APPROVED', 'ORDERED')
        OR (submitted_at IS NOT NULL AND budget_year IS NOT NULL AND county_code IS NOT NULL)
    ),
    CONSTRAINT ck_purchases_address_is_whole CHECK (
        (county_code IS NULL) = (recipient IS NULL) AND (county_code IS NULL) = (phone IS NULL)
        AND (county_code IS NULL) = (address_detail IS NULL)
    ),
    CONSTRAINT ck_purchases_approved_by_is_whole CHECK ((approved_by_kind IS NULL) = (approved_by_id IS NULL))
);
CREATE UNIQUE INDEX ix_purchases_one_of_a_source ON purchases (way, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX ix_purchases_unit_id_created_at_purchase_id ON purchases (unit_id, created_at, purchase_id);

CREATE FUNCTION purchase_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('DRAFT', 'SUBMITTED'), ('WITHDRAWN', 'SUBMITTED'), ('VOIDED', 'SUBMITTED'), ('WITHDRAWN', 'DRAFT'),
    ('VOIDED', 'DRAFT'), ('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REFUSED'), ('SUBMITTED', 'VOIDED'),
    ('SUBMITTED', 'WITHDRAWN'), ('APPROVED', 'VOIDED'), ('APPROVED', 'WITHDRAWN'), ('APPROVED', 'ORDERED')
);
CREATE TRIGGER purchases_move BEFORE UPDATE OF status ON purchases FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT purchase_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();

CREATE TABLE purchase_lines (
    purchase_id uuid NOT NULL CONSTRAINT fk_purchase_lines_purchase_id_purchases REFERENCES purchases,
    line_number smallint NOT NULL,
    sku_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    product_id uuid NOT NULL,
    product_title text NOT NULL,
    product_title_en text NOT NULL,
    specification text NOT NULL,
    specification_en text NOT NULL,
    category text NOT NULL,
    picture text NOT NULL,
    quantity integer NOT NULL,
    unit_price_fen bigint NOT NULL,
    is_agreed boolean NOT NULL,
    CONSTRAINT pk_purchase_lines PRIMARY KEY (purchase_id, line_number),
    CONSTRAINT uq_purchase_lines_purchase_id_sku_id UNIQUE (purchase_id, sku_id),
    CONSTRAINT ck_purchase_lines_quantity_is_positive CHECK (quantity > 0),
    CONSTRAINT ck_purchase_lines_price_is_not_negative CHECK (unit_price_fen >= 0)
);

CREATE FUNCTION check_purchase_money() RETURNS trigger LANGUAGE plpgsql AS $$
-- A purchase costs what its lines cost; asked when the transaction ends, since lines are written anew by an edit.
DECLARE
    whose uuid := coalesce(NEW.purchase_id, OLD.purchase_id);
BEGIN
    IF EXISTS (
        SELECT FROM purchases AS purchase
        WHERE purchase_id = whose AND goods_fen <> (
            SELECT coalesce(sum(quantity * unit_price_fen), 0) FROM purchase_lines AS line
            WHERE line.purchase_id = purchase.purchase_id
        )
    ) THEN
        RAISE EXCEPTION 'the lines of purchase % do not add up', whose USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER purchases_add_up AFTER INSERT OR UPDATE OF goods_fen ON purchases
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_purchase_money();
CREATE CONSTRAINT TRIGGER purchase_lines_add_up AFTER INSERT OR UPDATE OR DELETE ON purchase_lines
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_purchase_money();

CREATE TABLE purchase_papers (
    paper_id uuid CONSTRAINT pk_purchase_papers PRIMARY KEY,
    purchase_id uuid NOT NULL CONSTRAINT fk_purchase_papers_purchase_id_purchases REFERENCES purchases,
    kind text NOT NULL,
    counted smallint NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    content_type text NOT NULL,
    size_bytes integer NOT NULL,
    uploaded_by uuid NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT ck_purchase_papers_kind_is_known
        CHECK (kind IN ('MINUTES', 'GROUP', 'QUOTE', 'CHAIR', 'COMPETITION')),
    CONSTRAINT ck_purchase_papers_counts_something CHECK (counted BETWEEN 1 AND 99),
    CONSTRAINT uq_purchase_papers_purchase_id_key_kind UNIQUE (purchase_id, key, kind)
);
