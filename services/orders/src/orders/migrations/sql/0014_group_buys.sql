-- Group buys. Lock order: an order's row, then its group's, then levels. Placing locks the group, then the level; whoever
-- ends orders has locked them first. Counters follow the joins, and joins follow their orders, by triggers.

CREATE TABLE group_buys (
    group_buy_id uuid CONSTRAINT pk_group_buys PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    supplier_id uuid NOT NULL,
    sku_id uuid NOT NULL,
    title text NOT NULL,
    title_en text NOT NULL DEFAULT '',
    price_fen bigint NOT NULL,
    min_count integer NOT NULL,
    max_count integer,
    person_cap integer,
    closes_at timestamptz NOT NULL,
    taken_count integer NOT NULL DEFAULT 0,
    paid_count integer NOT NULL DEFAULT 0,
    reached_count integer,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    opened_at timestamptz,
    formed_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT ck_group_buys_status_is_known CHECK (status IN ('DRAFT', 'OPEN', 'FORMED', 'FAILED', 'CANCELLED')),
    CONSTRAINT ck_group_buys_price_is_positive CHECK (price_fen > 0),
    CONSTRAINT ck_group_buys_minimum_is_positive CHECK (min_count > 0),
    CONSTRAINT ck_group_buys_maximum_reaches_minimum CHECK (max_count >= min_count),
    CONSTRAINT ck_group_buys_cap_is_positive CHECK (person_cap > 0),
    CONSTRAINT ck_group_buys_paid_fits_taken CHECK (paid_count BETWEEN 0 AND taken_count),
    CONSTRAINT ck_group_buys_taken_fits_maximum CHECK (taken_count <= max_count),
    CONSTRAINT ck_group_buys_formed_has_instant CHECK ((status = 'FORMED') = (formed_at IS NOT NULL)),
    CONSTRAINT ck_group_buys_ended_has_instant CHECK ((status IN ('FAILED', 'CANCELLED')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX ix_group_buys_closes_at_open ON group_buys (closes_at) WHERE status = 'OPEN';
CREATE INDEX ix_group_buys_supplier_id ON group_buys (supplier_id, group_buy_id);
CREATE INDEX ix_group_buys_status_closes_at ON group_buys (status, closes_at, group_buy_id);

CREATE TABLE group_buy_joins (
    order_id uuid CONSTRAINT pk_group_buy_joins PRIMARY KEY
        CONSTRAINT fk_group_buy_joins_order_id_orders REFERENCES orders,
    group_buy_id uuid NOT NULL CONSTRAINT fk_group_buy_joins_group_buy_id_group_buys REFERENCES group_buys,
    person_id uuid NOT NULL,
    quantity integer NOT NULL,
    set_aside_count integer NOT NULL,
    status text NOT NULL,
    is_announced boolean NOT NULL DEFAULT false,
    joined_at timestamptz NOT NULL,
    CONSTRAINT ck_group_buy_joins_quantity_is_positive CHECK (quantity > 0),
    CONSTRAINT ck_group_buy_joins_set_aside_fits CHECK (set_aside_count BETWEEN 0 AND quantity),
    CONSTRAINT ck_group_buy_joins_status_is_known CHECK (status IN ('PLACED', 'PAID', 'LEFT'))
) WITH (fillfactor = 80);
CREATE INDEX ix_group_buy_joins_group_buy_id ON group_buy_joins (group_buy_id, order_id);
CREATE INDEX ix_group_buy_joins_person_id ON group_buy_joins (person_id, order_id);
CREATE INDEX ix_group_buy_joins_waiting ON group_buy_joins (group_buy_id) WHERE status <> 'LEFT' AND NOT is_announced;

ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_subject_is_known;
ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_subject_is_known
    CHECK (subject_kind IN ('claim', 'return', 'review', 'promotion', 'group-buy', 'love-purchase'));
ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_actor_is_known;
ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_actor_is_known
    CHECK (actor IN ('buyer', 'supplier', 'official', 'operator', 'clock', 'rule'));
ALTER TABLE supplier_orders DROP CONSTRAINT ck_supplier_orders_fulfilment_is_known;
ALTER TABLE supplier_orders ADD CONSTRAINT ck_supplier_orders_fulfilment_is_known CHECK (
    fulfilment IN ('PENDING_PAYMENT', 'AWAITING_GROUP', 'PENDING_SHIPMENT', 'PARTLY_SHIPPED', 'SHIPPED', 'DELIVERED',
                   'CANCELLED')
);
ALTER TABLE order_changes DROP CONSTRAINT ck_order_changes_change_is_known;
ALTER TABLE order_changes ADD CONSTRAINT ck_order_changes_change_is_known CHECK (
    change IN ('PLACED', 'PAID', 'CANCELLED', 'PARTLY_SHIPPED', 'SHIPPED', 'GIVEN_UP', 'DELIVERED', 'COMPLETED',
               'SHIPPED_AFTER_CANCEL', 'GROUP_FORMED')
);
DROP TRIGGER supplier_orders_are_allocated ON supplier_orders;
CREATE TRIGGER supplier_orders_are_allocated AFTER UPDATE OF fulfilment ON supplier_orders FOR EACH ROW
WHEN (OLD.fulfilment IN ('PENDING_PAYMENT', 'AWAITING_GROUP') AND NEW.fulfilment = 'PENDING_SHIPMENT')
EXECUTE FUNCTION allocate_part();

CREATE FUNCTION count_group_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
-- What is joined and paid, so that the CHECK on the maximum judges every path.
DECLARE
    was text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.status ELSE 'LEFT' END;
BEGIN
    UPDATE group_buys
    SET taken_count = taken_count + NEW.quantity * ((NEW.status <> 'LEFT')::integer - (was <> 'LEFT')::integer),
        paid_count = paid_count + NEW.quantity * ((NEW.status = 'PAID')::integer - (was = 'PAID')::integer)
    WHERE group_buy_id = NEW.group_buy_id;
    RETURN NULL;
END $$;

CREATE TRIGGER count_group_pieces AFTER INSERT OR UPDATE OF status ON group_buy_joins
FOR EACH ROW EXECUTE FUNCTION count_group_pieces();

CREATE FUNCTION move_group_join() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE group_buy_joins SET status = CASE NEW.status WHEN 'PAID' THEN 'PAID' ELSE 'LEFT' END
    WHERE order_id = NEW.order_id;
    RETURN NULL;
END $$;

CREATE TRIGGER orders_move_group_joins AFTER UPDATE OF status ON orders FOR EACH ROW
WHEN (NEW.mode = 'GROUP_BUY' AND NEW.status <> OLD.status AND NEW.status IN ('PAID', 'CANCELLED'))
EXECUTE FUNCTION move_group_join();

CREATE FUNCTION group_refusal(
    of_group uuid, person uuid, skus uuid[], quantities integer[], at timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Locks the group and the level of its SKU; NULL if the person may have so many pieces, else {code, left}:
-- group-closed, group-full, group-cap, or stock-short. Writes nothing.
DECLARE
    wanted_group group_buys;
    pieces integer := quantities[1];
    mine integer;
    free integer;
BEGIN
    SELECT * INTO wanted_group FROM group_buys WHERE group_buy_id = of_group FOR NO KEY UPDATE;
    IF NOT FOUND OR wanted_group.status NOT IN ('OPEN', 'FORMED') OR at >= wanted_group.closes_at
       OR skus <> ARRAY[wanted_group.sku_id] THEN
        RETURN jsonb_build_object('code', 'group-closed');
    END IF;
    IF wanted_group.taken_count + pieces > wanted_group.max_count THEN
        RETURN jsonb_build_object('code', 'group-full', 'left', wanted_group.max_count - wanted_group.taken_count);
    END IF;
    IF wanted_group.person_cap IS NOT NULL THEN
        SELECT coalesce(sum(quantity), 0) INTO mine FROM group_buy_joins
        WHERE group_buy_id = of_group AND person_id = person AND status <> 'LEFT';
        IF mine + pieces > wanted_group.person_cap THEN
            RETURN jsonb_build_object('code', 'group-cap', 'left', greatest(wanted_group.person_cap - mine, 0));
        END IF;
    END IF;
    SELECT available INTO free FROM stock_levels WHERE sku_id = skus[1] FOR NO KEY UPDATE;
    free := coalesce(free, 0) + coalesce(
        (SELECT open_count FROM stock_holds WHERE holder_id = of_group AND sku_id = skus[1]), 0
    );
    IF pieces > free THEN
        RETURN jsonb_build_object('code', 'stock-short', 'left', free);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION hold_for_join(
    for_order uuid, of_group uuid, skus uuid[], quantities integer[], until timestamptz, at timestamptz
) RETURNS integer LANGUAGE plpgsql AS $$
-- Holds the pieces for an order, first those that its group has set aside; gives how many those were. `group_refusal`
-- was NULL in this transaction. The level moves once, by what is new.
DECLARE
    aside integer := 0;
BEGIN
    SELECT least(open_count, quantities[1]) INTO aside
    FROM stock_holds WHERE holder_id = of_group AND sku_id = skus[1] AND open_count > 0;
    aside := coalesce(aside, 0);
    UPDATE stock_levels SET held = held + quantities[1] - aside WHERE sku_id = skus[1];
    IF aside > 0 THEN
        UPDATE stock_holds
        SET open_count = open_count - aside, ended_at = CASE WHEN open_count = aside THEN at END
        WHERE holder_id = of_group AND sku_id = skus[1];
        INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
        VALUES (skus[1], 'released', aside, of_group, at);
    END IF;
    INSERT INTO stock_holds (holder_id, sku_id, purpose, quantity, open_count, held_at, expires_at)
    VALUES (for_order, skus[1], 'order', quantities[1], quantities[1], at, until);
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    VALUES (skus[1], 'held', quantities[1], for_order, at);
    RETURN aside;
END $$;

CREATE FUNCTION return_to_groups(ended uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- Pieces of cancelled orders that their groups had set aside are set aside again, while the group's hold lasts. The
-- caller has released these orders in this transaction, so their levels are locked.
DECLARE
    item record;
    taken integer;
BEGIN
    FOR item IN
        SELECT joined.group_buy_id, offered.sku_id, sum(joined.set_aside_count)::integer AS quantity
        FROM group_buy_joins AS joined
        JOIN group_buys AS offered USING (group_buy_id)
        JOIN stock_terms AS term ON term.holder_id = joined.group_buy_id
        WHERE joined.order_id = ANY (ended) AND term.status = 'OPEN'
        GROUP BY 1, 2 HAVING sum(joined.set_aside_count) > 0 ORDER BY 2, 1
    LOOP
        SELECT least(item.quantity, available) INTO taken FROM stock_levels WHERE sku_id = item.sku_id FOR NO KEY UPDATE;
        CONTINUE WHEN coalesce(taken, 0) = 0;
        UPDATE stock_levels SET held = held + taken WHERE sku_id = item.sku_id;
        UPDATE stock_holds SET open_count = open_count + taken, ended_at = NULL
        WHERE holder_id = item.group_buy_id AND sku_id = item.sku_id;
        INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
        VALUES (item.sku_id, 'held', taken, item.group_buy_id, at);
    END LOOP;
END $$;

CREATE FUNCTION group_standing(of_order uuid, at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
-- What money that the provider took at this instant meets; the group is locked: `closed` (it goes back), `open` (the
-- order waits for the group) or `formed`.
DECLARE
    found record;
BEGIN
    SELECT offered.status, offered.closes_at INTO found
    FROM group_buy_joins AS joined JOIN group_buys AS offered USING (group_buy_id)
    WHERE joined.order_id = of_order FOR NO KEY UPDATE OF offered;
    RETURN CASE WHEN found.status IN ('OPEN', 'FORMED') AND at < found.closes_at THEN lower(found.status) ELSE 'closed' END;
END $$;

CREATE FUNCTION form_group(of_order uuid, at timestamptz) RETURNS void LANGUAGE sql AS $$
-- With this order's payment: the group is formed once its paid pieces reach the minimum.
    WITH formed AS (
        UPDATE group_buys SET status = 'FORMED', formed_at = at, revision = revision + 1, changed_at = at
        WHERE group_buy_id = (SELECT group_buy_id FROM group_buy_joins WHERE order_id = of_order)
          AND status = 'OPEN' AND paid_count >= min_count
        RETURNING group_buy_id
    )
    INSERT INTO trail_entries (subject_kind, subject_id, verb, from_status, to_status, reason, actor, done_at)
    SELECT 'group-buy', group_buy_id, 'form', 'OPEN', 'FORMED', '', 'rule', at FROM formed
$$;
