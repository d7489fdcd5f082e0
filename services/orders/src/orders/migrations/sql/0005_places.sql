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
