CREATE TABLE reserve_purchases (
    reserve_purchase_id uuid CONSTRAINT pk_reserve_purchases PRIMARY KEY,
    filing_number text NOT NULL CONSTRAINT uq_reserve_purchases_filing_number UNIQUE,
    revision bigint NOT NULL DEFAULT 1,
    status text NOT NULL,
    unit_id uuid NOT NULL CONSTRAINT fk_reserve_purchases_unit_id_budget_units REFERENCES budget_units,
    title text NOT NULL,
    year integer NOT NULL,
    category text NOT NULL,
    quality text NOT NULL,
    wanted_g bigint NOT NULL,
    budget_fen bigint NOT NULL,
    county_codes text[] NOT NULL,
    first_on date NOT NULL,
    last_on date NOT NULL,
    kept_g bigint NOT NULL DEFAULT 0,
    opens_to_all_on date,
    taken_g bigint NOT NULL DEFAULT 0,
    taken_other_g bigint NOT NULL DEFAULT 0,
    filed_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    published_at timestamptz,
    CONSTRAINT ck_reserve_purchases_status_is_known CHECK
        (status IN ('DRAFT', 'APPROVING', 'PUBLISHED', 'ENDED', 'ABANDONED')),
    CONSTRAINT ck_reserve_purchases_wants_something CHECK (wanted_g > 0 AND budget_fen > 0),
    CONSTRAINT ck_reserve_purchases_days_in_order CHECK (last_on >= first_on),
    CONSTRAINT ck_reserve_purchases_counties_come_first CHECK (cardinality(county_codes) > 0),
    CONSTRAINT ck_reserve_purchases_never_above_wanted CHECK (taken_g BETWEEN 0 AND wanted_g),
    CONSTRAINT ck_reserve_purchases_kept_for_first CHECK
        (kept_g BETWEEN 0 AND wanted_g AND taken_other_g BETWEEN 0 AND wanted_g - kept_g),
    CONSTRAINT ck_reserve_purchases_published_is_whole CHECK
        ((status IN ('PUBLISHED', 'ENDED')) = (published_at IS NOT NULL)
         AND (published_at IS NULL) = (opens_to_all_on IS NULL))
);
CREATE INDEX ix_reserve_purchases_unit_id_reserve_purchase_id ON reserve_purchases (unit_id, reserve_purchase_id);

CREATE TABLE reserve_grades (
    reserve_purchase_id uuid CONSTRAINT fk_reserve_grades_reserve_purchase_id_reserve_purchases
        REFERENCES reserve_purchases ON DELETE CASCADE,
    grade_number smallint,
    name text NOT NULL,
    criteria text NOT NULL,
    price_fen_per_kg bigint NOT NULL,
    CONSTRAINT pk_reserve_grades PRIMARY KEY (reserve_purchase_id, grade_number),
    CONSTRAINT ck_reserve_grades_price_is_positive CHECK (price_fen_per_kg > 0)
);

CREATE TABLE purchase_points (
    point_id uuid CONSTRAINT pk_purchase_points PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_purchase_points_unit_id_budget_units REFERENCES budget_units,
    status text NOT NULL,
    name text NOT NULL,
    recipient text NOT NULL,
    phone text NOT NULL,
    county_code text NOT NULL,
    address_detail text NOT NULL,
    weekdays smallint[] NOT NULL,
    opens_at time NOT NULL,
    closes_at time NOT NULL,
    capacity_g bigint NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_purchase_points_status_is_known CHECK (status IN ('OPEN', 'PAUSED', 'CLOSED')),
    CONSTRAINT ck_purchase_points_county_has_six_digits CHECK (county_code ~ '^[0-9]{6}$'),
    CONSTRAINT ck_purchase_points_weekdays_are_days CHECK
        (cardinality(weekdays) > 0 AND weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]),
    CONSTRAINT ck_purchase_points_hours_in_order CHECK (closes_at > opens_at),
    CONSTRAINT ck_purchase_points_holds_something CHECK (capacity_g > 0)
);
CREATE INDEX ix_purchase_points_unit_id ON purchase_points (unit_id);
CREATE INDEX ix_purchase_points_county_code_point_id ON purchase_points (county_code, point_id);

CREATE TABLE purchase_point_days (
    point_id uuid CONSTRAINT fk_purchase_point_days_point_id_purchase_points REFERENCES purchase_points,
    day date,
    capacity_g bigint NOT NULL,
    booked_g bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_purchase_point_days PRIMARY KEY (point_id, day),
    CONSTRAINT ck_purchase_point_days_never_above_capacity CHECK (booked_g BETWEEN 0 AND capacity_g)
);

CREATE SEQUENCE weighing_tickets;
CREATE TABLE reserve_appointments (
    appointment_id uuid CONSTRAINT pk_reserve_appointments PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    reserve_purchase_id uuid NOT NULL
        CONSTRAINT fk_reserve_appointments_reserve_purchase_id_reserve_purchases REFERENCES reserve_purchases,
    point_id uuid NOT NULL,
    day date NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    sku_id uuid NOT NULL,
    product_title text NOT NULL,
    specification text NOT NULL,
    origin_county_code text NOT NULL,
    is_first boolean NOT NULL,
    piece_g bigint NOT NULL,
    quantity integer NOT NULL,
    status text NOT NULL,
    reason text NOT NULL DEFAULT '',
    booked_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ticket_number text CONSTRAINT uq_reserve_appointments_ticket_number UNIQUE,
    gross_g bigint,
    tare_g bigint,
    accepted_count integer,
    refused_count integer,
    cause text NOT NULL DEFAULT '',
    grade_number smallint,
    unit_price_fen bigint,
    weighed_by uuid,
    weighed_at timestamptz,
    CONSTRAINT fk_reserve_appointments_point_id_purchase_point_days FOREIGN KEY (point_id, day)
        REFERENCES purchase_point_days (point_id, day),
    CONSTRAINT fk_reserve_appointments_grade FOREIGN KEY (reserve_purchase_id, grade_number)
        REFERENCES reserve_grades (reserve_purchase_id, grade_number),
    CONSTRAINT ck_reserve_appointments_status_is_known CHECK
        (status IN ('BOOKED', 'CANCELLED', 'TURNED_AWAY', 'NO_SHOW', 'WEIGHED', 'TAKEN_IN', 'DECLINED')),
    CONSTRAINT ck_reserve_appointments_brings_something CHECK (quantity > 0 AND piece_g > 0),
    CONSTRAINT ck_reserve_appointments_weighed_is_whole CHECK
        ((status IN ('WEIGHED', 'TAKEN_IN', 'DECLINED')) = (ticket_number IS NOT NULL)
         AND num_nulls(ticket_number, gross_g, tare_g, accepted_count, refused_count, grade_number, unit_price_fen,
                       weighed_by, weighed_at) IN (0, 9)),
    CONSTRAINT ck_reserve_appointments_pieces_fit CHECK
        (accepted_count > 0 AND refused_count >= 0 AND accepted_count + refused_count <= quantity
         AND (refused_count > 0) = (cause <> '')),
    CONSTRAINT ck_reserve_appointments_scale_is_right CHECK (tare_g >= 0 AND gross_g > tare_g)
);
CREATE INDEX ix_reserve_appointments_reserve_purchase_id_appointment_id
    ON reserve_appointments (reserve_purchase_id, appointment_id);
CREATE INDEX ix_reserve_appointments_supplier_id_appointment_id ON reserve_appointments (supplier_id, appointment_id);
CREATE INDEX ix_reserve_appointments_point_id_day ON reserve_appointments (point_id, day);
CREATE INDEX ix_reserve_appointments_day_open ON reserve_appointments (day) WHERE status IN ('BOOKED', 'WEIGHED');

-- What is booked and taken in is counted here and nowhere else, so that the sums cannot drift from the appointments;
-- the CHECKs of the two counting rows then refuse what is too much, however many book at once. Lock order: the
-- reserve purchase, then days in their order.
CREATE FUNCTION count_reserve_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_taken bigint := 0;
    new_taken bigint := 0;
    old_day bigint := 0;
    new_day bigint := 0;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        old_taken := OLD.piece_g * CASE WHEN OLD.status = 'BOOKED' THEN OLD.quantity
            WHEN OLD.status IN ('WEIGHED', 'TAKEN_IN') THEN OLD.accepted_count ELSE 0 END;
        old_day := OLD.piece_g * CASE WHEN OLD.status IN ('BOOKED', 'WEIGHED', 'TAKEN_IN') THEN OLD.quantity ELSE 0 END;
    END IF;
    new_taken := NEW.piece_g * CASE WHEN NEW.status = 'BOOKED' THEN NEW.quantity
        WHEN NEW.status IN ('WEIGHED', 'TAKEN_IN') THEN NEW.accepted_count ELSE 0 END;
    new_day := NEW.piece_g * CASE WHEN NEW.status IN ('BOOKED', 'WEIGHED', 'TAKEN_IN') THEN NEW.quantity ELSE 0 END;
    UPDATE reserve_purchases SET taken_g = taken_g + new_taken - old_taken,
        taken_other_g = taken_other_g + CASE WHEN NEW.is_first THEN 0 ELSE new_taken - old_taken END
    WHERE reserve_purchase_id = NEW.reserve_purchase_id AND new_taken <> old_taken;
    IF TG_OP = 'UPDATE' AND (OLD.point_id, OLD.day) <> (NEW.point_id, NEW.day) THEN
        UPDATE purchase_point_days SET booked_g = booked_g - old_day WHERE point_id = OLD.point_id AND day = OLD.day;
        old_day := 0;
    END IF;
    UPDATE purchase_point_days SET booked_g = booked_g + new_day - old_day
    WHERE point_id = NEW.point_id AND day = NEW.day AND new_day <> old_day;
    RETURN NULL;
END $$;
CREATE TRIGGER count_reserve_appointment AFTER INSERT OR UPDATE ON reserve_appointments
    FOR EACH ROW EXECUTE FUNCTION count_reserve_appointment();
