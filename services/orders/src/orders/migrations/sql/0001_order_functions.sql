-- Placing an order in one statement, and what must always hold of its money.

CREATE FUNCTION place_order(
    draft jsonb, skus uuid[], revisions bigint[], quantities integer[],
    once_caller text, once_key text, once_hash bytea, once_status smallint, once_answer bytea
) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Saves a decided order with all that belongs to it and returns NULL. Otherwise writes nothing and returns
-- {"changed": [sku_id]} (a SKU is no longer in the revision that the decision rests on),
-- {"shortages": [{sku_id, wanted, available}]} or {"is_repeated": true}. The SKUs come sorted.
DECLARE
    this_order uuid := (draft ->> 'order_id')::uuid;
    this_instant timestamptz := (draft ->> 'placed_at')::timestamptz;
    changed jsonb;
    shortages jsonb;
BEGIN
    FOR line IN 1 .. cardinality(skus) LOOP
        PERFORM 1 FROM sellable_skus WHERE sku_id = skus[line] AND revision = revisions[line] AND is_listed;
        IF NOT FOUND THEN
            changed := coalesce(changed, '[]') || to_jsonb(skus[line]);
        END IF;
    END LOOP;
    IF changed IS NOT NULL THEN
        RETURN jsonb_build_object('changed', changed);
    END IF;

    shortages := lock_shortages(skus, quantities);
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

    PERFORM write_holds(
        this_order, 'order', skus, quantities, (draft ->> 'payment_due_at')::timestamptz, this_instant
    );
    PERFORM set_config('orders.is_placing', 'yes', true);
    WITH placed AS (
        INSERT INTO orders (
            order_id, order_number, mode, status, buyer_id, buyer_kind, organisation_id,
            goods_fen, discount_fen, delivery_fen, payable_fen,
            recipient, phone, county_code, address_detail, note, placed_at, payment_due_at
        )
        SELECT this_order, order_number, mode, 'PENDING_PAYMENT', buyer_id, buyer_kind, organisation_id,
               goods_fen, discount_fen, delivery_fen, payable_fen,
               recipient, phone, county_code, address_detail, note, this_instant, payment_due_at
        FROM jsonb_to_record(draft) AS field (
            order_number text, mode text, buyer_id uuid, buyer_kind text, organisation_id uuid,
            goods_fen bigint, discount_fen bigint, delivery_fen bigint, payable_fen bigint,
            recipient text, phone text, county_code text, address_detail text, note text, payment_due_at timestamptz
        )
        RETURNING buyer_id
    ), parts AS (
        INSERT INTO supplier_orders (
            supplier_order_id, order_id, part_number, supplier_id, supplier_name, ship_from_county_code, fulfilment,
            goods_fen, discount_fen, delivery_fen, payable_fen, placed_at
        )
        SELECT supplier_order_id, this_order, part_number, supplier_id, supplier_name, ship_from_county_code,
               'PENDING_PAYMENT', goods_fen, discount_fen, delivery_fen, payable_fen, this_instant
        FROM jsonb_to_recordset(draft -> 'parts') AS part (
            supplier_order_id uuid, part_number smallint, supplier_id uuid, supplier_name text, ship_from_county_code text,
            goods_fen bigint, discount_fen bigint, delivery_fen bigint, payable_fen bigint
        )
    ), lines AS (
        INSERT INTO order_lines (
            line_id, supplier_order_id, line_number, sku_id, product_id, product_title, product_title_en,
            specification, specification_en, category, picture, origin_county_code, designations, temperature_class,
            net_weight_g, quantity, unit_price_fen, amount_fen, discount_fen, payable_fen
        )
        SELECT line.line_id, line.supplier_order_id, line.line_number, line.sku_id, sku.product_id, sku.product_title,
               sku.product_title_en, sku.specification, sku.specification_en, sku.category, sku.picture,
               sku.origin_county_code, sku.designations, sku.temperature_class, sku.net_weight_g, line.quantity,
               line.unit_price_fen, line.amount_fen, line.discount_fen, line.payable_fen
        FROM jsonb_to_recordset(draft -> 'lines') AS line (
            line_id uuid, supplier_order_id uuid, line_number smallint, sku_id uuid, quantity integer,
            unit_price_fen bigint, amount_fen bigint, discount_fen bigint, payable_fen bigint
        )
        -- LIMIT keeps this a look-up by key: the planner takes any recordset for 100 rows and would read all SKUs.
        CROSS JOIN LATERAL (SELECT * FROM sellable_skus WHERE sku_id = line.sku_id LIMIT 1) AS sku
    ), history AS (
        INSERT INTO order_changes (order_id, change, changed_by, changed_at)
        SELECT this_order, 'PLACED', buyer_id, this_instant FROM placed
    ), emptied AS (
        DELETE FROM cart_lines USING placed
        WHERE cart_lines.person_id = placed.buyer_id AND cart_lines.sku_id = ANY (skus)
    )
    INSERT INTO outbox (id, type, subject, time, correlationid, causationid, traceparent, data)
    SELECT id, type, subject, time, correlationid, causationid, traceparent, data
    FROM jsonb_to_record(draft -> 'event') AS event (
        id uuid, type text, subject text, time timestamptz,
        correlationid text, causationid text, traceparent text, data jsonb
    );
    PERFORM set_config('orders.is_placing', '', true);
    RETURN NULL;
END $$;

CREATE FUNCTION check_order_money() RETURNS trigger LANGUAGE plpgsql AS $$
-- Parts sum to their order and lines to their part, checked when the statement that wrote them ends.
DECLARE
    goods bigint;
    discount bigint;
    delivery bigint;
    is_every_part_right boolean;
BEGIN
    SELECT sum(part.goods_fen), sum(part.discount_fen), sum(part.delivery_fen),
           bool_and(part.goods_fen = line.amount_fen AND part.discount_fen = line.discount_fen)
    INTO goods, discount, delivery, is_every_part_right
    FROM supplier_orders AS part, LATERAL (
        SELECT coalesce(sum(amount_fen), 0) AS amount_fen, coalesce(sum(discount_fen), 0) AS discount_fen
        FROM order_lines WHERE order_lines.supplier_order_id = part.supplier_order_id
    ) AS line
    WHERE part.order_id = NEW.order_id;
    IF (goods, discount, delivery, is_every_part_right)
        IS DISTINCT FROM (NEW.goods_fen, NEW.discount_fen, NEW.delivery_fen, true)
    THEN
        RAISE EXCEPTION 'order %: its parts and lines do not sum to it', NEW.order_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER orders_sum_up AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION check_order_money();

CREATE FUNCTION refuse_addition() RETURNS trigger LANGUAGE plpgsql AS $$
-- An order is written whole by place_order, which names itself in this setting for as long as it writes.
BEGIN
    IF coalesce(current_setting('orders.is_placing', true), '') <> 'yes' THEN
        RAISE EXCEPTION 'nothing is added to an order that stands' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER supplier_orders_come_with_their_order BEFORE INSERT ON supplier_orders
FOR EACH STATEMENT EXECUTE FUNCTION refuse_addition();

CREATE TRIGGER order_lines_come_with_their_order BEFORE INSERT ON order_lines
FOR EACH STATEMENT EXECUTE FUNCTION refuse_addition();

CREATE TRIGGER orders_money_is_frozen
BEFORE UPDATE OF goods_fen, discount_fen, delivery_fen, payable_fen OR DELETE ON orders
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER supplier_orders_money_is_frozen
BEFORE UPDATE OF order_id, goods_fen, discount_fen, delivery_fen, payable_fen OR DELETE ON supplier_orders
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER order_lines_are_frozen BEFORE UPDATE OR DELETE ON order_lines
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER order_changes_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_changes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION lock_order(wanted uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Locks the order and returns its state as of now: the second statement sees what was committed while the first waited.
-- NULL if there is no such order. Whoever changes an order, its parts or its holds takes this lock first.
BEGIN
    PERFORM 1 FROM orders WHERE order_id = wanted FOR NO KEY UPDATE;
    RETURN (
        SELECT to_jsonb(placed) || jsonb_build_object('parts', (
            SELECT jsonb_agg(to_jsonb(part) || jsonb_build_object('lines', (
                SELECT jsonb_agg(to_jsonb(line) ORDER BY line.line_number)
                FROM order_lines AS line WHERE line.supplier_order_id = part.supplier_order_id
            )) ORDER BY part.part_number)
            FROM supplier_orders AS part WHERE part.order_id = placed.order_id
        ))
        FROM orders AS placed WHERE placed.order_id = wanted
    );
END $$;
