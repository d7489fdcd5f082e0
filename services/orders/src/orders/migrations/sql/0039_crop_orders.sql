-- Crop orders (订单农业). Lock order: the season, its crop orders by id, purchases, budgets, stock; where an order on
-- account leads, its row and its unit order come before its crop order.

CREATE TABLE crop_harvests (
    harvest_id uuid CONSTRAINT pk_crop_harvests PRIMARY KEY,
    supplier_id uuid NOT NULL,
    sku_id uuid NOT NULL,
    product_title text NOT NULL,
    specification text NOT NULL,
    season_year integer NOT NULL,
    season text NOT NULL,
    harvested_count integer NOT NULL,
    shared_count integer NOT NULL DEFAULT 0,
    order_count integer NOT NULL,
    ordered_count bigint NOT NULL,
    note text NOT NULL DEFAULT '',
    declared_by uuid NOT NULL,
    declared_at timestamptz NOT NULL,
    CONSTRAINT ck_crop_harvests_season_is_known CHECK (season IN ('SPRING', 'SUMMER', 'AUTUMN', 'WINTER')),
    CONSTRAINT ck_crop_harvests_count_is_not_negative CHECK (harvested_count >= 0),
    CONSTRAINT ck_crop_harvests_never_more_than_harvested CHECK (shared_count BETWEEN 0 AND harvested_count)
);
CREATE UNIQUE INDEX ix_crop_harvests_once ON crop_harvests (sku_id, season_year, season);
CREATE INDEX ix_crop_harvests_supplier_id_harvest_id ON crop_harvests (supplier_id, harvest_id);

CREATE TABLE crop_orders (
    crop_order_id uuid CONSTRAINT pk_crop_orders PRIMARY KEY,
    crop_order_number text NOT NULL CONSTRAINT uq_crop_orders_crop_order_number UNIQUE,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    unit_id uuid NOT NULL CONSTRAINT fk_crop_orders_unit_id_budget_units REFERENCES budget_units,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    title text NOT NULL,
    fund text NOT NULL,
    sku_id uuid NOT NULL,
    product_title text NOT NULL,
    specification text NOT NULL,
    quantity integer NOT NULL,
    unit_price_fen bigint NOT NULL,
    total_fen bigint NOT NULL,
    deposit_bp integer NOT NULL,
    deposit_fen bigint NOT NULL,
    least_share_bp integer NOT NULL,
    season text NOT NULL,
    season_year integer NOT NULL,
    sowing_on date NOT NULL,
    harvest_from_on date NOT NULL,
    harvest_until_on date NOT NULL,
    terms text NOT NULL DEFAULT '',
    recipient text NOT NULL,
    phone text NOT NULL,
    county_code text NOT NULL,
    address_detail text NOT NULL,
    budget_year integer,
    payment_code text NOT NULL,
    deposit_due_on date,
    deposit_told_on date,
    deposit_told_by uuid,
    deposit_voucher text NOT NULL DEFAULT '',
    deposit_paid_at timestamptz,
    credited_fen bigint NOT NULL DEFAULT 0,
    owed_back_fen bigint NOT NULL DEFAULT 0,
    refunded_fen bigint NOT NULL DEFAULT 0,
    refund_voucher text NOT NULL DEFAULT '',
    refunded_on date,
    harvest_id uuid CONSTRAINT fk_crop_orders_harvest_id_crop_harvests REFERENCES crop_harvests,
    allocated_count integer,
    decide_by timestamptz,
    purchase_id uuid CONSTRAINT fk_crop_orders_purchase_id_purchases REFERENCES purchases,
    drafted_by uuid NOT NULL,
    agreed_by uuid,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    offered_at timestamptz,
    agreed_at timestamptz,
    taken_at timestamptz,
    CONSTRAINT ck_crop_orders_status_is_known CHECK (status IN (
        'DRAFT', 'SUBMITTED', 'OFFERED', 'AGREED', 'DEPOSIT_PAID', 'GROWING', 'HARVESTED', 'DELIVERING', 'COMPLETED',
        'REFUSED', 'CANCELLED', 'FAILED')),
    CONSTRAINT ck_crop_orders_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_crop_orders_season_is_known CHECK (season IN ('SPRING', 'SUMMER', 'AUTUMN', 'WINTER')),
    CONSTRAINT ck_crop_orders_season_has_days
        CHECK (sowing_on <= harvest_from_on AND harvest_from_on <= harvest_until_on),
    CONSTRAINT ck_crop_orders_season_year_is_the_harvests CHECK (season_year = extract(year FROM harvest_until_on)),
    CONSTRAINT ck_crop_orders_order_is_of_something CHECK (quantity > 0 AND unit_price_fen > 0),
    CONSTRAINT ck_crop_orders_total_adds_up CHECK (total_fen = quantity * unit_price_fen),
    CONSTRAINT ck_crop_orders_shares_are_shares
        CHECK (deposit_bp BETWEEN 1 AND 10000 AND least_share_bp BETWEEN 0 AND 10000),
    CONSTRAINT ck_crop_orders_deposit_is_a_part CHECK (deposit_fen BETWEEN 1 AND total_fen),
    CONSTRAINT ck_crop_orders_never_more_than_ordered CHECK (allocated_count BETWEEN 0 AND quantity),
    CONSTRAINT ck_crop_orders_shared_is_of_a_harvest CHECK ((harvest_id IS NULL) = (allocated_count IS NULL)),
    CONSTRAINT ck_crop_orders_told_by_somebody CHECK ((deposit_told_on IS NULL) = (deposit_told_by IS NULL)),
    CONSTRAINT ck_crop_orders_paid_was_told CHECK (deposit_paid_at IS NULL OR deposit_told_on IS NOT NULL),
    CONSTRAINT ck_crop_orders_grows_with_a_deposit CHECK
        (status NOT IN ('DEPOSIT_PAID', 'GROWING', 'HARVESTED', 'DELIVERING', 'COMPLETED')
         OR deposit_paid_at IS NOT NULL),
    CONSTRAINT ck_crop_orders_deposit_is_used_once CHECK
        (credited_fen >= 0 AND owed_back_fen >= 0
         AND credited_fen + owed_back_fen <= CASE WHEN deposit_paid_at IS NULL THEN 0 ELSE deposit_fen END),
    CONSTRAINT ck_crop_orders_refunded_was_owed CHECK (refunded_fen BETWEEN 0 AND owed_back_fen),
    CONSTRAINT ck_crop_orders_ended_has_used_its_deposit CHECK
        (status NOT IN ('COMPLETED', 'CANCELLED', 'FAILED') OR deposit_paid_at IS NULL
         OR credited_fen + owed_back_fen = deposit_fen),
    CONSTRAINT ck_crop_orders_taken_is_a_purchase CHECK ((purchase_id IS NOT NULL) = (taken_at IS NOT NULL)),
    CONSTRAINT ck_crop_orders_delivers_what_is_taken
        CHECK (status NOT IN ('DELIVERING', 'COMPLETED') OR taken_at IS NOT NULL),
    CONSTRAINT ck_crop_orders_agreed_has_instant
        CHECK (status IN ('DRAFT', 'SUBMITTED', 'OFFERED', 'REFUSED', 'CANCELLED') OR agreed_at IS NOT NULL)
);
CREATE UNIQUE INDEX ix_crop_orders_payment_code ON crop_orders (payment_code);
CREATE UNIQUE INDEX ix_crop_orders_purchase_id ON crop_orders (purchase_id);
CREATE INDEX ix_crop_orders_unit_id_crop_order_id ON crop_orders (unit_id, crop_order_id);
CREATE INDEX ix_crop_orders_supplier_id_crop_order_id ON crop_orders (supplier_id, crop_order_id);
CREATE INDEX ix_crop_orders_season ON crop_orders (sku_id, season_year, season, crop_order_id)
    WHERE status IN ('AGREED', 'DEPOSIT_PAID', 'GROWING');
CREATE INDEX ix_crop_orders_undecided ON crop_orders (decide_by) WHERE status = 'HARVESTED';

CREATE FUNCTION crop_order_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN before = after OR (before, after) IN (
    ('DRAFT', 'SUBMITTED'), ('DRAFT', 'CANCELLED'), ('SUBMITTED', 'OFFERED'), ('SUBMITTED', 'REFUSED'),
    ('SUBMITTED', 'DRAFT'), ('OFFERED', 'DRAFT'), ('OFFERED', 'REFUSED'), ('OFFERED', 'AGREED'),
    ('AGREED', 'DEPOSIT_PAID'), ('AGREED', 'CANCELLED'), ('AGREED', 'FAILED'), ('DEPOSIT_PAID', 'GROWING'),
    ('DEPOSIT_PAID', 'HARVESTED'), ('DEPOSIT_PAID', 'CANCELLED'), ('DEPOSIT_PAID', 'FAILED'), ('GROWING', 'HARVESTED'),
    ('GROWING', 'CANCELLED'), ('GROWING', 'FAILED'), ('HARVESTED', 'DELIVERING'), ('HARVESTED', 'CANCELLED'),
    ('DELIVERING', 'COMPLETED'), ('DELIVERING', 'CANCELLED')
);

CREATE FUNCTION watch_crop_order() RETURNS trigger LANGUAGE plpgsql AS $$
-- Only along its moves. What the two sides agreed on stays, a share is given once, and money only ever adds up; what was
-- credited may come back where nothing becomes of the order.
BEGIN
    IF NOT crop_order_may_move(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a crop order does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status <> 'DRAFT' AND
       (OLD.unit_id, OLD.supplier_id, OLD.fund, OLD.sku_id, OLD.quantity, OLD.unit_price_fen, OLD.deposit_fen,
        OLD.least_share_bp, OLD.season, OLD.season_year, OLD.payment_code)
       <> (NEW.unit_id, NEW.supplier_id, NEW.fund, NEW.sku_id, NEW.quantity, NEW.unit_price_fen, NEW.deposit_fen,
           NEW.least_share_bp, NEW.season, NEW.season_year, NEW.payment_code) THEN
        RAISE EXCEPTION 'what is offered is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.harvest_id IS NOT NULL
       AND (OLD.harvest_id, OLD.allocated_count) IS DISTINCT FROM (NEW.harvest_id, NEW.allocated_count) THEN
        RAISE EXCEPTION 'a harvest is shared once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.deposit_paid_at IS NOT NULL AND OLD.deposit_paid_at IS DISTINCT FROM NEW.deposit_paid_at
       OR NEW.owed_back_fen < OLD.owed_back_fen OR NEW.refunded_fen < OLD.refunded_fen THEN
        RAISE EXCEPTION 'money that moved has moved' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.harvest_id IS NULL AND NEW.harvest_id IS NOT NULL THEN
        UPDATE crop_harvests SET shared_count = shared_count + NEW.allocated_count WHERE harvest_id = NEW.harvest_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER crop_orders_are_watched BEFORE UPDATE ON crop_orders FOR EACH ROW EXECUTE FUNCTION watch_crop_order();

CREATE FUNCTION refuse_harvest_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a harvest is declared once' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER crop_harvests_stay BEFORE UPDATE OR DELETE ON crop_harvests
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_harvest_change();
CREATE TRIGGER crop_harvests_start_unshared BEFORE INSERT ON crop_harvests
FOR EACH ROW WHEN (NEW.shared_count <> 0) EXECUTE FUNCTION refuse_harvest_change();

CREATE TABLE crop_milestones (
    crop_order_id uuid NOT NULL
        CONSTRAINT fk_crop_milestones_crop_order_id_crop_orders REFERENCES crop_orders ON DELETE CASCADE,
    number smallint NOT NULL,
    kind text NOT NULL,
    due_on date NOT NULL,
    reached_on date,
    note text NOT NULL DEFAULT '',
    reported_by uuid,
    reported_at timestamptz,
    missed_at timestamptz,
    CONSTRAINT pk_crop_milestones PRIMARY KEY (crop_order_id, number),
    CONSTRAINT ck_crop_milestones_kind_is_known
        CHECK (kind IN ('SOWING', 'TRANSPLANTING', 'TENDING', 'FLOWERING', 'RIPENING', 'HARVEST')),
    CONSTRAINT ck_crop_milestones_reported_is_whole
        CHECK ((reached_on IS NULL) = (reported_at IS NULL) AND (reached_on IS NULL) = (reported_by IS NULL))
);
CREATE INDEX ix_crop_milestones_open ON crop_milestones (due_on, crop_order_id) WHERE reached_on IS NULL;

-- A deposit that was paid before the harvest is the third place that money for an order comes from.
ALTER TABLE settlement_matches ADD COLUMN crop_order_id uuid
    CONSTRAINT fk_settlement_matches_crop_order_id_crop_orders REFERENCES crop_orders;
ALTER TABLE settlement_matches DROP CONSTRAINT ck_settlement_matches_money_comes_from_one_place;
ALTER TABLE settlement_matches ADD CONSTRAINT ck_settlement_matches_money_comes_from_one_place
    CHECK (num_nonnulls(line_id, payment_id, crop_order_id) = 1);
CREATE UNIQUE INDEX ix_settlement_matches_deposit_once ON settlement_matches (crop_order_id) WHERE undone_at IS NULL;
