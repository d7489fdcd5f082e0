-- Budgets, caps and coupons move with their orders, whoever moves the order.

CREATE FUNCTION note_pricing_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pricing_revision SET revision = gen_random_uuid();
    RETURN NULL;
END $$;

CREATE TRIGGER promotions_change_prices AFTER INSERT OR UPDATE OR DELETE ON promotions
FOR EACH STATEMENT EXECUTE FUNCTION note_pricing_change();
CREATE TRIGGER delivery_tariffs_change_prices AFTER INSERT OR UPDATE OR DELETE ON delivery_tariffs
FOR EACH STATEMENT EXECUTE FUNCTION note_pricing_change();
CREATE TRIGGER delivery_promises_change_prices AFTER INSERT OR UPDATE OR DELETE ON delivery_promises
FOR EACH STATEMENT EXECUTE FUNCTION note_pricing_change();

CREATE TRIGGER promotion_entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON promotion_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION unit_price(
    price_fen bigint, tiers jsonb, buyer_group text, quantity integer, at timestamptz
) RETURNS bigint LANGUAGE sql STABLE AS $$
-- What one of so many pieces costs before any promotion: `orders.sku.rules.unit_price_fen`, for one statement's sake.
    SELECT least(price_fen, (
        SELECT min((tier ->> 'price_fen')::bigint) FROM jsonb_array_elements(tiers) AS tier
        WHERE tier ->> 'buyer_group' IN ('retail', unit_price.buyer_group)
          AND (tier ->> 'min_quantity')::integer <= quantity
          AND (tier ->> 'valid_from')::timestamptz <= at
          AND coalesce((tier ->> 'valid_until')::timestamptz > at, true)
    ))
$$;

CREATE FUNCTION pricing_board() RETURNS json LANGUAGE sql STABLE AS $$
-- All that prices are made of besides SKUs, with the revision under which it is so.
    SELECT json_build_object(
        'revision', (SELECT revision FROM pricing_revision),
        'promotions', (
            SELECT coalesce(json_agg(json_build_object(
                'promotion_id', promotion_id, 'revision', revision, 'kind', kind, 'name', name, 'name_en', name_en,
                'starts_at', starts_at, 'ends_at', ends_at, 'terms', terms, 'scope', scope, 'priority', priority,
                'exclusive_group', exclusive_group, 'person_cap', person_cap
            )), '[]') FROM promotions WHERE status = 'ACTIVE'
        ),
        'tariffs', (SELECT coalesce(json_agg(tariff ORDER BY tariff_id), '[]') FROM delivery_tariffs AS tariff),
        'promises', (SELECT coalesce(json_agg(promise), '[]') FROM delivery_promises AS promise)
    )
$$;

CREATE FUNCTION pricing_standing(person uuid, chosen uuid[]) RETURNS text LANGUAGE sql STABLE AS $$
-- What only the moment tells: budgets left, how often the person took part, and which of the chosen coupons are theirs.
    SELECT json_build_object(
        'balances', (
            SELECT json_object_agg(promotion_id, balance_fen)
            FROM promotions JOIN promotion_balances USING (promotion_id) WHERE status = 'ACTIVE'
        ),
        'takings', (
            SELECT json_object_agg(promotion_id, taken_count)
            FROM promotions JOIN promotion_takings USING (promotion_id)
            WHERE status = 'ACTIVE' AND person_id = person AND taken_count > 0
        ),
        'coupons', (
            SELECT json_agg(json_build_object(
                'coupon_id', coupon_id, 'promotion_id', promotion_id, 'expires_at', expires_at
            )) FROM coupons WHERE coupon_id = ANY (chosen) AND holder_id = person AND status = 'CLAIMED'
        )
    )::text
    WHERE EXISTS (SELECT FROM promotions WHERE status = 'ACTIVE')
$$;

CREATE FUNCTION promotion_refusal(uses jsonb, person uuid, at timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Locks what the order wants of promotions (which come sorted) and returns NULL if it may have it all, else the first
-- refusal {promotion_id, coupon_id, reason}: promotion-changed, budget-spent, cap-reached, coupon-gone. Writes only
-- the person's empty taking, which says nothing.
DECLARE
    item record;
    counted integer;
BEGIN
    FOR item IN
        SELECT * FROM jsonb_to_recordset(uses) AS wanted (
            promotion_id uuid, revision bigint, discount_fen bigint, coupon_id uuid, person_cap integer
        )
    LOOP
        PERFORM 1 FROM promotions
        WHERE promotion_id = item.promotion_id AND revision = item.revision AND status = 'ACTIVE';
        IF NOT FOUND THEN
            RETURN jsonb_build_object('promotion_id', item.promotion_id, 'reason', 'promotion-changed');
        END IF;
        PERFORM 1 FROM promotion_balances
        WHERE promotion_id = item.promotion_id FOR NO KEY UPDATE;
        PERFORM 1 FROM promotion_balances
        WHERE promotion_id = item.promotion_id AND balance_fen < item.discount_fen;
        IF FOUND THEN
            RETURN jsonb_build_object('promotion_id', item.promotion_id, 'reason', 'budget-spent');
        END IF;
        IF item.person_cap IS NOT NULL THEN
            INSERT INTO promotion_takings (promotion_id, person_id, taken_count, cap_count)
            VALUES (item.promotion_id, person, 0, item.person_cap)
            ON CONFLICT (promotion_id, person_id) DO UPDATE
                SET cap_count = greatest(excluded.cap_count, promotion_takings.taken_count)
            RETURNING taken_count INTO counted;
            IF counted >= item.person_cap THEN
                RETURN jsonb_build_object('promotion_id', item.promotion_id, 'reason', 'cap-reached');
            END IF;
        END IF;
        IF item.coupon_id IS NOT NULL THEN
            PERFORM 1 FROM coupons
            WHERE coupon_id = item.coupon_id AND promotion_id = item.promotion_id AND holder_id = person
              AND status = 'CLAIMED' AND expires_at > at
            FOR NO KEY UPDATE;
            IF NOT FOUND THEN
                RETURN jsonb_build_object(
                    'promotion_id', item.promotion_id, 'coupon_id', item.coupon_id, 'reason', 'coupon-gone'
                );
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION write_promotion_uses(uses jsonb, for_order uuid, person uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
-- Holds what `promotion_refusal` found to be there.
BEGIN
    INSERT INTO promotion_uses (
        order_id, promotion_id, person_id, kind, name, name_en, bearer, supplier_id, coupon_id, discount_fen, status
    )
    SELECT for_order, promotion_id, person, kind, name, name_en, bearer, supplier_id, coupon_id, discount_fen, 'HELD'
    FROM jsonb_to_recordset(uses) AS wanted (promotion_id uuid, discount_fen bigint, coupon_id uuid)
    JOIN promotions USING (promotion_id);

    WITH held AS (
        UPDATE promotion_balances AS balance
        SET balance_fen = balance_fen - wanted.discount_fen, held_fen = held_fen + wanted.discount_fen
        FROM jsonb_to_recordset(uses) AS wanted (promotion_id uuid, discount_fen bigint)
        WHERE balance.promotion_id = wanted.promotion_id AND wanted.discount_fen > 0
        RETURNING balance.promotion_id, wanted.discount_fen
    )
    INSERT INTO promotion_entries (promotion_id, kind, fen, order_id, recorded_at)
    SELECT promotion_id, 'held', discount_fen, for_order, at FROM held;

    UPDATE promotion_takings AS taking SET taken_count = taken_count + 1
    FROM jsonb_to_recordset(uses) AS wanted (promotion_id uuid, person_cap integer)
    WHERE taking.promotion_id = wanted.promotion_id AND taking.person_id = person AND wanted.person_cap IS NOT NULL;

    UPDATE coupons SET status = 'HELD', order_id = for_order, used_at = at
    FROM jsonb_to_recordset(uses) AS wanted (coupon_id uuid)
    WHERE coupons.coupon_id = wanted.coupon_id;
END $$;

CREATE FUNCTION move_promotion_uses() RETURNS trigger LANGUAGE plpgsql AS $$
-- A paid order keeps what it held of promotions; a cancelled one gives it back, budget, turn and coupon, paid or not.
-- Budgets are locked in the order of their promotions, as placing does.
DECLARE
    moved integer;
BEGIN
    PERFORM 1 FROM after_rows JOIN before_rows USING (order_id) JOIN promotion_uses USING (order_id)
    WHERE after_rows.status <> before_rows.status AND after_rows.status IN ('PAID', 'CANCELLED') LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    PERFORM 1 FROM promotion_balances WHERE promotion_id IN (
        SELECT promotion_id FROM after_rows JOIN promotion_uses USING (order_id)
        WHERE after_rows.status IN ('PAID', 'CANCELLED')
    ) ORDER BY promotion_id FOR NO KEY UPDATE;
    PERFORM 1 FROM promotion_takings WHERE (promotion_id, person_id) IN (
        SELECT used.promotion_id, used.person_id FROM after_rows JOIN promotion_uses AS used USING (order_id)
        WHERE after_rows.status = 'CANCELLED'
    ) ORDER BY promotion_id, person_id FOR NO KEY UPDATE;

    WITH ended AS (
        UPDATE promotion_uses AS used
        SET status = CASE after_rows.status WHEN 'PAID' THEN 'KEPT' ELSE 'RETURNED' END
        FROM after_rows
        WHERE used.order_id = after_rows.order_id
          AND ((after_rows.status = 'PAID' AND used.status = 'HELD')
               OR (after_rows.status = 'CANCELLED' AND used.status IN ('HELD', 'KEPT')))
        RETURNING WITH (OLD AS earlier, NEW AS later)
                  used.order_id, used.promotion_id, used.person_id, used.coupon_id, used.discount_fen,
                  earlier.status AS was, later.status AS became, coalesce(after_rows.cancelled_at, after_rows.paid_at) AS at
    ), sums AS (
        SELECT promotion_id,
               coalesce(sum(discount_fen) FILTER (WHERE became = 'KEPT'), 0) AS kept,
               coalesce(sum(discount_fen) FILTER (WHERE became = 'RETURNED' AND was = 'HELD'), 0) AS unheld,
               coalesce(sum(discount_fen) FILTER (WHERE became = 'RETURNED' AND was = 'KEPT'), 0) AS unkept
        FROM ended GROUP BY promotion_id
    ), balanced AS (
        UPDATE promotion_balances AS balance
        SET balance_fen = balance_fen + unheld + unkept, held_fen = held_fen - kept - unheld,
            kept_fen = kept_fen + kept - unkept
        FROM sums WHERE sums.promotion_id = balance.promotion_id
        RETURNING balance.promotion_id
    ), entered AS (
        INSERT INTO promotion_entries (promotion_id, kind, fen, order_id, recorded_at)
        SELECT promotion_id, CASE became WHEN 'KEPT' THEN 'kept' ELSE 'returned' END, discount_fen, order_id, at
        FROM ended JOIN balanced USING (promotion_id) WHERE discount_fen > 0
    ), turns AS (
        UPDATE promotion_takings AS taking SET taken_count = taken_count - given_back.count
        FROM (
            SELECT promotion_id, person_id, count(*) AS count FROM ended WHERE became = 'RETURNED' GROUP BY 1, 2
        ) AS given_back
        WHERE taking.promotion_id = given_back.promotion_id AND taking.person_id = given_back.person_id
    )
    UPDATE coupons
    SET status = CASE became WHEN 'KEPT' THEN 'USED' ELSE 'CLAIMED' END,
        order_id = CASE became WHEN 'KEPT' THEN coupons.order_id END,
        used_at = CASE became WHEN 'KEPT' THEN coupons.used_at END
    FROM ended WHERE coupons.coupon_id = ended.coupon_id;
    RETURN NULL;
END $$;

CREATE TRIGGER orders_move_promotion_uses AFTER UPDATE ON orders
REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
FOR EACH STATEMENT EXECUTE FUNCTION move_promotion_uses();

CREATE FUNCTION promotions_left_for(again uuid) RETURNS boolean LANGUAGE plpgsql AS $$
-- Whether all that a cancelled order gave back of promotions is still there for it; locked until the transaction ends.
BEGIN
    PERFORM 1 FROM promotion_balances WHERE promotion_id IN (
        SELECT promotion_id FROM promotion_uses WHERE order_id = again
    ) ORDER BY promotion_id FOR NO KEY UPDATE;
    PERFORM 1 FROM promotion_takings WHERE (promotion_id, person_id) IN (
        SELECT promotion_id, person_id FROM promotion_uses WHERE order_id = again
    ) ORDER BY promotion_id, person_id FOR NO KEY UPDATE;
    PERFORM 1 FROM coupons WHERE coupon_id IN (
        SELECT coupon_id FROM promotion_uses WHERE order_id = again
    ) ORDER BY coupon_id FOR NO KEY UPDATE;
    RETURN NOT EXISTS (
        SELECT FROM promotion_uses AS used
        LEFT JOIN promotion_balances AS balance USING (promotion_id)
        LEFT JOIN promotion_takings AS taking USING (promotion_id, person_id)
        LEFT JOIN coupons USING (coupon_id)
        WHERE used.order_id = again AND used.status = 'RETURNED'
          AND (balance.balance_fen < used.discount_fen OR taking.taken_count >= taking.cap_count
               OR coupons.status <> 'CLAIMED')
    );
END $$;

CREATE FUNCTION hold_promotions_again(again uuid, at timestamptz) RETURNS void LANGUAGE sql AS $$
-- For an order that is taken up again: holds what `promotions_left_for` found to be there.
    WITH used AS (
        UPDATE promotion_uses SET status = 'HELD' WHERE order_id = again AND status = 'RETURNED' RETURNING *
    ), held AS (
        UPDATE promotion_balances AS balance
        SET balance_fen = balance_fen - used.discount_fen, held_fen = held_fen + used.discount_fen
        FROM used WHERE balance.promotion_id = used.promotion_id AND used.discount_fen > 0
        RETURNING balance.promotion_id, used.discount_fen
    ), entered AS (
        INSERT INTO promotion_entries (promotion_id, kind, fen, order_id, recorded_at)
        SELECT promotion_id, 'held', discount_fen, again, at FROM held
    ), turns AS (
        UPDATE promotion_takings AS taking SET taken_count = taken_count + 1
        FROM used WHERE taking.promotion_id = used.promotion_id AND taking.person_id = used.person_id
    )
    UPDATE coupons SET status = 'HELD', order_id = again, used_at = at
    FROM used WHERE coupons.coupon_id = used.coupon_id
$$;
