-- Joint purchases (联采) and absorptions (应急消纳): a pool, and the shares that units take in it. Each share becomes its
-- unit's own purchase. Lock order: purchase or unit's order, share, pool, hold, stock.

CREATE FUNCTION is_ladder(floors integer[], prices bigint[]) RETURNS boolean LANGUAGE sql IMMUTABLE
-- From so many pieces on a piece costs so much: floors strictly rise, prices strictly fall.
RETURN cardinality(floors) > 0 AND cardinality(floors) = cardinality(prices) AND floors[1] > 0
    AND prices[cardinality(prices)] > 0 AND NOT EXISTS (
        SELECT FROM generate_series(2, cardinality(floors)) AS step (at)
        WHERE floors[step.at] <= floors[step.at - 1] OR prices[step.at] >= prices[step.at - 1]
    );

CREATE TABLE joint_purchases (
    joint_purchase_id uuid CONSTRAINT pk_joint_purchases PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_joint_purchases_unit_id_budget_units REFERENCES budget_units,
    status text NOT NULL,
    title text NOT NULL,
    note text NOT NULL DEFAULT '',
    sku_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    floors integer[] NOT NULL,
    prices_fen bigint[] NOT NULL,
    most_count integer NOT NULL,
    taken_count integer NOT NULL DEFAULT 0,
    scope text NOT NULL,
    region_code text,
    closes_at timestamptz NOT NULL,
    deliver_from timestamptz NOT NULL,
    deliver_until timestamptz NOT NULL,
    organised_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    offered_at timestamptz,
    opened_at timestamptz,
    closed_at timestamptz,
    order_until timestamptz,
    ended_at timestamptz,
    price_fen bigint,
    end_reason text NOT NULL DEFAULT '',
    CONSTRAINT ck_joint_purchases_status_is_known
        CHECK (status IN ('DRAFT', 'OFFERED', 'OPEN', 'CLOSED', 'ORDERED', 'FAILED', 'CANCELLED')),
    CONSTRAINT ck_joint_purchases_scope_is_known CHECK (scope IN ('TREE', 'REGION', 'NAMED')),
    CONSTRAINT ck_joint_purchases_region_of_scope CHECK ((scope = 'REGION') = (region_code IS NOT NULL)),
    CONSTRAINT ck_joint_purchases_ladder_falls CHECK (is_ladder(floors, prices_fen)),
    CONSTRAINT ck_joint_purchases_ladder_is_reachable CHECK (most_count >= floors[cardinality(floors)]),
    CONSTRAINT ck_joint_purchases_taken_within_most CHECK (taken_count BETWEEN 0 AND most_count),
    CONSTRAINT ck_joint_purchases_goods_come_after
        CHECK (closes_at <= deliver_from AND deliver_from < deliver_until),
    CONSTRAINT ck_joint_purchases_closed_with_price CHECK (
        (status IN ('CLOSED', 'ORDERED')) <= (closed_at IS NOT NULL)
        AND (closed_at IS NULL) = (price_fen IS NULL) AND (closed_at IS NULL) = (order_until IS NULL)
        AND (closed_at IS NULL OR (taken_count >= floors[1] AND price_fen = ANY (prices_fen)))
    ),
    CONSTRAINT ck_joint_purchases_ended_has_instant
        CHECK ((status IN ('ORDERED', 'FAILED', 'CANCELLED')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX ix_joint_purchases_unit_id_joint_purchase_id ON joint_purchases (unit_id, joint_purchase_id);
CREATE INDEX ix_joint_purchases_supplier_id_joint_purchase_id ON joint_purchases (supplier_id, joint_purchase_id);
CREATE INDEX ix_joint_purchases_running ON joint_purchases (closes_at) WHERE status IN ('OFFERED', 'OPEN', 'CLOSED');

CREATE FUNCTION joint_purchase_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('DRAFT', 'OFFERED'), ('OFFERED', 'DRAFT'), ('OFFERED', 'OPEN'), ('OPEN', 'CLOSED'), ('CLOSED', 'ORDERED'),
    ('OFFERED', 'FAILED'), ('OPEN', 'FAILED'), ('CLOSED', 'FAILED'),
    ('DRAFT', 'CANCELLED'), ('OFFERED', 'CANCELLED'), ('OPEN', 'CANCELLED')
);
CREATE TRIGGER joint_purchases_move BEFORE UPDATE OF status ON joint_purchases FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT joint_purchase_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();
-- What the supplier was asked to agree to stays what it was, and so does the price that the total came to.
CREATE TRIGGER joint_purchases_stay BEFORE UPDATE ON joint_purchases FOR EACH ROW
WHEN (
    (OLD.status <> 'DRAFT' AND
     (OLD.unit_id, OLD.title, OLD.note, OLD.sku_id, OLD.supplier_id, OLD.floors, OLD.prices_fen, OLD.most_count,
      OLD.scope, OLD.region_code, OLD.closes_at, OLD.deliver_from, OLD.deliver_until)
         IS DISTINCT FROM
     (NEW.unit_id, NEW.title, NEW.note, NEW.sku_id, NEW.supplier_id, NEW.floors, NEW.prices_fen, NEW.most_count,
      NEW.scope, NEW.region_code, NEW.closes_at, NEW.deliver_from, NEW.deliver_until))
    OR (OLD.price_fen IS NOT NULL AND OLD.price_fen IS DISTINCT FROM NEW.price_fen)
)
EXECUTE FUNCTION refuse_move();

CREATE TABLE joint_invitations (
    joint_purchase_id uuid
        CONSTRAINT fk_joint_invitations_joint_purchase_id_joint_purchases REFERENCES joint_purchases,
    unit_id uuid CONSTRAINT fk_joint_invitations_unit_id_budget_units REFERENCES budget_units,
    CONSTRAINT pk_joint_invitations PRIMARY KEY (joint_purchase_id, unit_id)
);
CREATE INDEX ix_joint_invitations_unit_id ON joint_invitations (unit_id);

CREATE TABLE joint_shares (
    share_id uuid CONSTRAINT pk_joint_shares PRIMARY KEY,
    joint_purchase_id uuid NOT NULL
        CONSTRAINT fk_joint_shares_joint_purchase_id_joint_purchases REFERENCES joint_purchases,
    unit_id uuid NOT NULL CONSTRAINT fk_joint_shares_unit_id_budget_units REFERENCES budget_units,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    quantity integer NOT NULL,
    fund text NOT NULL,
    recipient text NOT NULL,
    phone text NOT NULL,
    county_code text NOT NULL,
    detail text NOT NULL,
    taken_by uuid NOT NULL,
    taken_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    problem text NOT NULL DEFAULT '',
    CONSTRAINT uq_joint_shares_joint_purchase_id_unit_id UNIQUE (joint_purchase_id, unit_id),
    CONSTRAINT ck_joint_shares_status_is_known CHECK (status IN ('JOINED', 'LEFT')),
    CONSTRAINT ck_joint_shares_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_joint_shares_quantity_is_positive CHECK (quantity > 0)
);
CREATE INDEX ix_joint_shares_unit_id ON joint_shares (unit_id);

CREATE FUNCTION count_joint_share() RETURNS trigger LANGUAGE plpgsql AS $$
-- The pool counts what is joined, while it is open and not longer.
DECLARE
    change integer := CASE WHEN NEW.status = 'JOINED' THEN NEW.quantity ELSE 0 END;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = 'JOINED' THEN
        change := change - OLD.quantity;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.status, OLD.quantity, OLD.fund) = (NEW.status, NEW.quantity, NEW.fund)
       AND OLD.problem <> NEW.problem THEN
        RETURN NEW;
    END IF;
    UPDATE joint_purchases SET taken_count = taken_count + change
    WHERE joint_purchase_id = NEW.joint_purchase_id AND status = 'OPEN' AND NEW.changed_at < closes_at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shares change while the joint purchase is open' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER joint_shares_are_counted AFTER INSERT OR UPDATE ON joint_shares
FOR EACH ROW EXECUTE FUNCTION count_joint_share();

CREATE TABLE absorptions (
    absorption_id uuid CONSTRAINT pk_absorptions PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    love_purchase_id uuid NOT NULL
        CONSTRAINT fk_absorptions_love_purchase_id_love_purchases REFERENCES love_purchases,
    sku_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    county_code text NOT NULL,
    level text NOT NULL,
    reason text NOT NULL,
    source text NOT NULL DEFAULT '',
    price_fen bigint NOT NULL,
    quantity integer NOT NULL,
    pledged_count integer NOT NULL DEFAULT 0,
    closes_at timestamptz NOT NULL,
    published_by uuid NOT NULL,
    published_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    responded_at timestamptz,
    absorbed_at timestamptz,
    closed_at timestamptz,
    outcome text NOT NULL DEFAULT '',
    CONSTRAINT ck_absorptions_status_is_known CHECK (status IN ('PUBLISHED', 'RESPONDING', 'ABSORBED', 'CLOSED')),
    CONSTRAINT ck_absorptions_level_is_known CHECK (level IN ('BLUE', 'YELLOW', 'ORANGE', 'RED')),
    CONSTRAINT ck_absorptions_county_has_six_digits CHECK (county_code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_absorptions_price_is_positive CHECK (price_fen > 0),
    CONSTRAINT ck_absorptions_pledged_within_quantity
        CHECK (quantity > 0 AND pledged_count BETWEEN 0 AND quantity),
    CONSTRAINT ck_absorptions_responded_has_instant
        CHECK (status NOT IN ('RESPONDING', 'ABSORBED') OR responded_at IS NOT NULL),
    CONSTRAINT ck_absorptions_absorbed_has_instant CHECK (status <> 'ABSORBED' OR absorbed_at IS NOT NULL),
    CONSTRAINT ck_absorptions_closed_has_outcome
        CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL) AND (status = 'CLOSED') = (outcome <> ''))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX ix_absorptions_one_open_a_sku ON absorptions (sku_id) WHERE status <> 'CLOSED';
CREATE INDEX ix_absorptions_county_code_absorption_id ON absorptions (county_code, absorption_id);
CREATE INDEX ix_absorptions_supplier_id_absorption_id ON absorptions (supplier_id, absorption_id);

CREATE FUNCTION absorption_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('PUBLISHED', 'RESPONDING'), ('RESPONDING', 'ABSORBED'),
    ('PUBLISHED', 'CLOSED'), ('RESPONDING', 'CLOSED'), ('ABSORBED', 'CLOSED')
);
CREATE TRIGGER absorptions_move BEFORE UPDATE OF status ON absorptions FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT absorption_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();
-- What units pledged at is what they pay: goods and price stay.
CREATE TRIGGER absorptions_stay BEFORE UPDATE ON absorptions FOR EACH ROW
WHEN ((OLD.love_purchase_id, OLD.sku_id, OLD.supplier_id, OLD.county_code, OLD.price_fen)
    IS DISTINCT FROM (NEW.love_purchase_id, NEW.sku_id, NEW.supplier_id, NEW.county_code, NEW.price_fen))
EXECUTE FUNCTION refuse_move();

CREATE TABLE absorption_pledges (
    share_id uuid CONSTRAINT pk_absorption_pledges PRIMARY KEY,
    absorption_id uuid NOT NULL CONSTRAINT fk_absorption_pledges_absorption_id_absorptions REFERENCES absorptions,
    unit_id uuid NOT NULL CONSTRAINT fk_absorption_pledges_unit_id_budget_units REFERENCES budget_units,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    quantity integer NOT NULL,
    fund text NOT NULL,
    recipient text NOT NULL,
    phone text NOT NULL,
    county_code text NOT NULL,
    detail text NOT NULL,
    taken_by uuid NOT NULL,
    taken_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_absorption_pledges_status_is_known CHECK (status IN ('PLEDGED', 'GIVEN_BACK')),
    CONSTRAINT ck_absorption_pledges_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_absorption_pledges_quantity_is_positive CHECK (quantity > 0)
);
CREATE INDEX ix_absorption_pledges_absorption_id_share_id ON absorption_pledges (absorption_id, share_id);
CREATE INDEX ix_absorption_pledges_unit_id ON absorption_pledges (unit_id);

CREATE FUNCTION count_pledge() RETURNS trigger LANGUAGE plpgsql AS $$
-- The harvest counts what is pledged; its CHECK refuses what is more than it wants.
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE absorptions SET pledged_count = pledged_count + NEW.quantity
        WHERE absorption_id = NEW.absorption_id AND status IN ('PUBLISHED', 'RESPONDING') AND NEW.taken_at < closes_at;
        IF NOT FOUND OR NEW.status <> 'PLEDGED' THEN
            RAISE EXCEPTION 'pledges are taken while units may respond' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF NEW.quantity <> OLD.quantity OR NEW.unit_id <> OLD.unit_id OR NEW.absorption_id <> OLD.absorption_id
          OR (OLD.status, NEW.status) = ('GIVEN_BACK', 'PLEDGED') THEN
        RAISE EXCEPTION 'a pledge stays what it is until it is given back' USING ERRCODE = 'check_violation';
    ELSIF (OLD.status, NEW.status) = ('PLEDGED', 'GIVEN_BACK') THEN
        UPDATE absorptions SET pledged_count = pledged_count - NEW.quantity WHERE absorption_id = NEW.absorption_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER absorption_pledges_are_counted AFTER INSERT OR UPDATE ON absorption_pledges
FOR EACH ROW EXECUTE FUNCTION count_pledge();

CREATE FUNCTION give_back_pledge(share uuid, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
-- Its pieces may be pledged by others, and what is still held of them may be sold. A second time changes nothing.
DECLARE
    pool record;
BEGIN
    UPDATE absorption_pledges SET status = 'GIVEN_BACK', changed_at = at, revision = revision + 1
    WHERE share_id = share AND status = 'PLEDGED' RETURNING absorption_id INTO pool;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO trail_entries
        (subject_kind, subject_id, verb, from_status, to_status, reason, actor, person_id, done_at)
    SELECT 'absorption', absorption_id, 'give_back', status, status, '', 'rule', NULL, at
    FROM absorptions WHERE absorption_id = pool.absorption_id;
    UPDATE stock_terms SET status = 'RELEASED', ended_at = at, revision = revision + 1
    WHERE holder_id = share AND status = 'OPEN';
    IF FOUND THEN
        PERFORM release_stock(ARRAY[share], at);
    END IF;
END $$;

CREATE FUNCTION return_pledge_of_purchase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM give_back_pledge(NEW.source_id, NEW.changed_at);
    RETURN NULL;
END $$;
CREATE TRIGGER purchases_give_pledges_back AFTER UPDATE OF status ON purchases FOR EACH ROW
WHEN (NEW.way = 'ABSORPTION' AND NEW.status IN ('REFUSED', 'WITHDRAWN') AND OLD.status <> NEW.status)
EXECUTE FUNCTION return_pledge_of_purchase();

CREATE FUNCTION return_pledge_of_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM give_back_pledge(
        (SELECT source_id FROM purchases WHERE purchase_id = NEW.purchase_id), NEW.ended_at
    );
    RETURN NULL;
END $$;
CREATE TRIGGER unit_orders_give_pledges_back AFTER UPDATE OF stage ON unit_orders FOR EACH ROW
WHEN (NEW.way = 'ABSORPTION' AND NEW.stage IN ('CANCELLED', 'REFUSED') AND OLD.stage <> NEW.stage)
EXECUTE FUNCTION return_pledge_of_order();
