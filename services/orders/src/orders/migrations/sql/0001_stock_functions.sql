-- Moving stock: every function here locks the levels in SKU order, so that no two of them can wait for each other,
-- and writes counters, holds and ledger together, so that the three always agree.

CREATE FUNCTION lock_shortages(skus uuid[], quantities integer[]) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Locks the levels of the SKUs, which come sorted, and returns NULL if all is there, else the shortages
-- [{sku_id, wanted, available}]. Writes nothing.
DECLARE
    free integer;
    shortages jsonb;
BEGIN
    FOR line IN 1 .. cardinality(skus) LOOP
        SELECT available INTO free FROM stock_levels WHERE sku_id = skus[line] FOR NO KEY UPDATE;
        IF coalesce(free, 0) < quantities[line] THEN
            shortages := coalesce(shortages, '[]') || jsonb_build_object(
                'sku_id', skus[line], 'wanted', quantities[line], 'available', coalesce(free, 0)
            );
        END IF;
    END LOOP;
    RETURN shortages;
END $$;

CREATE FUNCTION write_holds(
    holding uuid, for_purpose text, skus uuid[], quantities integer[], until timestamptz, at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
-- Holds what `lock_shortages` found to be there.
BEGIN
    FOR line IN 1 .. cardinality(skus) LOOP
        UPDATE stock_levels SET held = held + quantities[line] WHERE sku_id = skus[line];
    END LOOP;
    INSERT INTO stock_holds (holder_id, sku_id, purpose, quantity, open_count, held_at, expires_at)
    SELECT holding, sku_id, for_purpose, quantity, quantity, at, until
    FROM unnest(skus, quantities) AS line (sku_id, quantity);
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    SELECT sku_id, 'held', quantity, holding, at
    FROM unnest(skus, quantities) AS line (sku_id, quantity);
END $$;

CREATE FUNCTION hold_stock(
    holding uuid, for_purpose text, skus uuid[], quantities integer[], until timestamptz, at timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Holds all of it and returns NULL, or holds nothing and returns the shortages. The SKUs come sorted.
DECLARE
    shortages jsonb := lock_shortages(skus, quantities);
BEGIN
    IF shortages IS NULL THEN
        PERFORM write_holds(holding, for_purpose, skus, quantities, until, at);
    END IF;
    RETURN shortages;
END $$;

CREATE FUNCTION release_stock(holders uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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
END $$;

CREATE FUNCTION ship_stock(holding uuid, sent_skus uuid[], sent_quantities integer[], at timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
-- Moves held pieces out of the house and returns NULL, or does nothing and returns [{sku_id, sent, held}] where more
-- was sent than the holder holds.
DECLARE
    excess jsonb;
BEGIN
    PERFORM 1 FROM stock_levels WHERE sku_id = ANY (sent_skus) ORDER BY sku_id FOR NO KEY UPDATE;

    SELECT jsonb_agg(jsonb_build_object('sku_id', sent.sku_id, 'sent', sent.quantity, 'held', coalesce(hold.open_count, 0)))
    INTO excess
    FROM unnest(sent_skus, sent_quantities) AS sent (sku_id, quantity)
    LEFT JOIN stock_holds AS hold ON hold.holder_id = holding AND hold.sku_id = sent.sku_id
    WHERE coalesce(hold.open_count, 0) < sent.quantity;

    IF excess IS NOT NULL THEN
        RETURN excess;
    END IF;

    WITH sent AS (
        SELECT * FROM unnest(sent_skus, sent_quantities) AS line (sku_id, quantity)
    ), counted AS (
        UPDATE stock_levels AS level SET on_hand = level.on_hand - sent.quantity, held = level.held - sent.quantity
        FROM sent WHERE level.sku_id = sent.sku_id
    ), ended AS (
        UPDATE stock_holds AS hold
        SET open_count = hold.open_count - sent.quantity,
            ended_at = CASE WHEN hold.open_count = sent.quantity THEN at END
        FROM sent WHERE hold.holder_id = holding AND hold.sku_id = sent.sku_id
    )
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    SELECT sku_id, 'shipped', quantity, holding, at FROM sent;
    RETURN NULL;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER stock_ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
