-- Donations: orders that go to a verified recipient. Lock order: a recipient's row before promotions, points and stock.

CREATE TABLE donation_recipients (
    recipient_id uuid CONSTRAINT pk_donation_recipients PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    county_code text NOT NULL,
    contact text NOT NULL,
    phone text NOT NULL,
    detail text NOT NULL,
    purpose text NOT NULL,
    purpose_en text NOT NULL DEFAULT '',
    organisation_id uuid,
    proposed_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    verified_by uuid,
    verified_at timestamptz,
    closed_at timestamptz,
    CONSTRAINT ck_donation_recipients_status_is_known CHECK (status IN ('PROPOSED', 'VERIFIED', 'CLOSED')),
    CONSTRAINT ck_donation_recipients_kind_is_known CHECK (kind IN ('WELFARE_HOME', 'SCHOOL', 'VILLAGE')),
    CONSTRAINT ck_donation_recipients_county_has_six_digits CHECK (county_code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_donation_recipients_verified_by_somebody
        CHECK (status <> 'VERIFIED' OR (verified_at IS NOT NULL AND verified_by IS NOT NULL)),
    CONSTRAINT ck_donation_recipients_closed_has_instant CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX ix_donation_recipients_one_of_a_name ON donation_recipients (county_code, name)
    WHERE status <> 'CLOSED';
CREATE INDEX ix_donation_recipients_organisation_id ON donation_recipients (organisation_id);

CREATE FUNCTION recipient_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('PROPOSED', 'VERIFIED'), ('VERIFIED', 'PROPOSED'), ('PROPOSED', 'CLOSED'), ('VERIFIED', 'CLOSED')
);
CREATE TRIGGER donation_recipients_move BEFORE UPDATE OF status ON donation_recipients FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT recipient_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();

CREATE TABLE donations (
    order_id uuid CONSTRAINT pk_donations PRIMARY KEY CONSTRAINT fk_donations_order_id_orders REFERENCES orders,
    recipient_id uuid NOT NULL
        CONSTRAINT fk_donations_recipient_id_donation_recipients REFERENCES donation_recipients,
    recipient_name text NOT NULL,
    message text NOT NULL DEFAULT '',
    revision bigint NOT NULL DEFAULT 1,
    thanks text NOT NULL DEFAULT '',
    thanked_at timestamptz,
    thanked_by uuid,
    thanked_as text,
    CONSTRAINT ck_donations_message_is_short CHECK (length(message) <= 200),
    CONSTRAINT ck_donations_thanks_are_short CHECK (length(thanks) <= 500),
    CONSTRAINT ck_donations_thanks_are_somebodys CHECK (
        (thanks = '') = (thanked_at IS NULL) AND (thanks = '') = (thanked_by IS NULL)
        AND (thanks = '') = (thanked_as IS NULL)
    ),
    CONSTRAINT ck_donations_thanked_as_is_known CHECK (thanked_as IN ('recipient', 'official', 'operator'))
);
CREATE INDEX ix_donations_recipient_id_order_id ON donations (recipient_id, order_id);

CREATE FUNCTION check_donation() RETURNS trigger LANGUAGE plpgsql AS $$
-- Only an order in that mode is one, and thanks come after the goods.
BEGIN
    PERFORM 1 FROM orders
    WHERE order_id = NEW.order_id AND mode = 'DONATION' AND (NEW.thanked_at IS NULL OR status = 'COMPLETED');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no donation, or not there yet' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER donations_are_true BEFORE INSERT OR UPDATE ON donations
FOR EACH ROW EXECUTE FUNCTION check_donation();

ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_subject_is_known;
ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_subject_is_known
    CHECK (subject_kind IN ('claim', 'return', 'review', 'promotion', 'group-buy', 'love-purchase', 'presale', 'booking',
                            'exchange', 'donation-recipient', 'donation'));
ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_actor_is_known;
ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_actor_is_known
    CHECK (actor IN ('buyer', 'supplier', 'recipient', 'official', 'operator', 'clock', 'rule'));

CREATE FUNCTION takes_donation(gift jsonb) RETURNS boolean LANGUAGE sql AS $$
-- Whether the recipient is verified and as the decision rests on it; it stays so until the transaction ends.
    SELECT EXISTS (
        SELECT FROM donation_recipients
        WHERE recipient_id = (gift ->> 'recipient_id')::uuid AND revision = (gift ->> 'revision')::bigint
          AND status = 'VERIFIED' FOR SHARE
    )
$$;

CREATE FUNCTION write_donation(this_order uuid, gift jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO donations (order_id, recipient_id, recipient_name, message)
    SELECT this_order, (gift ->> 'recipient_id')::uuid, gift ->> 'name', gift ->> 'message'
$$;
