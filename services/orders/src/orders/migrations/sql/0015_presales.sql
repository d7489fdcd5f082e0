-- Presales of a coming harvest: a deposit now, the balance after the harvest; two captures that pay one order.

ALTER TABLE payments ADD COLUMN pays text NOT NULL DEFAULT 'order';
ALTER TABLE payments ADD CONSTRAINT ck_payments_pays_is_known CHECK (pays IN ('order', 'deposit'));
DROP INDEX ix_payments_order_id_provider_open;
CREATE UNIQUE INDEX ix_payments_order_id_provider_open ON payments (order_id, provider, pays)
WHERE status = 'PENDING';
-- An order has one deposit and one payment of the rest at most that did what they were for.
CREATE UNIQUE INDEX ix_payments_order_id_pays_won ON payments (order_id, pays) WHERE effect = 'paid';

-- What is asked back of an order that two payments paid may take two refunds; the second names the first.
ALTER TABLE refunds ADD COLUMN main_refund_id uuid;
ALTER TABLE refunds ADD CONSTRAINT fk_refunds_main_refund_id_refunds
    FOREIGN KEY (main_refund_id) REFERENCES refunds (refund_id);
CREATE INDEX ix_refunds_main_refund_id ON refunds (main_refund_id) WHERE main_refund_id IS NOT NULL;

-- What a deposit has paid of the order already, and whether it goes back if the rest is not paid.
ALTER TABLE orders ADD COLUMN deposit_fen bigint NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN returns_deposit boolean NOT NULL DEFAULT false;
ALTER TABLE orders ADD CONSTRAINT ck_orders_deposit_is_part
    CHECK (deposit_fen = 0 OR (deposit_fen > 0 AND deposit_fen < payable_fen));
CREATE TRIGGER orders_deposit_is_frozen BEFORE UPDATE OF deposit_fen, returns_deposit ON orders
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE FUNCTION pay_order(paid uuid, by_payment uuid, sum_fen bigint, at timestamptz, event jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
-- Makes an order paid, with its parts, its holds, its history and the event. False, and nothing is written, unless it
-- still waits for this very sum: all else that the event tells of an order never changes. An order of a group that is
-- not formed yet is paid and waits: the event follows when the group has formed. False as well if the group is closed.
DECLARE
    its_mode text;
    standing text := '';
BEGIN
    SELECT mode INTO its_mode FROM orders
    WHERE order_id = paid AND status = 'PENDING_PAYMENT' AND payable_fen - deposit_fen = sum_fen FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF its_mode = 'GROUP_BUY' THEN
        standing := group_standing(paid, at);
        IF standing = 'closed' THEN
            RETURN false;
        END IF;
    END IF;
    UPDATE orders SET status = 'PAID', paid_at = at, payment_id = by_payment WHERE order_id = paid;
    UPDATE supplier_orders
    SET fulfilment = CASE standing WHEN 'open' THEN 'AWAITING_GROUP' ELSE 'PENDING_SHIPMENT' END
    WHERE order_id = paid;
    -- What was held until the payment is held without an end now.
    UPDATE stock_holds SET expires_at = NULL WHERE holder_id = paid AND open_count > 0;
    INSERT INTO order_changes (order_id, change, changed_at) VALUES (paid, 'PAID', at);
    IF standing = 'open' THEN
        PERFORM form_group(paid, at);
        RETURN true;
    END IF;
    IF standing = 'formed' THEN
        UPDATE group_buy_joins SET is_announced = true WHERE order_id = paid;
    END IF;
    INSERT INTO outbox (id, type, subject, time, correlationid, causationid, traceparent, data)
    SELECT id, type, subject, time, correlationid, causationid, traceparent, data
    FROM jsonb_to_record(event) AS field (
        id uuid, type text, subject text, time timestamptz,
        correlationid text, causationid text, traceparent text, data jsonb
    );
    RETURN true;
END $$;

ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_subject_is_known;
ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_subject_is_known
    CHECK (subject_kind IN ('claim', 'return', 'review', 'promotion', 'group-buy', 'love-purchase', 'presale', 'booking'));

CREATE TABLE presale_offers (
    offer_id uuid NOT NULL,
    revision bigint NOT NULL,
    status text NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    sku_id uuid NOT NULL,
    product_id uuid NOT NULL,
    product_title text NOT NULL,
    product_title_en text NOT NULL,
    specification text NOT NULL,
    specification_en text NOT NULL,
    picture text NOT NULL,
    origin_county_code text NOT NULL,
    price_fen bigint NOT NULL,
    deposit_bp integer NOT NULL,
    planned_count integer NOT NULL,
    person_cap integer,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    harvest_from date NOT NULL,
    harvest_until date NOT NULL,
    balance_days integer NOT NULL,
    if_unpaid text NOT NULL,
    shortfall_rule text NOT NULL,
    note text DEFAULT '' NOT NULL,
    booked_count integer DEFAULT 0 NOT NULL,
    allocated_count integer DEFAULT 0 NOT NULL,
    harvested_count integer,
    allocated_at timestamptz,
    balance_due_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_presale_offers PRIMARY KEY (offer_id),
    CONSTRAINT ck_presale_offers_status_is_known
        CHECK (status IN ('DRAFT', 'BOOKING', 'CLOSED', 'ALLOCATED', 'COMPLETED', 'CANCELLED')),
    CONSTRAINT ck_presale_offers_price_is_positive CHECK (price_fen > 0),
    CONSTRAINT ck_presale_offers_deposit_is_a_part CHECK (deposit_bp > 0 AND deposit_bp < 10000),
    CONSTRAINT ck_presale_offers_window_is_not_empty CHECK (opens_at < closes_at),
    CONSTRAINT ck_presale_offers_harvest_is_not_empty CHECK (harvest_from <= harvest_until),
    CONSTRAINT ck_presale_offers_days_are_positive CHECK (balance_days > 0),
    CONSTRAINT ck_presale_offers_cap_is_positive CHECK (person_cap > 0),
    CONSTRAINT ck_presale_offers_unpaid_rule_is_known CHECK (if_unpaid IN ('KEEP', 'RETURN')),
    CONSTRAINT ck_presale_offers_shortfall_rule_is_known CHECK (shortfall_rule IN ('PRO_RATA', 'FIRST_COME')),
    CONSTRAINT ck_presale_offers_bookings_fit_plan CHECK (booked_count >= 0 AND booked_count <= planned_count),
    CONSTRAINT ck_presale_offers_allocation_fits_harvest
        CHECK (allocated_count >= 0 AND allocated_count <= coalesce(harvested_count, 0)),
    CONSTRAINT ck_presale_offers_harvest_is_stated CHECK (
        (status IN ('ALLOCATED', 'COMPLETED')) = (harvested_count IS NOT NULL)
        AND (harvested_count IS NULL) = (allocated_at IS NULL) AND (harvested_count IS NULL) = (balance_due_at IS NULL)
    )
);
CREATE INDEX ix_presale_offers_supplier_id_created_at ON presale_offers (supplier_id, created_at, offer_id);
CREATE INDEX ix_presale_offers_status_closes_at ON presale_offers (status, closes_at);
CREATE INDEX ix_presale_offers_product_id ON presale_offers (product_id);

CREATE TABLE presale_bookings (
    booking_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    booking_number text NOT NULL,
    status text NOT NULL,
    buyer_id uuid NOT NULL,
    buyer_kind text NOT NULL,
    organisation_id uuid,
    quantity integer NOT NULL,
    amount_fen bigint NOT NULL,
    deposit_fen bigint NOT NULL,
    recipient text NOT NULL,
    phone text NOT NULL,
    county_code text NOT NULL,
    address_detail text NOT NULL,
    note text DEFAULT '' NOT NULL,
    booked_at timestamptz NOT NULL,
    deposit_due_at timestamptz NOT NULL,
    deposit_paid_at timestamptz,
    deposit_payment_id uuid,
    allocated_count integer DEFAULT 0 NOT NULL,
    returned_fen bigint DEFAULT 0 NOT NULL,
    end_reason text DEFAULT '' NOT NULL,
    CONSTRAINT pk_presale_bookings PRIMARY KEY (booking_id),
    CONSTRAINT fk_presale_bookings_offer_id_presale_offers FOREIGN KEY (offer_id) REFERENCES presale_offers (offer_id),
    CONSTRAINT uq_presale_bookings_booking_number UNIQUE (booking_number),
    CONSTRAINT ck_presale_bookings_status_is_known
        CHECK (status IN ('PENDING_DEPOSIT', 'BOOKED', 'ALLOCATED', 'REFUNDED', 'CANCELLED')),
    CONSTRAINT ck_presale_bookings_quantity_is_positive CHECK (quantity > 0),
    CONSTRAINT ck_presale_bookings_deposit_is_part CHECK (deposit_fen > 0 AND deposit_fen < amount_fen),
    CONSTRAINT ck_presale_bookings_deposit_has_a_payment CHECK (
        (deposit_paid_at IS NULL) = (deposit_payment_id IS NULL)
        AND (status IN ('BOOKED', 'ALLOCATED', 'REFUNDED')) = (deposit_paid_at IS NOT NULL)
    ),
    CONSTRAINT ck_presale_bookings_allocation_fits
        CHECK (allocated_count BETWEEN 0 AND quantity AND (status = 'ALLOCATED') = (allocated_count > 0)),
    CONSTRAINT ck_presale_bookings_returned_is_right CHECK (
        returned_fen >= 0 AND returned_fen <= deposit_fen AND (status = 'REFUNDED') = (returned_fen = deposit_fen)
    )
);
CREATE INDEX ix_presale_bookings_offer_id_booked_at ON presale_bookings (offer_id, booked_at, booking_id);
CREATE INDEX ix_presale_bookings_buyer_id_booked_at ON presale_bookings (buyer_id, booked_at, booking_id);
CREATE INDEX ix_presale_bookings_deposit_due_at_pending ON presale_bookings (deposit_due_at)
WHERE status = 'PENDING_DEPOSIT';

-- The offer's own row counts what is booked and allocated of it, where CHECKs hold it against the plan and the harvest:
-- bookings beside each other queue up there, and the one that would take too much fails.
CREATE FUNCTION count_new_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE presale_offers SET booked_count = booked_count + NEW.quantity WHERE offer_id = NEW.offer_id;
    RETURN NULL;
END $$;

CREATE FUNCTION count_changed_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE presale_offers AS offer
    SET booked_count = offer.booked_count + moved.booked, allocated_count = offer.allocated_count + moved.allocated
    FROM (
        SELECT later.offer_id,
               sum(CASE WHEN later.status IN ('CANCELLED', 'REFUNDED') THEN 0 ELSE later.quantity END
                   - CASE WHEN earlier.status IN ('CANCELLED', 'REFUNDED') THEN 0 ELSE earlier.quantity END) AS booked,
               sum(later.allocated_count - earlier.allocated_count) AS allocated
        FROM later JOIN earlier USING (booking_id) GROUP BY later.offer_id
    ) AS moved
    WHERE offer.offer_id = moved.offer_id AND (moved.booked <> 0 OR moved.allocated <> 0);
    RETURN NULL;
END $$;

CREATE TRIGGER count_new_booking AFTER INSERT ON presale_bookings FOR EACH ROW EXECUTE FUNCTION count_new_booking();

CREATE TRIGGER count_changed_bookings AFTER UPDATE ON presale_bookings
REFERENCING OLD TABLE AS earlier NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION count_changed_bookings();

CREATE TRIGGER bookings_are_frozen
BEFORE UPDATE OF booking_id, offer_id, quantity, amount_fen, deposit_fen, buyer_id OR DELETE ON presale_bookings
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
