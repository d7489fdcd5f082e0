-- Love-card points (爱心卡): what people have, what each entry moved, and what orders paid with them.

CREATE TABLE point_accounts (
    person_id UUID NOT NULL,
    balance BIGINT DEFAULT 0 NOT NULL,
    owed BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_point_accounts PRIMARY KEY (person_id),
    CONSTRAINT ck_point_accounts_never_below_zero CHECK (balance >= 0 AND owed >= 0)
)
 WITH (fillfactor = 80);

CREATE TABLE point_lots (
    lot_id UUID NOT NULL,
    person_id UUID NOT NULL,
    order_id UUID NOT NULL,
    points BIGINT NOT NULL,
    left_points BIGINT DEFAULT 0 NOT NULL,
    grace_days INTEGER NOT NULL,
    earned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reminded_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_point_lots PRIMARY KEY (lot_id),
    CONSTRAINT uq_point_lots_order_id UNIQUE (order_id),
    CONSTRAINT ck_point_lots_within_what_was_earned CHECK (left_points BETWEEN 0 AND points),
    CONSTRAINT fk_point_lots_person_id_point_accounts FOREIGN KEY(person_id) REFERENCES point_accounts (person_id),
    CONSTRAINT fk_point_lots_order_id_orders FOREIGN KEY(order_id) REFERENCES orders (order_id)
)
 WITH (fillfactor = 80);

CREATE INDEX ix_point_lots_person_id_expires_at ON point_lots (person_id, expires_at) WHERE left_points > 0;
CREATE INDEX ix_point_lots_expires_at ON point_lots (expires_at) WHERE left_points > 0;

CREATE TABLE point_entries (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    from_book TEXT NOT NULL,
    to_book TEXT NOT NULL,
    points BIGINT NOT NULL,
    lot_id UUID,
    order_id UUID,
    line_id UUID,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_point_entries PRIMARY KEY (entry_id),
    CONSTRAINT ck_point_entries_points_are_positive CHECK (points > 0),
    CONSTRAINT ck_point_entries_books_are_of_the_kind CHECK (
        (kind, from_book, to_book) IN (
            ('earned', 'issued', 'points'), ('spent', 'points', 'redeemed'), ('given-back', 'redeemed', 'points'),
            ('expired', 'points', 'expired'), ('clawed-back', 'points', 'issued'), ('owed', 'debt', 'issued'),
            ('settled', 'points', 'debt')
        )
    ),
    CONSTRAINT ck_point_entries_points_have_a_lot CHECK ((kind = 'owed') = (lot_id IS NULL)),
    CONSTRAINT ck_point_entries_order_or_expired CHECK ((kind = 'expired') = (order_id IS NULL)),
    CONSTRAINT fk_point_entries_person_id_point_accounts FOREIGN KEY(person_id) REFERENCES point_accounts (person_id),
    CONSTRAINT fk_point_entries_lot_id_point_lots FOREIGN KEY(lot_id) REFERENCES point_lots (lot_id)
);

CREATE INDEX ix_point_entries_person_id_entry_id ON point_entries (person_id, entry_id);
CREATE INDEX ix_point_entries_order_id ON point_entries (order_id);

CREATE TABLE point_lines (
    line_id UUID NOT NULL,
    order_id UUID NOT NULL,
    person_id UUID NOT NULL,
    spent BIGINT DEFAULT 0 NOT NULL,
    returned BIGINT DEFAULT 0 NOT NULL,
    earned BIGINT DEFAULT 0 NOT NULL,
    basis_fen BIGINT DEFAULT 0 NOT NULL,
    clawed BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_point_lines PRIMARY KEY (line_id),
    CONSTRAINT ck_point_lines_returned_was_spent CHECK (returned BETWEEN 0 AND spent),
    CONSTRAINT ck_point_lines_clawed_was_earned CHECK (clawed BETWEEN 0 AND earned),
    CONSTRAINT ck_point_lines_basis_is_not_negative CHECK (basis_fen >= 0),
    CONSTRAINT fk_point_lines_line_id_order_lines FOREIGN KEY(line_id) REFERENCES order_lines (line_id)
);

CREATE INDEX ix_point_lines_order_id ON point_lines (order_id);

-- What points pay of an order, beside what money pays.

ALTER TABLE orders ADD COLUMN points_fen BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE orders DROP CONSTRAINT ck_orders_payable_adds_up;
ALTER TABLE orders ADD CONSTRAINT ck_orders_payable_adds_up
    CHECK (payable_fen = goods_fen - discount_fen - points_fen + delivery_fen);
ALTER TABLE orders ADD CONSTRAINT ck_orders_points_fit_goods CHECK (points_fen BETWEEN 0 AND goods_fen - discount_fen);

ALTER TABLE supplier_orders ADD COLUMN points_fen BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE supplier_orders DROP CONSTRAINT ck_supplier_orders_payable_adds_up;
ALTER TABLE supplier_orders ADD CONSTRAINT ck_supplier_orders_payable_adds_up
    CHECK (payable_fen = goods_fen - discount_fen - points_fen + delivery_fen);
ALTER TABLE supplier_orders ADD CONSTRAINT ck_supplier_orders_points_fit_goods
    CHECK (points_fen BETWEEN 0 AND goods_fen - discount_fen);

ALTER TABLE order_lines ADD COLUMN points_fen BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE order_lines DROP CONSTRAINT ck_order_lines_payable_adds_up;
ALTER TABLE order_lines ADD CONSTRAINT ck_order_lines_payable_adds_up
    CHECK (payable_fen = amount_fen - discount_fen - points_fen);
ALTER TABLE order_lines ADD CONSTRAINT ck_order_lines_points_fit_amount
    CHECK (points_fen BETWEEN 0 AND amount_fen - discount_fen);

CREATE OR REPLACE FUNCTION check_order_money() RETURNS trigger LANGUAGE plpgsql AS $$
-- Parts sum to their order and lines to their part, checked when the statement that wrote them ends.
DECLARE
    goods bigint;
    discount bigint;
    points bigint;
    delivery bigint;
    is_every_part_right boolean;
BEGIN
    SELECT sum(part.goods_fen), sum(part.discount_fen), sum(part.points_fen), sum(part.delivery_fen),
           bool_and(part.goods_fen = line.amount_fen AND part.discount_fen = line.discount_fen
                    AND part.points_fen = line.points_fen)
    INTO goods, discount, points, delivery, is_every_part_right
    FROM supplier_orders AS part, LATERAL (
        SELECT coalesce(sum(amount_fen), 0) AS amount_fen, coalesce(sum(discount_fen), 0) AS discount_fen,
               coalesce(sum(order_lines.points_fen), 0) AS points_fen
        FROM order_lines WHERE order_lines.supplier_order_id = part.supplier_order_id
    ) AS line
    WHERE part.order_id = NEW.order_id;
    IF (goods, discount, points, delivery, is_every_part_right)
        IS DISTINCT FROM (NEW.goods_fen, NEW.discount_fen, NEW.points_fen, NEW.delivery_fen, true)
    THEN
        RAISE EXCEPTION 'order %: its parts and lines do not sum to it', NEW.order_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER orders_money_is_frozen ON orders;
CREATE TRIGGER orders_money_is_frozen
BEFORE UPDATE OF goods_fen, discount_fen, points_fen, delivery_fen, payable_fen OR DELETE ON orders
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DROP TRIGGER supplier_orders_money_is_frozen ON supplier_orders;
CREATE TRIGGER supplier_orders_money_is_frozen
BEFORE UPDATE OF order_id, goods_fen, discount_fen, points_fen, delivery_fen, payable_fen OR DELETE ON supplier_orders
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The ledger: entries are never changed, and they alone move what is left of lots and balances.

CREATE TRIGGER point_entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON point_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION move_points() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE point_lots AS lot SET left_points = left_points + moved.points
    FROM (
        SELECT lot_id, sum(CASE 'points' WHEN to_book THEN points ELSE -points END)::bigint AS points
        FROM fresh WHERE lot_id IS NOT NULL GROUP BY lot_id
    ) AS moved
    WHERE lot.lot_id = moved.lot_id;
    UPDATE point_accounts AS account SET balance = account.balance + moved.points, owed = account.owed + moved.owed
    FROM (
        SELECT person_id,
               sum(CASE 'points' WHEN to_book THEN points WHEN from_book THEN -points ELSE 0 END)::bigint AS points,
               sum(CASE 'debt' WHEN from_book THEN points WHEN to_book THEN -points ELSE 0 END)::bigint AS owed
        FROM fresh GROUP BY person_id
    ) AS moved
    WHERE account.person_id = moved.person_id;
    RETURN NULL;
END $$;

CREATE TRIGGER point_entries_move_points AFTER INSERT ON point_entries REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION move_points();

CREATE FUNCTION lock_points(person uuid, at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
-- Locks the person's account until the transaction ends, writes off what has expired, and returns what may be spent.
-- Whoever moves points of a person takes this lock first: after the order and its promotions, before any stock.
DECLARE
    spendable bigint;
BEGIN
    PERFORM 1 FROM point_accounts WHERE person_id = person FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    INSERT INTO point_entries (person_id, kind, from_book, to_book, points, lot_id, recorded_at)
    SELECT person, 'expired', 'points', 'expired', left_points, lot_id, at
    FROM point_lots WHERE person_id = person AND left_points > 0 AND expires_at <= at;
    SELECT balance INTO spendable FROM point_accounts WHERE person_id = person;
    RETURN spendable;
END $$;

CREATE FUNCTION take_points(
    person uuid, wanted bigint, as_kind text, into_book text, for_order uuid, for_line uuid, at timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
-- Takes up to `wanted` points out of the person's lots, the one that expires first before the others; only what is
-- taken back comes first of all from the lot that the order earned. Returns how many. The account is locked.
DECLARE
    taken bigint;
BEGIN
    WITH waiting AS (
        SELECT lot_id, left_points, sum(left_points) OVER (
            ORDER BY (as_kind <> 'spent' AND order_id = for_order) DESC, expires_at, lot_id
        ) - left_points AS before
        FROM point_lots WHERE person_id = person AND left_points > 0
    ), entered AS (
        INSERT INTO point_entries (person_id, kind, from_book, to_book, points, lot_id, order_id, line_id, recorded_at)
        SELECT person, as_kind, 'points', into_book, least(left_points, wanted - before), lot_id, for_order, for_line, at
        FROM waiting WHERE before < wanted
        RETURNING points
    )
    SELECT coalesce(sum(points), 0) INTO taken FROM entered;
    RETURN taken;
END $$;

CREATE FUNCTION give_points_back(person uuid, wanted bigint, of_order uuid, of_line uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
-- Points that an order took return to the lots they came from, to the one that expires last before the others. A lot
-- whose time is over gets its days of grace. The account is locked.
DECLARE
    given bigint;
BEGIN
    WITH waiting AS (
        SELECT lot_id, outside, sum(outside) OVER (ORDER BY expires_at DESC, lot_id) - outside AS before
        FROM (
            SELECT lot_id, sum(CASE kind WHEN 'spent' THEN points ELSE -points END)::bigint AS outside
            FROM point_entries WHERE order_id = of_order AND kind IN ('spent', 'given-back') GROUP BY lot_id
        ) AS taken JOIN point_lots USING (lot_id)
        WHERE outside > 0
    ), lasting AS (
        UPDATE point_lots AS lot SET expires_at = at + make_interval(days => grace_days), reminded_at = NULL
        FROM waiting WHERE lot.lot_id = waiting.lot_id AND before < wanted AND lot.expires_at <= at
    ), entered AS (
        INSERT INTO point_entries (person_id, kind, from_book, to_book, points, lot_id, order_id, line_id, recorded_at)
        SELECT person, 'given-back', 'redeemed', 'points', least(outside, wanted - before), lot_id, of_order, of_line, at
        FROM waiting WHERE before < wanted
        RETURNING points
    )
    SELECT coalesce(sum(points), 0) INTO given FROM entered;
    IF given <> wanted THEN
        RAISE EXCEPTION 'order % did not spend % points more', of_order, wanted - given USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- What orders do with points.

CREATE FUNCTION spend_points(person uuid, for_order uuid, lines jsonb, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- A new order takes what its lines say; `lock_points` was asked before whether that is there.
DECLARE
    wanted bigint;
BEGIN
    WITH paid AS (
        INSERT INTO point_lines (line_id, order_id, person_id, spent)
        SELECT line_id, for_order, person, points
        FROM jsonb_to_recordset(lines) AS line (line_id uuid, points bigint) WHERE points > 0
        RETURNING spent
    )
    SELECT coalesce(sum(spent), 0) INTO wanted FROM paid;
    IF take_points(person, wanted, 'spent', 'redeemed', for_order, NULL, at) <> wanted THEN
        RAISE EXCEPTION 'person % has fewer than % points', person, wanted USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION return_points() RETURNS trigger LANGUAGE plpgsql AS $$
-- A cancelled order gives back what it still has of the points that paid for it, whoever cancels it. Accounts are
-- locked in the order of their persons.
DECLARE
    ended record;
BEGIN
    FOR ended IN
        SELECT after_rows.order_id, after_rows.buyer_id, after_rows.cancelled_at
        FROM after_rows JOIN before_rows USING (order_id)
        WHERE after_rows.status = 'CANCELLED' AND before_rows.status <> 'CANCELLED' AND after_rows.points_fen > 0
        ORDER BY after_rows.buyer_id, after_rows.order_id
    LOOP
        PERFORM lock_points(ended.buyer_id, ended.cancelled_at);
        PERFORM give_points_back(ended.buyer_id, (
            SELECT coalesce(sum(spent - returned), 0)::bigint FROM point_lines WHERE order_id = ended.order_id
        ), ended.order_id, NULL, ended.cancelled_at);
        UPDATE point_lines SET returned = spent WHERE order_id = ended.order_id AND returned < spent;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER orders_return_points AFTER UPDATE ON orders
REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
FOR EACH STATEMENT EXECUTE FUNCTION return_points();

CREATE FUNCTION points_left_for(again uuid, at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
-- Whether the points that a cancelled order gave back are still there for it; locked until the transaction ends.
DECLARE
    person uuid;
    wanted bigint;
BEGIN
    SELECT person_id, sum(spent) INTO person, wanted FROM point_lines WHERE order_id = again GROUP BY person_id;
    RETURN coalesce(wanted, 0) = 0 OR lock_points(person, at) >= wanted;
END $$;

CREATE FUNCTION spend_points_again(again uuid, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- For an order that is taken up again: takes what `points_left_for` found to be there.
DECLARE
    person uuid;
    wanted bigint;
BEGIN
    SELECT person_id, sum(returned) INTO person, wanted FROM point_lines WHERE order_id = again GROUP BY person_id;
    IF wanted > 0 THEN
        UPDATE point_lines SET returned = 0 WHERE order_id = again;
        PERFORM take_points(person, wanted, 'spent', 'redeemed', again, NULL, at);
    END IF;
END $$;

CREATE FUNCTION earn_points(
    person uuid, for_order uuid, lot uuid, lines jsonb, until timestamptz, grace integer, at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
-- A completed order brings points, once (the lot's key holds it); what the person owes is taken of them first.
-- `lines` are [{line_id, earned, basis_fen}]. The account is locked.
DECLARE
    brought bigint;
    debt bigint;
BEGIN
    SELECT coalesce(sum(earned), 0) INTO brought FROM jsonb_to_recordset(lines) AS line (earned bigint);
    IF brought = 0 THEN
        RETURN;
    END IF;
    INSERT INTO point_lots (lot_id, person_id, order_id, points, grace_days, earned_at, expires_at)
    VALUES (lot, person, for_order, brought, grace, at, until);
    INSERT INTO point_lines (line_id, order_id, person_id, earned, basis_fen)
    SELECT line_id, for_order, person, earned, basis_fen
    FROM jsonb_to_recordset(lines) AS line (line_id uuid, earned bigint, basis_fen bigint)
    ON CONFLICT (line_id) DO UPDATE SET earned = excluded.earned, basis_fen = excluded.basis_fen;
    INSERT INTO point_entries (person_id, kind, from_book, to_book, points, lot_id, order_id, recorded_at)
    VALUES (person, 'earned', 'issued', 'points', brought, lot, for_order, at);
    SELECT owed INTO debt FROM point_accounts WHERE person_id = person;
    IF debt > 0 THEN
        PERFORM take_points(person, least(debt, brought), 'settled', 'debt', for_order, NULL, at);
    END IF;
END $$;

CREATE FUNCTION refund_points(of_line uuid, give bigint, claw bigint, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- Pieces of a line were refunded: `give` points that paid for them return, `claw` that they earned are taken back; what
-- is not there of those is owed. The account is locked.
DECLARE
    line record;
    taken bigint;
BEGIN
    UPDATE point_lines SET returned = returned + give, clawed = clawed + claw WHERE line_id = of_line
    RETURNING person_id, order_id INTO line;
    IF claw > 0 THEN
        taken := take_points(line.person_id, claw, 'clawed-back', 'issued', line.order_id, of_line, at);
        IF taken < claw THEN
            INSERT INTO point_entries (person_id, kind, from_book, to_book, points, order_id, line_id, recorded_at)
            VALUES (line.person_id, 'owed', 'debt', 'issued', claw - taken, line.order_id, of_line, at);
        END IF;
    END IF;
    IF give > 0 THEN
        PERFORM give_points_back(line.person_id, give, line.order_id, of_line, at);
    END IF;
END $$;

CREATE FUNCTION points_apart(persons uuid[]) RETURNS TABLE (
    person_id uuid, counted bigint, booked bigint, in_lots bigint, owed bigint, booked_owed bigint, lots_apart bigint,
    orders_apart bigint
) LANGUAGE sql STABLE AS $$
-- Of these persons those whose counters, lots or orders are not what the ledger says.
    SELECT * FROM (
        SELECT account.person_id, account.balance AS counted,
               (SELECT coalesce(sum(CASE 'points' WHEN to_book THEN points WHEN from_book THEN -points END), 0)::bigint
                FROM point_entries AS entry WHERE entry.person_id = account.person_id) AS booked,
               (SELECT coalesce(sum(left_points), 0)::bigint
                FROM point_lots AS lot WHERE lot.person_id = account.person_id) AS in_lots,
               account.owed,
               (SELECT coalesce(sum(CASE 'debt' WHEN from_book THEN points WHEN to_book THEN -points END), 0)::bigint
                FROM point_entries AS entry WHERE entry.person_id = account.person_id) AS booked_owed,
               (SELECT count(*) FROM point_lots AS lot WHERE lot.person_id = account.person_id AND left_points <> (
                    SELECT coalesce(sum(CASE 'points' WHEN to_book THEN points ELSE -points END), 0)
                    FROM point_entries AS entry WHERE entry.lot_id = lot.lot_id AND entry.person_id = lot.person_id
               )) AS lots_apart,
               (SELECT count(*) FROM (
                    SELECT order_id, sum(spent - returned) AS outside, sum(earned - clawed) AS kept
                    FROM point_lines AS line WHERE line.person_id = account.person_id GROUP BY order_id
                ) AS told FULL JOIN (
                    SELECT order_id,
                           sum(CASE kind WHEN 'spent' THEN points WHEN 'given-back' THEN -points ELSE 0 END) AS outside,
                           sum(CASE kind WHEN 'earned' THEN points WHEN 'clawed-back' THEN -points WHEN 'owed' THEN -points
                               ELSE 0 END) AS kept
                    FROM point_entries AS entry
                    WHERE entry.person_id = account.person_id AND order_id IS NOT NULL GROUP BY order_id
                ) AS entered USING (order_id)
                WHERE (told.outside, told.kept) IS DISTINCT FROM (entered.outside, entered.kept)) AS orders_apart
        FROM point_accounts AS account WHERE account.person_id = ANY (persons)
    ) AS looked
    WHERE counted <> booked OR counted <> in_lots OR looked.owed <> booked_owed OR lots_apart > 0 OR orders_apart > 0
$$;
