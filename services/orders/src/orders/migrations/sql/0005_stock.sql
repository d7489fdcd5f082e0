-- Where pieces lie and of which lot. Every function here locks levels in SKU order before shelves, holds and
-- allocations, and changes level, shelves, holds and ledger together. Whoever ends an order or another holder has
-- locked it first.

CREATE FUNCTION site_distance(one text, other text) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
-- Rings of divisions: 0 the same county, 1 the same prefecture, 2 the same province, 3 elsewhere.
    SELECT CASE WHEN one = other THEN 0 WHEN left(one, 4) = left(other, 4) THEN 1
                WHEN left(one, 2) = left(other, 2) THEN 2 ELSE 3 END::smallint
$$;

CREATE FUNCTION default_site(of_sku uuid, at timestamptz) RETURNS uuid LANGUAGE plpgsql AS $$
-- The site that a movement means which names none; made when the supplier's first pieces come. NULL for an unknown SKU.
DECLARE
    found uuid;
BEGIN
    SELECT site_id INTO found
    FROM sellable_skus AS sku JOIN stock_sites AS site USING (supplier_id)
    WHERE sku.sku_id = of_sku AND site.is_default;
    IF found IS NULL THEN
        INSERT INTO stock_sites (site_id, supplier_id, name, county_code, is_default, created_at)
        SELECT uuidv7(), supplier_id, '主仓', supplier_county_code, true, at FROM sellable_skus WHERE sku_id = of_sku
        ON CONFLICT (supplier_id) WHERE is_default DO NOTHING;
        SELECT site_id INTO found
        FROM sellable_skus AS sku JOIN stock_sites AS site USING (supplier_id)
        WHERE sku.sku_id = of_sku AND site.is_default;
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION put_pieces(of_sku uuid, at_site uuid, of_lot uuid, quantity integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO stock_shelves AS shelf (sku_id, site_id, lot_id, on_hand) VALUES (of_sku, at_site, of_lot, quantity)
    ON CONFLICT (sku_id, site_id, lot_id) DO UPDATE SET on_hand = shelf.on_hand + excluded.on_hand
$$;

CREATE FUNCTION take_pieces(
    of_sku uuid, wanted integer, first_sites uuid[], only_site uuid, only_lot text, day date
) RETURNS TABLE (site_id uuid, lot_id uuid, quantity integer) LANGUAGE plpgsql AS $$
-- Takes pieces off the shelves, as many as are wanted or there are: at the first sites before the others, of the lot
-- that ends first, of no lot last. Lots that are over or held come after everything else: what has left has left.
-- `only_lot` is a lot's number, empty for pieces of no lot. The level's lock keeps others off the SKU's shelves.
#variable_conflict use_column
DECLARE
    place record;
    rest integer := wanted;
BEGIN
    FOR place IN
        SELECT shelf.shelf_id, shelf.site_id, shelf.lot_id, shelf.on_hand
        FROM stock_shelves AS shelf
        JOIN stock_sites AS site ON site.site_id = shelf.site_id
        LEFT JOIN stock_lots AS lot ON lot.lot_id = shelf.lot_id
        WHERE shelf.sku_id = of_sku AND shelf.on_hand > 0
          AND (only_site IS NULL OR shelf.site_id = only_site)
          AND (only_lot IS NULL OR coalesce(lot.lot_number, '') = only_lot)
        ORDER BY coalesce(lot.is_held OR lot.expires_on < day, false),
                 coalesce(array_position(first_sites, shelf.site_id), 1000), NOT site.is_default, site.site_id,
                 lot.lot_id IS NULL, lot.expires_on, lot.received_at, shelf.shelf_id
    LOOP
        EXIT WHEN rest = 0;
        site_id := place.site_id;
        lot_id := place.lot_id;
        quantity := least(rest, place.on_hand);
        rest := rest - quantity;
        UPDATE stock_shelves SET on_hand = stock_shelves.on_hand - least(quantity, place.on_hand)
        WHERE stock_shelves.shelf_id = place.shelf_id;
        RETURN NEXT;
    END LOOP;
END $$;

CREATE FUNCTION reconsider_lot(of_lot uuid, at timestamptz, day date) RETURNS void LANGUAGE plpgsql AS $$
-- Keeps pieces of a lot that is over or held from being sold: they are held for the lot itself, as far as nobody holds
-- them yet, and let go when the lot is fit again or its pieces are gone. The caller has locked the SKU's level.
DECLARE
    lot stock_lots;
    wanted integer;
    kept integer;
    free integer;
    change integer;
BEGIN
    SELECT * INTO lot FROM stock_lots WHERE lot_id = of_lot;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT open_count INTO kept FROM stock_holds WHERE holder_id = of_lot AND sku_id = lot.sku_id;
    kept := coalesce(kept, 0);
    wanted := 0;
    IF lot.is_held OR coalesce(lot.expires_on < day, false) THEN
        SELECT coalesce(sum(on_hand), 0) INTO wanted FROM stock_shelves WHERE lot_id = of_lot;
    END IF;
    SELECT available INTO free FROM stock_levels WHERE sku_id = lot.sku_id;
    change := least(wanted - kept, free);
    IF change = 0 THEN
        RETURN;
    END IF;
    UPDATE stock_levels SET held = held + change WHERE sku_id = lot.sku_id;
    UPDATE stock_holds
    SET open_count = open_count + change, quantity = greatest(quantity, open_count + change),
        ended_at = CASE WHEN open_count + change = 0 THEN at END
    WHERE holder_id = of_lot AND sku_id = lot.sku_id;
    IF NOT FOUND THEN
        INSERT INTO stock_holds (holder_id, sku_id, purpose, quantity, open_count, held_at)
        VALUES (of_lot, lot.sku_id, 'lot', change, change, at);
    END IF;
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    VALUES (lot.sku_id, CASE WHEN change > 0 THEN 'held' ELSE 'released' END, abs(change), of_lot, at);
END $$;

CREATE FUNCTION record_stock(
    of_sku uuid, its_kind text, change integer, at_site uuid, of_lot text, low_figures jsonb, why text,
    by_person uuid, for_order uuid, at timestamptz, day date
) RETURNS text LANGUAGE plpgsql AS $$
-- Pieces come in or a count is set right; NULL when done, else why not, and then nothing is written. A positive change
-- goes to the named site and lot (its number), or the default site and no lot; a negative one is taken from what is
-- named, or as shipping would take it.
DECLARE
    chosen uuid := coalesce(at_site, default_site(of_sku, at));
    its_lot uuid;
    place record;
    taken integer := 0;
    lots uuid[] := '{}';
BEGIN
    IF chosen IS NULL THEN
        RETURN 'sku-not-found';
    END IF;
    IF change > 0 THEN
        INSERT INTO stock_levels (sku_id, low_at)
        SELECT sku_id, coalesce((low_figures ->> temperature_class)::integer, (low_figures ->> '')::integer)
        FROM sellable_skus WHERE sku_id = of_sku
        ON CONFLICT DO NOTHING;
    END IF;
    PERFORM 1 FROM stock_levels WHERE sku_id = of_sku FOR NO KEY UPDATE;
    IF change > 0 THEN
        IF of_lot <> '' THEN
            SELECT lot_id INTO its_lot FROM stock_lots WHERE sku_id = of_sku AND lot_number = of_lot;
            IF its_lot IS NULL THEN
                RETURN 'lot-not-found';
            END IF;
        END IF;
        PERFORM put_pieces(of_sku, chosen, its_lot, change);
        UPDATE stock_levels SET on_hand = on_hand + change WHERE sku_id = of_sku;
        INSERT INTO stock_ledger
            (sku_id, kind, quantity, site_id, lot_id, reference, recorded_by, order_id, recorded_at)
        VALUES (of_sku, its_kind, change, chosen, its_lot, why, by_person, for_order, at);
        PERFORM reconsider_lot(its_lot, at, day);
        RETURN NULL;
    END IF;
    FOR place IN SELECT * FROM take_pieces(of_sku, -change, '{}', at_site, of_lot, day) LOOP
        INSERT INTO stock_ledger
            (sku_id, kind, quantity, site_id, lot_id, reference, recorded_by, order_id, recorded_at)
        VALUES (of_sku, its_kind, -place.quantity, place.site_id, place.lot_id, why, by_person, for_order, at);
        taken := taken + place.quantity;
        lots := lots || place.lot_id;
    END LOOP;
    IF taken < -change THEN
        RAISE EXCEPTION '%', CASE WHEN at_site IS NULL AND of_lot IS NULL THEN 'stock-short' ELSE 'place-short' END
            USING ERRCODE = 'ZN001';
    END IF;
    PERFORM reconsider_lot(lot_id, at, day) FROM unnest(lots) AS touched (lot_id) WHERE lot_id IS NOT NULL;
    UPDATE stock_levels SET on_hand = on_hand + change WHERE sku_id = of_sku AND available + change >= 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stock-short' USING ERRCODE = 'ZN001';
    END IF;
    RETURN NULL;
EXCEPTION WHEN SQLSTATE 'ZN001' THEN
    RETURN SQLERRM;
END $$;

CREATE FUNCTION transfer_stock(
    of_sku uuid, from_site uuid, to_site uuid, of_lot text, moved integer, why text, by_person uuid, at timestamptz,
    day date
) RETURNS text LANGUAGE plpgsql AS $$
-- Pieces change their site, with their lots; NULL when done, or `place-short`. The level stays as it is.
DECLARE
    place record;
    taken integer := 0;
BEGIN
    PERFORM 1 FROM stock_levels WHERE sku_id = of_sku FOR NO KEY UPDATE;
    FOR place IN SELECT * FROM take_pieces(of_sku, moved, '{}', from_site, of_lot, day) LOOP
        PERFORM put_pieces(of_sku, to_site, place.lot_id, place.quantity);
        INSERT INTO stock_ledger (sku_id, kind, quantity, site_id, lot_id, reference, recorded_by, recorded_at)
        SELECT of_sku, 'moved', side.quantity, side.site_id, place.lot_id, why, by_person, at
        FROM (VALUES (-place.quantity, from_site), (place.quantity, to_site)) AS side (quantity, site_id);
        taken := taken + place.quantity;
    END LOOP;
    IF taken < moved THEN
        RAISE EXCEPTION 'place-short' USING ERRCODE = 'ZN001';
    END IF;
    RETURN NULL;
EXCEPTION WHEN SQLSTATE 'ZN001' THEN
    RETURN SQLERRM;
END $$;

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
