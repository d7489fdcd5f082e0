-- Reverse auctions. Lock order: the auction's row, and nothing else: bids, the end and the award wait for each other there.

CREATE TABLE auctions (
    auction_id uuid CONSTRAINT pk_auctions PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_auctions_unit_id_budget_units REFERENCES budget_units,
    status text NOT NULL,
    title text NOT NULL,
    fund text NOT NULL,
    note text NOT NULL DEFAULT '',
    recipient text NOT NULL,
    phone text NOT NULL,
    county_code text NOT NULL,
    detail text NOT NULL,
    deliver_from timestamptz NOT NULL,
    deliver_until timestamptz NOT NULL,
    start_fen bigint NOT NULL,
    step_fen bigint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    extension_minutes integer NOT NULL,
    most_extensions integer NOT NULL,
    extension_count integer NOT NULL DEFAULT 0,
    bid_count integer NOT NULL DEFAULT 0,
    lowest_fen bigint,
    leader_id uuid,
    asked_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    published_at timestamptz,
    ended_at timestamptz,
    awarded_at timestamptz,
    awarded_by uuid,
    award_reason text NOT NULL DEFAULT '',
    purchase_id uuid,
    cancelled_at timestamptz,
    cancel_reason text NOT NULL DEFAULT '',
    CONSTRAINT ck_auctions_status_is_known
        CHECK (status IN ('DRAFT', 'PUBLISHED', 'ENDED', 'FAILED', 'AWARDED', 'CANCELLED')),
    CONSTRAINT ck_auctions_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_auctions_county_has_six_digits CHECK (county_code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_auctions_steps_down CHECK (start_fen > 0 AND step_fen > 0 AND step_fen < start_fen),
    CONSTRAINT ck_auctions_times_follow CHECK (starts_at < ends_at AND deliver_from < deliver_until),
    CONSTRAINT ck_auctions_extended_within_limit
        CHECK (extension_minutes >= 0 AND extension_count BETWEEN 0 AND most_extensions),
    CONSTRAINT ck_auctions_somebody_leads CHECK (
        (bid_count = 0) = (lowest_fen IS NULL) AND (bid_count = 0) = (leader_id IS NULL)
        AND lowest_fen BETWEEN 1 AND start_fen
    ),
    CONSTRAINT ck_auctions_ended_after_the_end
        CHECK (status NOT IN ('ENDED', 'AWARDED') OR (bid_count > 0 AND ended_at >= ends_at)),
    CONSTRAINT ck_auctions_failed_without_a_bid CHECK (status <> 'FAILED' OR (bid_count = 0 AND ended_at >= ends_at)),
    CONSTRAINT ck_auctions_awarded_with_reason CHECK (
        (status = 'AWARDED') = (awarded_at IS NOT NULL) AND (status = 'AWARDED') = (awarded_by IS NOT NULL)
        AND (status = 'AWARDED') = (award_reason <> '') AND (status = 'AWARDED') = (purchase_id IS NOT NULL)
    ),
    CONSTRAINT ck_auctions_cancelled_with_reason CHECK (
        (status = 'CANCELLED') = (cancelled_at IS NOT NULL) AND (status = 'CANCELLED') = (cancel_reason <> '')
    )
) WITH (fillfactor = 50);
CREATE INDEX ix_auctions_unit_id_auction_id ON auctions (unit_id, auction_id);
CREATE INDEX ix_auctions_running ON auctions (ends_at) WHERE status = 'PUBLISHED';

CREATE FUNCTION auction_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('DRAFT', 'PUBLISHED'), ('PUBLISHED', 'ENDED'), ('PUBLISHED', 'FAILED'), ('ENDED', 'AWARDED'),
    ('DRAFT', 'CANCELLED'), ('PUBLISHED', 'CANCELLED'), ('ENDED', 'CANCELLED')
);
CREATE TRIGGER auctions_move BEFORE UPDATE OF status ON auctions FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT auction_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();
-- Once published the terms stay; the end moves on only with an extension, and the standing only with a bid.
CREATE TRIGGER auctions_stay BEFORE UPDATE ON auctions FOR EACH ROW
WHEN (OLD.status <> 'DRAFT' AND (
    (OLD.title, OLD.fund, OLD.note, OLD.county_code, OLD.detail, OLD.unit_id, OLD.start_fen, OLD.step_fen,
     OLD.starts_at, OLD.extension_minutes, OLD.most_extensions)
        IS DISTINCT FROM
    (NEW.title, NEW.fund, NEW.note, NEW.county_code, NEW.detail, NEW.unit_id, NEW.start_fen, NEW.step_fen,
     NEW.starts_at, NEW.extension_minutes, NEW.most_extensions)
    OR NEW.ends_at <> OLD.ends_at
       + (NEW.extension_count - OLD.extension_count) * make_interval(mins => OLD.extension_minutes)
    OR NEW.extension_count NOT IN (OLD.extension_count, OLD.extension_count + 1)
    OR (NEW.bid_count <> OLD.bid_count AND (
        OLD.status <> 'PUBLISHED' OR NEW.bid_count <> OLD.bid_count + 1
        OR NEW.lowest_fen > coalesce(OLD.lowest_fen - OLD.step_fen, OLD.start_fen)))
    OR (NEW.bid_count = OLD.bid_count AND (
        NEW.lowest_fen IS DISTINCT FROM OLD.lowest_fen OR NEW.leader_id IS DISTINCT FROM OLD.leader_id
        OR NEW.extension_count <> OLD.extension_count))
))
EXECUTE FUNCTION refuse_move();

CREATE TABLE auction_lines (
    line_id uuid CONSTRAINT pk_auction_lines PRIMARY KEY,
    auction_id uuid NOT NULL CONSTRAINT fk_auction_lines_auction_id_auctions REFERENCES auctions,
    line_number integer NOT NULL,
    description text NOT NULL,
    quantity integer NOT NULL,
    unit text NOT NULL,
    origin_county_code text NOT NULL DEFAULT '',
    certificates text NOT NULL DEFAULT '',
    CONSTRAINT uq_auction_lines_auction_id_line_number UNIQUE (auction_id, line_number),
    CONSTRAINT ck_auction_lines_says_what CHECK (quantity > 0 AND description <> '')
);
CREATE FUNCTION check_auction_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM auctions
    WHERE auction_id = coalesce(NEW.auction_id, OLD.auction_id) AND status = 'DRAFT' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lot stays as it was published' USING ERRCODE = 'check_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER auction_lines_of_drafts BEFORE INSERT OR UPDATE OR DELETE ON auction_lines
FOR EACH ROW EXECUTE FUNCTION check_auction_line();

CREATE TABLE auction_entries (
    auction_id uuid CONSTRAINT fk_auction_entries_auction_id_auctions REFERENCES auctions,
    supplier_id uuid,
    entry_number integer NOT NULL,
    supplier_name text NOT NULL,
    entered_at timestamptz NOT NULL,
    entered_by uuid NOT NULL,
    CONSTRAINT pk_auction_entries PRIMARY KEY (auction_id, supplier_id),
    CONSTRAINT uq_auction_entries_auction_id_entry_number UNIQUE (auction_id, entry_number)
);
CREATE INDEX ix_auction_entries_supplier_id_auction_id ON auction_entries (supplier_id, auction_id);

CREATE TABLE auction_offers (
    auction_id uuid,
    supplier_id uuid,
    line_id uuid CONSTRAINT fk_auction_offers_line_id_auction_lines REFERENCES auction_lines,
    sku_id uuid NOT NULL,
    product_title text NOT NULL,
    specification text NOT NULL,
    piece_count integer NOT NULL,
    listed_price_fen bigint NOT NULL,
    CONSTRAINT pk_auction_offers PRIMARY KEY (auction_id, supplier_id, line_id),
    CONSTRAINT fk_auction_offers_auction_id_auction_entries
        FOREIGN KEY (auction_id, supplier_id) REFERENCES auction_entries (auction_id, supplier_id),
    CONSTRAINT ck_auction_offers_offers_something CHECK (piece_count > 0 AND listed_price_fen > 0)
);

CREATE TABLE auction_bids (
    bid_id uuid CONSTRAINT pk_auction_bids PRIMARY KEY,
    auction_id uuid NOT NULL CONSTRAINT fk_auction_bids_auction_id_auctions REFERENCES auctions,
    supplier_id uuid NOT NULL,
    bid_position integer NOT NULL,
    amount_fen bigint NOT NULL,
    placed_at timestamptz NOT NULL,
    placed_by uuid NOT NULL,
    valid_until timestamptz NOT NULL,
    CONSTRAINT fk_auction_bids_auction_id_auction_entries
        FOREIGN KEY (auction_id, supplier_id) REFERENCES auction_entries (auction_id, supplier_id),
    CONSTRAINT uq_auction_bids_auction_id_bid_position UNIQUE (auction_id, bid_position),
    CONSTRAINT uq_auction_bids_auction_id_amount_fen UNIQUE (auction_id, amount_fen),
    CONSTRAINT ck_auction_bids_placed_before_the_end CHECK (placed_at < valid_until),
    CONSTRAINT ck_auction_bids_amount_is_positive CHECK (amount_fen > 0)
);

CREATE FUNCTION check_auction_bid() RETURNS trigger LANGUAGE plpgsql AS $$
-- A bid is the standing of its auction at that moment: nobody writes one past `place_auction_bid`, and none changes.
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM 1 FROM auctions
        WHERE auction_id = NEW.auction_id AND status = 'PUBLISHED' AND bid_count = NEW.bid_position
          AND lowest_fen = NEW.amount_fen AND leader_id = NEW.supplier_id AND NEW.placed_at >= starts_at;
        IF FOUND THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the order of bids' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER auction_bids_are_true BEFORE INSERT OR UPDATE OR DELETE ON auction_bids
FOR EACH ROW EXECUTE FUNCTION check_auction_bid();

CREATE FUNCTION check_auction_bid_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
-- Runs as the last thing before the commit: what was not committed by the end does not count.
BEGIN
    IF clock_timestamp() >= NEW.valid_until THEN
        RAISE EXCEPTION 'the auction ended before the bid was committed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'auction_bids_in_time';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER auction_bids_in_time AFTER INSERT ON auction_bids
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_auction_bid_in_time();

CREATE FUNCTION place_auction_bid(this_auction uuid, bidder uuid, person uuid, this_bid uuid, amount bigint)
RETURNS TABLE (outcome text, bid_position integer, placed_at timestamptz, ends_at timestamptz, most_fen bigint,
               is_extended boolean)
LANGUAGE plpgsql AS $$
-- The one way to bid. Whoever gets the row's lock first is first; the clock is read when it is got, not when it is asked
-- for. The lock is kept until the commit, so positions, amounts and commits have one order.
DECLARE
    lot auctions;
    seen_at timestamptz;
    most bigint;
    extends boolean;
BEGIN
    SELECT * INTO lot FROM auctions WHERE auction_id = this_auction FOR NO KEY UPDATE;
    seen_at := clock_timestamp();
    most := coalesce(lot.lowest_fen - lot.step_fen, lot.start_fen);
    outcome := CASE
        WHEN lot.auction_id IS NULL OR lot.status = 'DRAFT' THEN 'unknown'
        WHEN NOT EXISTS (SELECT FROM auction_entries AS entry
                         WHERE entry.auction_id = this_auction AND entry.supplier_id = bidder) THEN 'not-entered'
        WHEN lot.status = 'PUBLISHED' AND seen_at < lot.starts_at THEN 'not-begun'
        WHEN lot.status IN ('ENDED', 'FAILED') OR (lot.status = 'PUBLISHED' AND seen_at >= lot.ends_at) THEN 'over'
        WHEN lot.status <> 'PUBLISHED' THEN 'status'
        WHEN lot.leader_id = bidder THEN 'leading'
        WHEN amount > most OR amount < 1 THEN 'too-high'
        ELSE 'placed'
    END;
    IF outcome <> 'placed' THEN
        RETURN QUERY SELECT outcome, NULL::integer, seen_at, lot.ends_at, most, false;
        RETURN;
    END IF;
    extends := lot.extension_minutes > 0 AND lot.extension_count < lot.most_extensions
        AND lot.ends_at - seen_at <= make_interval(mins => lot.extension_minutes);
    UPDATE auctions AS a
    SET bid_count = a.bid_count + 1, lowest_fen = amount, leader_id = bidder,
        extension_count = a.extension_count + extends::integer,
        ends_at = a.ends_at + extends::integer * make_interval(mins => a.extension_minutes)
    WHERE a.auction_id = this_auction;
    INSERT INTO auction_bids (bid_id, auction_id, supplier_id, bid_position, amount_fen, placed_at, placed_by,
                              valid_until)
    VALUES (this_bid, this_auction, bidder, lot.bid_count + 1, amount, seen_at, person, lot.ends_at);
    RETURN QUERY SELECT outcome, lot.bid_count + 1, seen_at,
        lot.ends_at + extends::integer * make_interval(mins => lot.extension_minutes), amount - lot.step_fen, extends;
END $$;
