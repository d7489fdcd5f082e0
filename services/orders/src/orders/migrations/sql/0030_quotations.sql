-- Requests for quotation. Lock order: the quotation's row (FOR SHARE by who bids, FOR UPDATE by who decides), its bids.

CREATE TABLE quotations (
    quotation_id uuid CONSTRAINT pk_quotations PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_quotations_unit_id_budget_units REFERENCES budget_units,
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
    closes_at timestamptz NOT NULL,
    extension_count integer NOT NULL DEFAULT 0,
    asked_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    published_at timestamptz,
    opened_at timestamptz,
    opened_by uuid,
    few_bids_reason text NOT NULL DEFAULT '',
    awarded_at timestamptz,
    awarded_by uuid,
    award_reason text NOT NULL DEFAULT '',
    purchase_id uuid,
    cancelled_at timestamptz,
    cancel_reason text NOT NULL DEFAULT '',
    CONSTRAINT ck_quotations_status_is_known CHECK (status IN ('DRAFT', 'OPEN', 'OPENED', 'AWARDED', 'CANCELLED')),
    CONSTRAINT ck_quotations_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_quotations_county_has_six_digits CHECK (county_code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_quotations_goods_come_after CHECK (closes_at <= deliver_from AND deliver_from < deliver_until),
    CONSTRAINT ck_quotations_extended_once CHECK (extension_count BETWEEN 0 AND 1),
    CONSTRAINT ck_quotations_opened_by_somebody CHECK ((opened_at IS NULL) = (opened_by IS NULL)),
    CONSTRAINT ck_quotations_sealed_until_the_deadline CHECK (opened_at >= closes_at),
    CONSTRAINT ck_quotations_opened_has_instant CHECK (status NOT IN ('OPENED', 'AWARDED') OR opened_at IS NOT NULL),
    CONSTRAINT ck_quotations_awarded_with_reason CHECK (
        (status = 'AWARDED') = (awarded_at IS NOT NULL) AND (status = 'AWARDED') = (awarded_by IS NOT NULL)
        AND (status = 'AWARDED') = (award_reason <> '') AND (status = 'AWARDED') = (purchase_id IS NOT NULL)
    ),
    CONSTRAINT ck_quotations_cancelled_with_reason CHECK (
        (status = 'CANCELLED') = (cancelled_at IS NOT NULL) AND (status = 'CANCELLED') = (cancel_reason <> '')
    )
);
CREATE INDEX ix_quotations_unit_id_quotation_id ON quotations (unit_id, quotation_id);
CREATE INDEX ix_quotations_waiting ON quotations (closes_at) WHERE status IN ('OPEN', 'OPENED');

CREATE FUNCTION quotation_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('DRAFT', 'OPEN'), ('OPEN', 'OPENED'), ('OPENED', 'AWARDED'), ('DRAFT', 'CANCELLED'), ('OPEN', 'CANCELLED'),
    ('OPENED', 'CANCELLED')
);
CREATE TRIGGER quotations_move BEFORE UPDATE OF status ON quotations FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT quotation_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();
-- What suppliers were asked stays what they were asked; a deadline only moves with its one extension.
CREATE TRIGGER quotations_stay BEFORE UPDATE ON quotations FOR EACH ROW
WHEN (OLD.status <> 'DRAFT' AND (
    (OLD.title, OLD.fund, OLD.note, OLD.county_code, OLD.detail, OLD.unit_id)
        IS DISTINCT FROM (NEW.title, NEW.fund, NEW.note, NEW.county_code, NEW.detail, NEW.unit_id)
    OR (OLD.closes_at <> NEW.closes_at AND NOT (
        OLD.status = 'OPEN' AND NEW.closes_at > OLD.closes_at AND NEW.extension_count = OLD.extension_count + 1))
))
EXECUTE FUNCTION refuse_move();

CREATE TABLE quotation_lines (
    line_id uuid CONSTRAINT pk_quotation_lines PRIMARY KEY,
    quotation_id uuid NOT NULL CONSTRAINT fk_quotation_lines_quotation_id_quotations REFERENCES quotations,
    line_number integer NOT NULL,
    sku_id uuid,
    description text NOT NULL,
    quantity integer NOT NULL,
    unit text NOT NULL,
    origin_county_code text NOT NULL DEFAULT '',
    certificates text NOT NULL DEFAULT '',
    CONSTRAINT uq_quotation_lines_quotation_id_line_number UNIQUE (quotation_id, line_number),
    CONSTRAINT ck_quotation_lines_quantity_is_positive CHECK (quantity > 0),
    CONSTRAINT ck_quotation_lines_says_what CHECK (sku_id IS NOT NULL OR description <> '')
);

CREATE TABLE quotation_invitations (
    quotation_id uuid CONSTRAINT fk_quotation_invitations_quotation_id_quotations REFERENCES quotations,
    supplier_id uuid,
    supplier_name text NOT NULL,
    CONSTRAINT pk_quotation_invitations PRIMARY KEY (quotation_id, supplier_id)
);
CREATE INDEX ix_quotation_invitations_supplier_id_quotation_id ON quotation_invitations (supplier_id, quotation_id);

CREATE FUNCTION check_drafted() RETURNS trigger LANGUAGE plpgsql AS $$
-- Lines and invitations change while the quotation is a draft, and never after.
BEGIN
    PERFORM 1 FROM quotations
    WHERE quotation_id = coalesce(NEW.quotation_id, OLD.quotation_id) AND status = 'DRAFT' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'what was asked stays as it was asked' USING ERRCODE = 'check_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER quotation_lines_of_drafts BEFORE INSERT OR UPDATE OR DELETE ON quotation_lines
FOR EACH ROW EXECUTE FUNCTION check_drafted();
CREATE TRIGGER quotation_invitations_of_drafts BEFORE INSERT OR UPDATE OR DELETE ON quotation_invitations
FOR EACH ROW EXECUTE FUNCTION check_drafted();

CREATE TABLE quotation_questions (
    question_id uuid CONSTRAINT pk_quotation_questions PRIMARY KEY,
    quotation_id uuid NOT NULL CONSTRAINT fk_quotation_questions_quotation_id_quotations REFERENCES quotations,
    supplier_id uuid NOT NULL,
    question text NOT NULL,
    asked_at timestamptz NOT NULL,
    answer text NOT NULL DEFAULT '',
    answered_at timestamptz,
    CONSTRAINT ck_quotation_questions_answered_has_instant CHECK ((answer = '') = (answered_at IS NULL))
);
CREATE INDEX ix_quotation_questions_quotation_id_asked_at ON quotation_questions (quotation_id, asked_at);

CREATE TABLE quotation_bids (
    bid_id uuid CONSTRAINT pk_quotation_bids PRIMARY KEY,
    quotation_id uuid NOT NULL CONSTRAINT fk_quotation_bids_quotation_id_quotations REFERENCES quotations,
    supplier_id uuid NOT NULL,
    status text NOT NULL,
    sealed bytea,
    submitted_at timestamptz NOT NULL,
    submitted_by uuid NOT NULL,
    total_fen bigint,
    promised_on date,
    note text NOT NULL DEFAULT '',
    CONSTRAINT uq_quotation_bids_quotation_id_supplier_id UNIQUE (quotation_id, supplier_id),
    CONSTRAINT ck_quotation_bids_status_is_known
        CHECK (status IN ('SEALED', 'WITHDRAWN', 'OPENED', 'WON', 'PARTLY_WON', 'LOST')),
    CONSTRAINT ck_quotation_bids_withdrawn_leaves_nothing CHECK ((status = 'WITHDRAWN') = (sealed IS NULL)),
    CONSTRAINT ck_quotation_bids_nothing_is_told_under_the_seal CHECK (
        (status IN ('SEALED', 'WITHDRAWN')) = (total_fen IS NULL)
        AND (status IN ('SEALED', 'WITHDRAWN')) = (promised_on IS NULL)
        AND (status NOT IN ('SEALED', 'WITHDRAWN') OR note = '')
    )
);
CREATE INDEX ix_quotation_bids_supplier_id_quotation_id ON quotation_bids (supplier_id, quotation_id);

CREATE FUNCTION quotation_bid_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN before = after OR (before, after) IN (
    ('SEALED', 'WITHDRAWN'), ('WITHDRAWN', 'SEALED'), ('SEALED', 'OPENED'), ('OPENED', 'WON'),
    ('OPENED', 'PARTLY_WON'), ('OPENED', 'LOST')
);
CREATE TRIGGER quotation_bids_move BEFORE UPDATE OF status ON quotation_bids FOR EACH ROW
WHEN (NOT quotation_bid_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();

CREATE FUNCTION check_quotation_bid() RETURNS trigger LANGUAGE plpgsql AS $$
-- Invited suppliers bid while it is open and before the deadline; the seal is broken by the opening alone.
BEGIN
    IF NEW.status IN ('SEALED', 'WITHDRAWN') THEN
        PERFORM 1 FROM quotations JOIN quotation_invitations USING (quotation_id)
        WHERE quotation_id = NEW.quotation_id AND supplier_id = NEW.supplier_id
          AND status = 'OPEN' AND NEW.submitted_at < closes_at;
    ELSE
        PERFORM 1 FROM quotations
        WHERE quotation_id = NEW.quotation_id AND status IN ('OPENED', 'AWARDED') AND opened_at >= closes_at;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the seal of a quotation' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status NOT IN ('SEALED', 'WITHDRAWN')
       AND (OLD.sealed, OLD.total_fen, OLD.promised_on, OLD.note)
           IS DISTINCT FROM (NEW.sealed, NEW.total_fen, NEW.promised_on, NEW.note) THEN
        RAISE EXCEPTION 'an opened bid stays as it was' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER quotation_bids_are_sealed BEFORE INSERT OR UPDATE ON quotation_bids
FOR EACH ROW EXECUTE FUNCTION check_quotation_bid();

CREATE TABLE quotation_offers (
    bid_id uuid CONSTRAINT fk_quotation_offers_bid_id_quotation_bids REFERENCES quotation_bids,
    line_id uuid CONSTRAINT fk_quotation_offers_line_id_quotation_lines REFERENCES quotation_lines,
    sku_id uuid NOT NULL,
    product_title text NOT NULL,
    specification text NOT NULL,
    origin_county_code text NOT NULL,
    piece_count integer NOT NULL,
    unit_price_fen bigint NOT NULL,
    amount_fen bigint NOT NULL,
    is_awarded boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_quotation_offers PRIMARY KEY (bid_id, line_id),
    CONSTRAINT ck_quotation_offers_offers_something CHECK (piece_count > 0 AND unit_price_fen > 0),
    CONSTRAINT ck_quotation_offers_amount_is_true CHECK (amount_fen = piece_count * unit_price_fen)
);
CREATE UNIQUE INDEX ix_quotation_offers_one_wins_a_line ON quotation_offers (line_id) WHERE is_awarded;

CREATE FUNCTION check_quotation_offer() RETURNS trigger LANGUAGE plpgsql AS $$
-- No price stands in the database before the bid is opened, and none changes after.
BEGIN
    PERFORM 1 FROM quotation_bids WHERE bid_id = NEW.bid_id AND status NOT IN ('SEALED', 'WITHDRAWN');
    IF NOT FOUND OR (TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'is_awarded' <> to_jsonb(NEW) - 'is_awarded') THEN
        RAISE EXCEPTION 'the seal of a bid' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER quotation_offers_are_opened BEFORE INSERT OR UPDATE ON quotation_offers
FOR EACH ROW EXECUTE FUNCTION check_quotation_offer();
