-- Orders on account. Lock order: the order's row, its unit order, the budget, then stock.

ALTER TABLE orders ADD COLUMN is_on_account boolean NOT NULL DEFAULT false;
ALTER TABLE orders DROP CONSTRAINT ck_orders_status_is_known;
ALTER TABLE orders ADD CONSTRAINT ck_orders_status_is_known CHECK (
    status IN ('PENDING_PAYMENT', 'PAID', 'PENDING_CONFIRM', 'CONFIRMED', 'COMPLETED', 'CANCELLED')
);
ALTER TABLE orders ADD CONSTRAINT ck_orders_account_is_confirmed CHECK (
    is_on_account OR status NOT IN ('PENDING_CONFIRM', 'CONFIRMED')
);
ALTER TABLE orders ADD CONSTRAINT ck_orders_account_is_not_prepaid CHECK (
    NOT is_on_account OR (paid_at IS NULL AND status NOT IN ('PENDING_PAYMENT', 'PAID'))
);
ALTER TABLE orders DROP CONSTRAINT ck_orders_paid_has_instant;
ALTER TABLE orders ADD CONSTRAINT ck_orders_paid_has_instant CHECK (
    status NOT IN ('PAID', 'COMPLETED') OR paid_at IS NOT NULL OR is_on_account
);
ALTER TABLE supplier_orders DROP CONSTRAINT ck_supplier_orders_fulfilment_is_known;
ALTER TABLE supplier_orders ADD CONSTRAINT ck_supplier_orders_fulfilment_is_known CHECK (
    fulfilment IN ('PENDING_PAYMENT', 'PENDING_CONFIRM', 'AWAITING_GROUP', 'PENDING_SHIPMENT', 'PARTLY_SHIPPED',
                   'SHIPPED', 'DELIVERED', 'CANCELLED')
);
ALTER TABLE order_changes DROP CONSTRAINT ck_order_changes_change_is_known;
ALTER TABLE order_changes ADD CONSTRAINT ck_order_changes_change_is_known CHECK (
    change IN ('PLACED', 'PAID', 'CANCELLED', 'PARTLY_SHIPPED', 'SHIPPED', 'GIVEN_UP', 'DELIVERED', 'COMPLETED',
               'SHIPPED_AFTER_CANCEL', 'GROUP_FORMED', 'CONFIRMED')
);

CREATE OR REPLACE FUNCTION order_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('PENDING_PAYMENT', 'PAID'), ('PAID', 'COMPLETED'), ('PENDING_PAYMENT', 'CANCELLED'), ('PAID', 'CANCELLED'),
    ('CANCELLED', 'PENDING_PAYMENT'), ('PENDING_CONFIRM', 'CONFIRMED'), ('PENDING_CONFIRM', 'CANCELLED'),
    ('CONFIRMED', 'COMPLETED'), ('CONFIRMED', 'CANCELLED')
);
CREATE OR REPLACE FUNCTION part_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('PENDING_PAYMENT', 'PENDING_SHIPMENT'), ('PENDING_PAYMENT', 'AWAITING_GROUP'),
    ('AWAITING_GROUP', 'PENDING_SHIPMENT'), ('PENDING_SHIPMENT', 'PARTLY_SHIPPED'), ('PENDING_SHIPMENT', 'SHIPPED'),
    ('PARTLY_SHIPPED', 'SHIPPED'), ('SHIPPED', 'DELIVERED'), ('PENDING_PAYMENT', 'CANCELLED'),
    ('AWAITING_GROUP', 'CANCELLED'), ('PENDING_SHIPMENT', 'CANCELLED'), ('CANCELLED', 'PENDING_PAYMENT'),
    ('PENDING_CONFIRM', 'PENDING_SHIPMENT'), ('PENDING_CONFIRM', 'CANCELLED')
);

CREATE TABLE unit_orders (
    order_id uuid CONSTRAINT pk_unit_orders PRIMARY KEY CONSTRAINT fk_unit_orders_order_id_orders REFERENCES orders,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_unit_orders_unit_id_budget_units REFERENCES budget_units,
    purchase_id uuid NOT NULL,
    way text NOT NULL,
    fund text NOT NULL,
    budget_year integer NOT NULL,
    payment_code text NOT NULL,
    placed_by uuid NOT NULL,
    is_split boolean NOT NULL DEFAULT false,
    stage text NOT NULL,
    is_disputed boolean NOT NULL DEFAULT false,
    paused_at timestamptz,
    remind_at timestamptz NOT NULL,
    reminded_at timestamptz,
    lapses_at timestamptz NOT NULL,
    accepted_fen bigint NOT NULL DEFAULT 0,
    due_on date,
    end_reason text NOT NULL DEFAULT '',
    placed_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    accepted_at timestamptz,
    invoice_checked_at timestamptz,
    settled_at timestamptz,
    completed_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT ck_unit_orders_way_is_known CHECK (way IN
        ('DIRECT', 'QUOTATION', 'AUCTION', 'CALL_OFF', 'CROP', 'JOINT', 'RESERVE', 'ABSORPTION', 'GIFT')),
    CONSTRAINT ck_unit_orders_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_unit_orders_stage_is_known CHECK (stage IN
        ('PENDING_CONFIRM', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'ACCEPTED', 'INVOICE_CHECKED', 'SETTLED',
         'COMPLETED', 'CANCELLED', 'REFUSED')),
    CONSTRAINT ck_unit_orders_ended_has_instant CHECK ((stage IN ('CANCELLED', 'REFUSED')) = (ended_at IS NOT NULL)),
    CONSTRAINT ck_unit_orders_paused_has_instant CHECK (is_disputed = (paused_at IS NOT NULL)),
    CONSTRAINT ck_unit_orders_accepted_has_instant CHECK (
        stage NOT IN ('ACCEPTED', 'INVOICE_CHECKED', 'SETTLED', 'COMPLETED')
        OR (accepted_at IS NOT NULL AND due_on IS NOT NULL)
    ),
    CONSTRAINT ck_unit_orders_settled_has_instant CHECK
        (stage NOT IN ('SETTLED', 'COMPLETED') OR settled_at IS NOT NULL),
    CONSTRAINT ck_unit_orders_completed_has_instant CHECK ((stage = 'COMPLETED') = (completed_at IS NOT NULL)),
    CONSTRAINT ck_unit_orders_accepted_is_not_negative CHECK (accepted_fen >= 0),
    CONSTRAINT ck_unit_orders_year_is_plausible CHECK (budget_year BETWEEN 2019 AND 2100)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX ix_unit_orders_payment_code ON unit_orders (payment_code);
CREATE INDEX ix_unit_orders_unit_id_budget_year_order_id ON unit_orders (unit_id, budget_year, order_id);
CREATE INDEX ix_unit_orders_purchase_id ON unit_orders (purchase_id);
CREATE INDEX ix_unit_orders_waiting ON unit_orders (lapses_at) WHERE stage = 'PENDING_CONFIRM';
CREATE INDEX ix_unit_orders_open ON unit_orders (stage, order_id) WHERE ended_at IS NULL;

CREATE FUNCTION check_unit_order() RETURNS trigger LANGUAGE plpgsql AS $$
-- Only an order on account is a unit's.
BEGIN
    PERFORM 1 FROM orders WHERE order_id = NEW.order_id AND is_on_account;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'order % is not on account', NEW.order_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unit_orders_are_on_account BEFORE INSERT ON unit_orders
FOR EACH ROW EXECUTE FUNCTION check_unit_order();

CREATE FUNCTION unit_order_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('PENDING_CONFIRM', 'CONFIRMED'), ('PENDING_CONFIRM', 'REFUSED'), ('PENDING_CONFIRM', 'CANCELLED'),
    ('CONFIRMED', 'CANCELLED'), ('CONFIRMED', 'SHIPPED'), ('SHIPPED', 'DELIVERED'), ('DELIVERED', 'ACCEPTED'),
    ('DELIVERED', 'REFUSED'), ('ACCEPTED', 'INVOICE_CHECKED'), ('INVOICE_CHECKED', 'SETTLED'),
    ('SETTLED', 'COMPLETED'), ('DELIVERED', 'CANCELLED'), ('ACCEPTED', 'CANCELLED'), ('INVOICE_CHECKED', 'CANCELLED')
);
CREATE TRIGGER unit_orders_move BEFORE UPDATE OF stage ON unit_orders FOR EACH ROW
WHEN (OLD.stage <> NEW.stage AND NOT unit_order_may_move(OLD.stage, NEW.stage))
EXECUTE FUNCTION refuse_move();
-- What happens on the road, and that nothing can be sent, does not wait for a dispute; all else does.
CREATE TRIGGER unit_orders_pause BEFORE UPDATE OF stage ON unit_orders FOR EACH ROW
WHEN (OLD.stage <> NEW.stage AND NEW.is_disputed AND NEW.stage NOT IN ('SHIPPED', 'DELIVERED')
      AND NOT (OLD.stage = 'CONFIRMED' AND NEW.stage = 'CANCELLED'))
EXECUTE FUNCTION refuse_move();
