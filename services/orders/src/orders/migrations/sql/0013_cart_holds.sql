-- Pieces that a buyer's cart keeps for some minutes. The hold's term is locked before any of these.

CREATE FUNCTION lock_shortages_beside(cart_hold uuid, skus uuid[], quantities integer[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
-- As lock_shortages, for a buyer whose cart holds pieces: those are available to its order. Locks what the cart holds too.
BEGIN
    PERFORM 1 FROM stock_levels
    WHERE sku_id = ANY (skus || ARRAY(SELECT sku_id FROM stock_holds WHERE holder_id = cart_hold AND open_count > 0))
    ORDER BY sku_id FOR NO KEY UPDATE;
    RETURN (
        SELECT jsonb_agg(jsonb_build_object(
            'sku_id', wanted.sku_id, 'wanted', wanted.quantity, 'available', found.available
        ) ORDER BY wanted.sku_id)
        FROM unnest(skus, quantities) AS wanted (sku_id, quantity), LATERAL (
            SELECT coalesce((SELECT available FROM stock_levels WHERE sku_id = wanted.sku_id), 0)
                 + coalesce((SELECT open_count FROM stock_holds
                             WHERE holder_id = cart_hold AND sku_id = wanted.sku_id), 0) AS available
        ) AS found
        WHERE found.available < wanted.quantity
    );
END $$;

CREATE FUNCTION use_cart_hold(
    cart_hold uuid, holding uuid, skus uuid[], quantities integer[], until timestamptz, at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
-- The order holds what its buyer's cart held, and what it wants besides; the rest of the cart's hold may be sold again.
-- A level moves once and by the difference, so that nothing seems to be back in stock for a moment.
BEGIN
    UPDATE stock_levels AS level SET held = level.held + moved.difference
    FROM (
        SELECT sku_id, sum(quantity)::integer AS difference
        FROM (
            SELECT sku_id, quantity FROM unnest(skus, quantities) AS line (sku_id, quantity)
            UNION ALL
            SELECT sku_id, -open_count FROM stock_holds WHERE holder_id = cart_hold AND open_count > 0
        ) AS both_sides
        GROUP BY sku_id
    ) AS moved
    WHERE level.sku_id = moved.sku_id AND moved.difference <> 0;

    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    SELECT sku_id, 'released', open_count, cart_hold, at
    FROM stock_holds WHERE holder_id = cart_hold AND open_count > 0 ORDER BY sku_id;
    UPDATE stock_holds SET open_count = 0, ended_at = at WHERE holder_id = cart_hold AND open_count > 0;
    UPDATE stock_terms SET status = 'USED', ended_at = at, revision = revision + 1 WHERE holder_id = cart_hold;

    INSERT INTO stock_holds (holder_id, sku_id, purpose, quantity, open_count, held_at, expires_at)
    SELECT holding, sku_id, 'order', quantity, quantity, at, until
    FROM unnest(skus, quantities) AS line (sku_id, quantity);
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    SELECT sku_id, 'held', quantity, holding, at
    FROM unnest(skus, quantities) AS line (sku_id, quantity);
END $$;
