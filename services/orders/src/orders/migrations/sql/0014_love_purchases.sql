-- Love purchases: harvests that will not sell, flagged until so many pieces are absorbed or the date has come. Lock
-- order: an order's row, then love purchases by id, then levels.

CREATE TABLE love_purchases (
    love_purchase_id uuid CONSTRAINT pk_love_purchases PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    sku_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    county_code text NOT NULL,
    reason text NOT NULL,
    reason_en text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    target_count integer NOT NULL,
    absorbed_count integer NOT NULL DEFAULT 0,
    closes_at timestamptz NOT NULL,
    flagged_by uuid NOT NULL,
    flagged_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT ck_love_purchases_status_is_known CHECK (status IN ('OPEN', 'ABSORBED', 'EXPIRED', 'WITHDRAWN')),
    CONSTRAINT ck_love_purchases_target_is_positive CHECK (target_count > 0),
    CONSTRAINT ck_love_purchases_absorbed_is_not_negative CHECK (absorbed_count >= 0),
    CONSTRAINT ck_love_purchases_county_has_six_digits CHECK (county_code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_love_purchases_ended_has_instant CHECK ((status = 'OPEN') = (ended_at IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX ix_love_purchases_one_open_a_sku ON love_purchases (sku_id) WHERE status = 'OPEN';
CREATE INDEX ix_love_purchases_closes_at_open ON love_purchases (closes_at) WHERE status = 'OPEN';
CREATE INDEX ix_love_purchases_county_code ON love_purchases (county_code, love_purchase_id);

CREATE TABLE love_purchase_lines (
    order_id uuid CONSTRAINT fk_love_purchase_lines_order_id_orders REFERENCES orders,
    love_purchase_id uuid CONSTRAINT fk_love_purchase_lines_love_purchase_id_love_purchases REFERENCES love_purchases,
    quantity integer NOT NULL,
    is_counted boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_love_purchase_lines PRIMARY KEY (order_id, love_purchase_id),
    CONSTRAINT ck_love_purchase_lines_quantity_is_positive CHECK (quantity > 0)
);

CREATE FUNCTION count_absorbed() RETURNS trigger LANGUAGE plpgsql AS $$
-- Paid pieces count, those of cancelled orders do not; what has reached its target is closed and stays so.
BEGIN
    PERFORM 1 FROM love_purchases
    WHERE love_purchase_id IN (SELECT love_purchase_id FROM love_purchase_lines WHERE order_id = NEW.order_id)
    ORDER BY love_purchase_id FOR NO KEY UPDATE;
    WITH moved AS (
        UPDATE love_purchase_lines SET is_counted = NEW.status = 'PAID'
        WHERE order_id = NEW.order_id AND is_counted <> (NEW.status = 'PAID')
        RETURNING love_purchase_id, CASE WHEN is_counted THEN quantity ELSE -quantity END AS change
    )
    UPDATE love_purchases AS flagged SET absorbed_count = absorbed_count + moved.change
    FROM moved WHERE moved.love_purchase_id = flagged.love_purchase_id;
    WITH full_now AS (
        UPDATE love_purchases
        SET status = 'ABSORBED', ended_at = NEW.paid_at, changed_at = NEW.paid_at, revision = revision + 1
        WHERE love_purchase_id IN (SELECT love_purchase_id FROM love_purchase_lines WHERE order_id = NEW.order_id)
          AND status = 'OPEN' AND absorbed_count >= target_count
        RETURNING love_purchase_id
    )
    INSERT INTO trail_entries (subject_kind, subject_id, verb, from_status, to_status, reason, actor, done_at)
    SELECT 'love-purchase', love_purchase_id, 'absorb', 'OPEN', 'ABSORBED', '', 'rule', NEW.paid_at FROM full_now;
    RETURN NULL;
END $$;

CREATE TRIGGER orders_count_absorbed AFTER UPDATE OF status ON orders FOR EACH ROW
WHEN (NEW.mode = 'LOVE_PURCHASE' AND NEW.status <> OLD.status AND NEW.status IN ('PAID', 'CANCELLED'))
EXECUTE FUNCTION count_absorbed();

CREATE FUNCTION note_love_change() RETURNS trigger LANGUAGE plpgsql AS $$
-- The board of prices carries which SKUs are flagged.
BEGIN
    IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
        UPDATE pricing_revision SET revision = gen_random_uuid();
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER love_purchases_change_the_board AFTER INSERT OR UPDATE OF status ON love_purchases
FOR EACH ROW EXECUTE FUNCTION note_love_change();

CREATE FUNCTION unloved(draft jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
-- SKUs that a love purchase wants and that are not flagged any more; NULL if there are none.
    SELECT jsonb_agg(DISTINCT line.sku_id) FROM jsonb_to_recordset(draft -> 'lines') AS line (sku_id uuid, is_gift boolean)
    WHERE NOT coalesce(line.is_gift, false)
      AND NOT EXISTS (SELECT FROM love_purchases WHERE love_purchases.sku_id = line.sku_id AND status = 'OPEN')
$$;

CREATE FUNCTION write_love_lines(draft jsonb) RETURNS void LANGUAGE sql AS $$
-- Which flag each line of a love purchase was bought under.
    INSERT INTO love_purchase_lines (order_id, love_purchase_id, quantity)
    SELECT (draft ->> 'order_id')::uuid, flagged.love_purchase_id, sum(line.quantity)
    FROM jsonb_to_recordset(draft -> 'lines') AS line (sku_id uuid, quantity integer, is_gift boolean)
    JOIN love_purchases AS flagged ON flagged.sku_id = line.sku_id AND flagged.status = 'OPEN'
    WHERE NOT coalesce(line.is_gift, false)
    GROUP BY flagged.love_purchase_id
$$;
