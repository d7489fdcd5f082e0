-- What orders do to stock by place: planned, sent, given up, released; what is told of it, and what must always hold.
-- The locks are those of 0005_places.sql.

CREATE FUNCTION close_allocations(for_order uuid, of_sku uuid, gone integer) RETURNS void LANGUAGE plpgsql AS $$
-- So many pieces need not be sent any more from where they were planned: the nearest first.
DECLARE
    planned record;
    rest integer := gone;
BEGIN
    FOR planned IN
        SELECT supplier_order_id, site_id, open_count FROM stock_allocations
        WHERE order_id = for_order AND sku_id = of_sku AND open_count > 0 ORDER BY distance, site_id
    LOOP
        EXIT WHEN rest <= 0;
        UPDATE stock_allocations SET open_count = open_count - least(planned.open_count, rest)
        WHERE supplier_order_id = planned.supplier_order_id AND sku_id = of_sku AND site_id = planned.site_id;
        rest := rest - planned.open_count;
    END LOOP;
END $$;

CREATE FUNCTION excess_over_hold(holding uuid, lines jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Locks the levels of lines [{sku_id, quantity, …}] and returns [{sku_id, sent, held}] where more is meant than is held.
BEGIN
    PERFORM 1 FROM stock_levels
    WHERE sku_id IN (SELECT sku_id FROM jsonb_to_recordset(lines) AS line (sku_id uuid))
    ORDER BY sku_id FOR NO KEY UPDATE;
    RETURN (
        SELECT jsonb_agg(jsonb_build_object(
            'sku_id', sent.sku_id, 'sent', sent.quantity, 'held', coalesce(hold.open_count, 0)
        ) ORDER BY sent.sku_id)
        FROM (
            SELECT sku_id, sum(quantity)::integer AS quantity
            FROM jsonb_to_recordset(lines) AS line (sku_id uuid, quantity integer) GROUP BY sku_id
        ) AS sent
        LEFT JOIN stock_holds AS hold ON hold.holder_id = holding AND hold.sku_id = sent.sku_id
        WHERE coalesce(hold.open_count, 0) < sent.quantity
    );
END $$;

DROP FUNCTION ship_stock(uuid, uuid[], integer[], timestamptz);

CREATE FUNCTION ship_stock(holding uuid, lines jsonb, in_shipment uuid, why text, at timestamptz, day date)
RETURNS jsonb LANGUAGE plpgsql AS $$
-- Moves held pieces out of the house and returns NULL, or does nothing and returns [{sku_id, sent, held}] where more
-- was sent than the holder holds. Lines are [{sku_id, quantity, lot}]; a named lot is taken first, the rest as it ends,
-- beginning at the sites that the order was allocated to.
DECLARE
    excess jsonb := excess_over_hold(holding, lines);
    line record;
    place record;
    sites uuid[];
    rest integer;
    turn integer;
BEGIN
    IF excess IS NOT NULL THEN
        RETURN excess;
    END IF;
    FOR line IN
        SELECT sku_id, coalesce(lot, '') AS lot, sum(quantity)::integer AS quantity
        FROM jsonb_to_recordset(lines) AS sent (sku_id uuid, quantity integer, lot text)
        GROUP BY 1, 2 ORDER BY 1, coalesce(lot, '') = '', 2
    LOOP
        sites := ARRAY(
            SELECT site_id FROM stock_allocations
            WHERE order_id = holding AND sku_id = line.sku_id AND open_count > 0 ORDER BY distance, site_id
        );
        rest := line.quantity;
        UPDATE stock_levels SET on_hand = on_hand - rest, held = held - rest WHERE sku_id = line.sku_id;
        UPDATE stock_holds
        SET open_count = open_count - rest, ended_at = CASE WHEN open_count = rest THEN at END
        WHERE holder_id = holding AND sku_id = line.sku_id;
        FOR turn IN CASE WHEN line.lot = '' THEN 2 ELSE 1 END .. 2 LOOP
            FOR place IN
                SELECT * FROM take_pieces(
                    line.sku_id, rest, sites, NULL, CASE WHEN turn = 1 THEN line.lot END, day
                )
            LOOP
                INSERT INTO stock_ledger
                    (sku_id, kind, quantity, order_id, site_id, lot_id, shipment_id, reference, recorded_at)
                VALUES (line.sku_id, 'shipped', place.quantity, holding, place.site_id, place.lot_id, in_shipment, why, at);
                rest := rest - place.quantity;
                IF place.lot_id IS NOT NULL THEN
                    PERFORM reconsider_lot(place.lot_id, at, day);
                END IF;
            END LOOP;
        END LOOP;
        IF rest > 0 THEN
            RAISE EXCEPTION 'SKU %: its shelves hold less than its level', line.sku_id USING ERRCODE = 'check_violation';
        END IF;
        PERFORM close_allocations(holding, line.sku_id, line.quantity);
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION give_up_stock(holding uuid, lines jsonb, at timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Releases part of a hold, for pieces that will never be sent, and returns NULL, or does nothing and returns the excess.
DECLARE
    excess jsonb := excess_over_hold(holding, lines);
    line record;
BEGIN
    IF excess IS NOT NULL THEN
        RETURN excess;
    END IF;
    FOR line IN
        SELECT sku_id, sum(quantity)::integer AS quantity
        FROM jsonb_to_recordset(lines) AS lost (sku_id uuid, quantity integer) GROUP BY sku_id ORDER BY sku_id
    LOOP
        UPDATE stock_levels SET held = held - line.quantity WHERE sku_id = line.sku_id;
        UPDATE stock_holds
        SET open_count = open_count - line.quantity, ended_at = CASE WHEN open_count = line.quantity THEN at END
        WHERE holder_id = holding AND sku_id = line.sku_id;
        INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
        VALUES (line.sku_id, 'released', line.quantity, holding, at);
        PERFORM close_allocations(holding, line.sku_id, line.quantity);
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION release_stock(holders uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- Gives back what these holders still hold. Nothing held is nothing done, so a second call changes nothing.
BEGIN
    PERFORM 1 FROM stock_levels
    WHERE sku_id IN (SELECT sku_id FROM stock_holds WHERE holder_id = ANY (holders) AND open_count > 0)
    ORDER BY sku_id FOR NO KEY UPDATE;

    WITH ended AS (
        UPDATE stock_holds SET open_count = 0, ended_at = at
        WHERE holder_id = ANY (holders) AND open_count > 0
        RETURNING stock_holds.holder_id, stock_holds.sku_id, old.open_count AS quantity
    ), counted AS (
        UPDATE stock_levels AS level SET held = level.held - freed.quantity
        FROM (SELECT sku_id, sum(quantity) AS quantity FROM ended GROUP BY sku_id) AS freed
        WHERE level.sku_id = freed.sku_id
    )
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    SELECT sku_id, 'released', quantity, holder_id, at FROM ended;

    UPDATE stock_allocations SET open_count = 0 WHERE order_id = ANY (holders) AND open_count > 0;
END $$;

CREATE FUNCTION allocate_part() RETURNS trigger LANGUAGE plpgsql AS $$
-- A part was paid: plan from which of the supplier's sites each SKU leaves. Among the sites that keep its temperature
-- class, one that can send all of it comes before those that cannot, then the nearer to the buyer; a SKU is split only
-- where no site has enough. It is a plan: of two payments at once both may count on the same pieces; shipping is exact.
DECLARE
    destination text;
    line record;
    site record;
    rest integer;
    fallback uuid;
    its_distance smallint;
BEGIN
    SELECT county_code INTO destination FROM orders WHERE order_id = NEW.order_id;
    FOR line IN
        SELECT sku_id, temperature_class, sum(quantity)::integer AS quantity
        FROM order_lines WHERE supplier_order_id = NEW.supplier_order_id GROUP BY 1, 2 ORDER BY 1
    LOOP
        rest := line.quantity;
        fallback := NULL;
        FOR site IN
            SELECT known.*, greatest(shelves.fit - planned.open, 0)::integer AS free,
                   site_distance(known.county_code, destination) AS distance
            FROM stock_sites AS known, LATERAL (
                SELECT coalesce(sum(shelf.on_hand), 0) AS fit
                FROM stock_shelves AS shelf LEFT JOIN stock_lots AS lot USING (lot_id)
                WHERE shelf.sku_id = line.sku_id AND shelf.site_id = known.site_id
                  AND NOT coalesce(lot.is_held OR lot.expires_on < (NEW.placed_at AT TIME ZONE 'Asia/Shanghai')::date, false)
            ) AS shelves, LATERAL (
                SELECT coalesce(sum(open_count), 0) AS open FROM stock_allocations
                WHERE sku_id = line.sku_id AND site_id = known.site_id AND open_count > 0
            ) AS planned
            WHERE known.supplier_id = NEW.supplier_id AND known.is_active
              AND (known.temperature_classes = '{}' OR line.temperature_class = ANY (known.temperature_classes))
            ORDER BY shelves.fit - planned.open >= line.quantity DESC, distance, known.is_default DESC, known.site_id
        LOOP
            IF fallback IS NULL THEN
                fallback := site.site_id;
                its_distance := site.distance;
            END IF;
            IF site.free > 0 THEN
                INSERT INTO stock_allocations
                    (supplier_order_id, sku_id, site_id, order_id, quantity, open_count, distance)
                SELECT NEW.supplier_order_id, line.sku_id, site.site_id, NEW.order_id, part, part, site.distance
                FROM (VALUES (least(rest, site.free))) AS planned (part);
                rest := rest - least(rest, site.free);
            END IF;
            EXIT WHEN rest = 0;
        END LOOP;
        IF rest > 0 THEN  -- more than any site has to spare: it will have to come there, or from the default site
            IF fallback IS NULL THEN
                SELECT site_id, site_distance(county_code, destination) INTO fallback, its_distance
                FROM stock_sites WHERE supplier_id = NEW.supplier_id AND is_default;
            END IF;
            INSERT INTO stock_allocations AS plan
                (supplier_order_id, sku_id, site_id, order_id, quantity, open_count, distance)
            SELECT NEW.supplier_order_id, line.sku_id, fallback, NEW.order_id, rest, rest, its_distance
            WHERE fallback IS NOT NULL
            ON CONFLICT (supplier_order_id, sku_id, site_id) DO UPDATE
                SET quantity = plan.quantity + excluded.quantity, open_count = plan.open_count + excluded.open_count;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER supplier_orders_are_allocated AFTER UPDATE OF fulfilment ON supplier_orders FOR EACH ROW
WHEN (OLD.fulfilment = 'PENDING_PAYMENT' AND NEW.fulfilment = 'PENDING_SHIPMENT') EXECUTE FUNCTION allocate_part();

CREATE FUNCTION tell_stock_signal() RETURNS trigger LANGUAGE plpgsql AS $$
-- A level crossed its threshold or zero. The row is locked, so each crossing is told once and in the order of revisions.
BEGIN
    INSERT INTO outbox (id, type, subject, time, data)
    SELECT uuidv7(), CASE WHEN NEW.available > NEW.low_at THEN 'orders.back-in-stock.v1' ELSE 'orders.stock-low.v1' END,
           NEW.sku_id::text, now(), jsonb_build_object(
               'sku_id', NEW.sku_id, 'product_id', sku.product_id, 'supplier_id', sku.supplier_id,
               'available', NEW.available, 'low_at', NEW.low_at,
               'revision', nextval('stock_signal_revision'), 'noted_at', now()
           )
    FROM sellable_skus AS sku WHERE sku.sku_id = NEW.sku_id;
    RETURN NULL;
END $$;

CREATE SEQUENCE stock_signal_revision;

CREATE TRIGGER stock_levels_tell_crossings AFTER UPDATE ON stock_levels FOR EACH ROW
WHEN ((OLD.available > 0) <> (NEW.available > 0) OR (OLD.available > OLD.low_at) <> (NEW.available > NEW.low_at))
EXECUTE FUNCTION tell_stock_signal();

CREATE FUNCTION check_shelves() RETURNS trigger LANGUAGE plpgsql AS $$
-- At the end of each transaction that moved pieces: a SKU's shelves sum to its level.
DECLARE
    of_sku uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.sku_id ELSE NEW.sku_id END;
BEGIN
    IF (SELECT coalesce(sum(on_hand), 0) FROM stock_shelves WHERE sku_id = of_sku)
        IS DISTINCT FROM (SELECT on_hand FROM stock_levels WHERE sku_id = of_sku)::bigint
    THEN
        RAISE EXCEPTION 'SKU %: its shelves do not sum to its level', of_sku USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER stock_levels_are_the_sum_of_shelves AFTER INSERT OR UPDATE OF on_hand ON stock_levels
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_shelves();

CREATE CONSTRAINT TRIGGER stock_shelves_sum_to_their_level AFTER INSERT OR UPDATE OF on_hand OR DELETE ON stock_shelves
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_shelves();

CREATE FUNCTION rebuild_stock(skus uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- Makes levels, shelves and holds what the ledger says. A CHECK refuses a ledger that cannot be true.
BEGIN
    INSERT INTO stock_levels (sku_id) SELECT DISTINCT sku_id FROM stock_ledger WHERE sku_id = ANY (skus)
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM stock_levels WHERE sku_id = ANY (skus) ORDER BY sku_id FOR NO KEY UPDATE;

    UPDATE stock_shelves AS shelf SET on_hand = 0
    WHERE shelf.sku_id = ANY (skus) AND shelf.on_hand <> 0 AND NOT EXISTS (
        SELECT FROM stock_ledger AS entry
        WHERE (entry.sku_id, entry.site_id) = (shelf.sku_id, shelf.site_id)
          AND entry.lot_id IS NOT DISTINCT FROM shelf.lot_id
    );
    INSERT INTO stock_shelves AS shelf (sku_id, site_id, lot_id, on_hand)
    SELECT sku_id, site_id, lot_id, sum(CASE kind WHEN 'shipped' THEN -quantity ELSE quantity END)
    FROM stock_ledger WHERE sku_id = ANY (skus) AND site_id IS NOT NULL GROUP BY sku_id, site_id, lot_id
    ON CONFLICT (sku_id, site_id, lot_id) DO UPDATE SET on_hand = excluded.on_hand
        WHERE shelf.on_hand <> excluded.on_hand;

    UPDATE stock_holds AS hold SET open_count = 0, ended_at = at
    WHERE hold.sku_id = ANY (skus) AND hold.open_count > 0 AND NOT EXISTS (
        SELECT FROM stock_ledger AS entry
        WHERE entry.sku_id = hold.sku_id AND entry.order_id = hold.holder_id AND entry.kind = 'held'
    );
    INSERT INTO stock_holds AS hold
        (holder_id, sku_id, purpose, quantity, open_count, held_at, expires_at, ended_at)
    SELECT booked.holder_id, booked.sku_id,
           coalesce(term.purpose, CASE WHEN lot.lot_id IS NULL THEN 'order' ELSE 'lot' END), booked.quantity,
           booked.open_count, booked.held_at,
           coalesce(term.expires_at, CASE WHEN placed.status = 'PENDING_PAYMENT' THEN placed.payment_due_at END),
           CASE WHEN booked.open_count = 0 THEN booked.latest_at END
    FROM (
        SELECT order_id AS holder_id, sku_id, min(recorded_at) AS held_at, max(recorded_at) AS latest_at,
               sum(quantity) FILTER (WHERE kind = 'held') AS quantity,
               sum(CASE WHEN kind = 'held' THEN quantity ELSE -quantity END) AS open_count
        FROM stock_ledger
        WHERE sku_id = ANY (skus) AND order_id IS NOT NULL AND kind IN ('held', 'released', 'shipped')
        GROUP BY order_id, sku_id
    ) AS booked
    LEFT JOIN stock_terms AS term USING (holder_id)
    LEFT JOIN stock_lots AS lot ON lot.lot_id = booked.holder_id
    LEFT JOIN orders AS placed ON placed.order_id = booked.holder_id
    ON CONFLICT (holder_id, sku_id) DO UPDATE
        SET open_count = excluded.open_count, quantity = greatest(hold.quantity, excluded.open_count),
            ended_at = CASE WHEN excluded.open_count = 0 THEN coalesce(hold.ended_at, excluded.ended_at) END
        WHERE hold.open_count <> excluded.open_count;

    UPDATE stock_levels AS level SET on_hand = booked.on_hand, held = booked.held
    FROM (
        SELECT level.sku_id,
               coalesce(sum(CASE WHEN site_id IS NULL THEN 0 WHEN kind = 'shipped' THEN -quantity ELSE quantity END), 0)
                   AS on_hand,
               coalesce(sum(CASE WHEN kind = 'held' THEN quantity
                                 WHEN kind IN ('released', 'shipped') THEN -quantity ELSE 0 END), 0) AS held
        FROM stock_levels AS level LEFT JOIN stock_ledger AS entry USING (sku_id)
        WHERE level.sku_id = ANY (skus) GROUP BY level.sku_id
    ) AS booked
    WHERE level.sku_id = booked.sku_id AND (level.on_hand, level.held) <> (booked.on_hand, booked.held);
END $$;
