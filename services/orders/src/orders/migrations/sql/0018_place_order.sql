-- Placing an order: checks what the decision rests on, then saves all that follows from it.

CREATE OR REPLACE FUNCTION place_order(
    draft jsonb, skus uuid[], revisions bigint[], quantities integer[],
    once_caller text, once_key text, once_hash bytea, once_status smallint, once_answer bytea
) RETURNS jsonb LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
-- Saves a decided order with all that belongs to it and returns NULL. Otherwise writes nothing and returns
-- {"changed": [sku_id]} (a SKU is no longer in the revision that the decision rests on),
-- {"refused_promotion": {promotion_id, reason}} (see promotion_refusal), {"points_left": n} (fewer than it spends),
-- {"refused_group": {code, left}} (see group_refusal), {"shortages": [{sku_id, wanted, available}]},
-- {"pickup_changed": true} or {"recipient_changed": true} (where the goods shall go is not what the decision rests on),
-- or {"is_repeated": true}. The SKUs come sorted, each once; gifts are counted among them. What the buyer's cart holds is
-- theirs: that hold ends with the order.
DECLARE
    this_order uuid := (draft ->> 'order_id')::uuid;
    this_instant timestamptz := (draft ->> 'placed_at')::timestamptz;
    changed jsonb;
    shortages jsonb;
    uses jsonb := draft -> 'promotion_uses';
    refusal jsonb;
    this_group uuid := (draft ->> 'group_buy_id')::uuid;
    set_aside integer;
    is_love boolean := draft ->> 'mode' = 'LOVE_PURCHASE';
    gift jsonb := draft -> 'donation';
    points bigint := (draft ->> 'points')::bigint;
    points_left bigint;
    cart_hold uuid;
    on_account boolean := coalesce((draft ->> 'is_on_account')::boolean, false);
BEGIN
    FOR line IN 1 .. cardinality(skus) LOOP
        PERFORM 1 FROM sellable_skus WHERE sku_id = skus[line] AND revision = revisions[line] AND is_listed;
        IF NOT FOUND THEN
            changed := coalesce(changed, '[]') || to_jsonb(skus[line]);
        END IF;
    END LOOP;
    IF changed IS NULL AND is_love THEN
        changed := unloved(draft);
    END IF;
    IF changed IS NOT NULL THEN
        RETURN jsonb_build_object('changed', changed);
    END IF;

    IF draft ->> 'pickup_point_id' IS NOT NULL THEN
        PERFORM 1 FROM pickup_points
        WHERE pickup_point_id = (draft ->> 'pickup_point_id')::uuid AND status = 'OPEN'
          AND revision = (draft ->> 'pickup_point_revision')::bigint;
        IF NOT FOUND THEN
            RETURN jsonb_build_object('pickup_changed', true);
        END IF;
    END IF;
    IF gift ->> 'recipient_id' IS NOT NULL AND NOT takes_donation(gift) THEN
        RETURN jsonb_build_object('recipient_changed', true);
    END IF;

    IF uses IS NOT NULL THEN  -- before the stock, as a cancellation does
        refusal := promotion_refusal(uses, (draft ->> 'buyer_id')::uuid, this_instant);
        IF refusal IS NOT NULL THEN
            RETURN jsonb_build_object('refused_promotion', refusal);
        END IF;
    END IF;

    IF points IS NOT NULL THEN  -- before the stock, as a cancellation does
        points_left := lock_points((draft ->> 'buyer_id')::uuid, this_instant);
        IF points_left < points THEN
            RETURN jsonb_build_object('points_left', points_left);
        END IF;
    END IF;

    IF this_group IS NOT NULL THEN
        refusal := group_refusal(this_group, (draft ->> 'buyer_id')::uuid, skus, quantities, this_instant);
        IF refusal IS NOT NULL THEN
            RETURN jsonb_build_object('refused_group', refusal);
        END IF;
    ELSE
        IF NOT on_account THEN  -- what a person keeps in the cart is not their unit's
            SELECT holder_id INTO cart_hold FROM stock_terms  -- before its levels, as whoever ends a hold does
            WHERE owner_id = (draft ->> 'buyer_id')::uuid AND purpose = 'cart' AND status = 'OPEN' FOR NO KEY UPDATE;
        END IF;
        shortages := CASE WHEN cart_hold IS NULL THEN lock_shortages(skus, quantities)
                          ELSE lock_shortages_beside(cart_hold, skus, quantities) END;
    END IF;
    IF shortages IS NOT NULL THEN
        RETURN jsonb_build_object('shortages', shortages);
    END IF;

    IF once_key IS NOT NULL THEN
        INSERT INTO idempotency_keys (caller, key, request_hash, status, body)
        VALUES (once_caller, once_key, once_hash, once_status, once_answer)
        ON CONFLICT (caller, key) DO UPDATE
            SET request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, created_at = now()
            WHERE idempotency_keys.created_at <= now() - interval '24 hours';
        IF NOT FOUND THEN
            RETURN jsonb_build_object('is_repeated', true);
        END IF;
    END IF;

    IF cart_hold IS NOT NULL THEN
        PERFORM use_cart_hold(
            cart_hold, this_order, skus, quantities, (draft ->> 'payment_due_at')::timestamptz, this_instant
        );
    ELSIF this_group IS NULL THEN
        PERFORM write_holds(
            this_order, 'order', skus, quantities, (draft ->> 'payment_due_at')::timestamptz, this_instant
        );
    ELSE
        set_aside := hold_for_join(
            this_order, this_group, skus, quantities, (draft ->> 'payment_due_at')::timestamptz, this_instant
        );
    END IF;
    PERFORM set_config('orders.is_placing', 'yes', true);
    WITH placed AS (
        INSERT INTO orders (
            order_id, order_number, mode, status, buyer_id, buyer_kind, organisation_id,
            goods_fen, discount_fen, points_fen, delivery_fen, payable_fen,
            recipient, phone, county_code, address_detail, pickup_point_id, pickup_point_name, note, placed_at,
            payment_due_at, deposit_fen, returns_deposit, is_on_account
        )
        SELECT this_order, order_number, mode,
               CASE WHEN on_account THEN 'PENDING_CONFIRM' ELSE 'PENDING_PAYMENT' END,
               buyer_id, buyer_kind, organisation_id,
               goods_fen, discount_fen, points_fen, delivery_fen, payable_fen,
               recipient, phone, county_code, address_detail, pickup_point_id, coalesce(pickup_point_name, ''), note,
               this_instant, payment_due_at, coalesce(deposit_fen, 0), coalesce(returns_deposit, false),
               on_account
        FROM jsonb_to_record(draft) AS field (
            order_number text, mode text, buyer_id uuid, buyer_kind text, organisation_id uuid,
            goods_fen bigint, discount_fen bigint, points_fen bigint, delivery_fen bigint, payable_fen bigint,
            recipient text, phone text, county_code text, address_detail text, pickup_point_id uuid,
            pickup_point_name text, note text, payment_due_at timestamptz, deposit_fen bigint, returns_deposit boolean
        )
        RETURNING buyer_id
    ), parts AS (
        INSERT INTO supplier_orders (
            supplier_order_id, order_id, part_number, supplier_id, supplier_name, ship_from_county_code, fulfilment,
            goods_fen, discount_fen, points_fen, delivery_fen, payable_fen, placed_at
        )
        SELECT supplier_order_id, this_order, part_number, supplier_id, supplier_name, ship_from_county_code,
               CASE WHEN on_account THEN 'PENDING_CONFIRM' ELSE 'PENDING_PAYMENT' END,
               goods_fen, discount_fen, points_fen, delivery_fen, payable_fen, this_instant
        FROM jsonb_to_recordset(draft -> 'parts') AS part (
            supplier_order_id uuid, part_number smallint, supplier_id uuid, supplier_name text, ship_from_county_code text,
            goods_fen bigint, discount_fen bigint, points_fen bigint, delivery_fen bigint, payable_fen bigint
        )
    ), lines AS (
        INSERT INTO order_lines (
            line_id, supplier_order_id, line_number, sku_id, product_id, product_title, product_title_en,
            specification, specification_en, category, picture, origin_county_code, designations, temperature_class,
            net_weight_g, quantity, unit_price_fen, amount_fen, discount_fen, points_fen, payable_fen, is_gift,
            price_trace
        )
        SELECT line.line_id, line.supplier_order_id, line.line_number, line.sku_id, sku.product_id, sku.product_title,
               sku.product_title_en, sku.specification, sku.specification_en, sku.category, sku.picture,
               sku.origin_county_code, sku.designations, sku.temperature_class, sku.net_weight_g, line.quantity,
               line.unit_price_fen, line.amount_fen, line.discount_fen, coalesce(line.points_fen, 0),
               line.payable_fen, coalesce(line.is_gift, false), coalesce(line.price_trace, '[]')
        FROM jsonb_to_recordset(draft -> 'lines') AS line (
            line_id uuid, supplier_order_id uuid, line_number smallint, sku_id uuid, quantity integer,
            unit_price_fen bigint, amount_fen bigint, discount_fen bigint, points_fen bigint, payable_fen bigint,
            is_gift boolean, price_trace jsonb
        )
        -- LIMIT keeps this a look-up by key: the planner takes any recordset for 100 rows and would read all SKUs.
        CROSS JOIN LATERAL (SELECT * FROM sellable_skus WHERE sku_id = line.sku_id LIMIT 1) AS sku
    ), history AS (
        INSERT INTO order_changes (order_id, change, changed_by, changed_at)
        SELECT this_order, 'PLACED', buyer_id, this_instant FROM placed
    ), emptied AS (
        DELETE FROM cart_lines USING placed
        WHERE cart_lines.person_id = placed.buyer_id AND cart_lines.sku_id = ANY (skus)
          -- placed by its supplier's harvest, in a group, or by a unit: not out of the buyer's cart
          AND draft ->> 'mode' NOT IN ('PRESALE', 'GROUP_BUY') AND NOT on_account
    )
    INSERT INTO outbox (id, type, subject, time, correlationid, causationid, traceparent, data)
    SELECT id, type, subject, time, correlationid, causationid, traceparent, data
    FROM jsonb_to_record(draft -> 'event') AS event (
        id uuid, type text, subject text, time timestamptz,
        correlationid text, causationid text, traceparent text, data jsonb
    );
    PERFORM set_config('orders.is_placing', '', true);
    IF this_group IS NOT NULL THEN
        INSERT INTO group_buy_joins
            (order_id, group_buy_id, person_id, quantity, set_aside_count, status, joined_at)
        VALUES (this_order, this_group, (draft ->> 'buyer_id')::uuid, quantities[1], set_aside, 'PLACED', this_instant);
    ELSIF is_love THEN
        PERFORM write_love_lines(draft);
    END IF;
    IF gift ->> 'recipient_id' IS NOT NULL THEN
        PERFORM write_donation(this_order, gift);
    END IF;
    IF draft ->> 'invoice' IS NOT NULL THEN
        INSERT INTO order_invoice_titles (order_id, kind, name, taxpayer_id, email, changed_at)
        SELECT this_order, kind, name, taxpayer_id, email, this_instant
        FROM jsonb_to_record(draft -> 'invoice') AS title (kind text, name text, taxpayer_id text, email text);
    END IF;
    IF uses IS NOT NULL THEN
        PERFORM write_promotion_uses(uses, this_order, (draft ->> 'buyer_id')::uuid, this_instant);
    END IF;
    IF points IS NOT NULL THEN
        PERFORM spend_points((draft ->> 'buyer_id')::uuid, this_order, draft -> 'lines', this_instant);
    END IF;
    RETURN NULL;
END $$;
