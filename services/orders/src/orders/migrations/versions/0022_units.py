"""Budget units, their tree, what they were until when, their canteens and staff; the trail learns their words."""

from alembic import op

revision = "0022"
down_revision = "0021"

# What a unit was until when: written by the database with every change, so that figures of a past year find it as it
# was then. A second change in the same instant is one change.
_KEEP_PERIODS = """
    CREATE FUNCTION keep_unit_periods() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF ROW (OLD.name, OLD.kind, OLD.parent_id, OLD.county_code, OLD.status)
                IS NOT DISTINCT FROM ROW (NEW.name, NEW.kind, NEW.parent_id, NEW.county_code, NEW.status) THEN
                RETURN NULL;
            END IF;
            DELETE FROM unit_periods
            WHERE unit_id = NEW.unit_id AND valid_until IS NULL AND valid_from >= NEW.changed_at;
            UPDATE unit_periods SET valid_until = NEW.changed_at
            WHERE unit_id = NEW.unit_id AND valid_until IS NULL;
        END IF;
        INSERT INTO unit_periods (unit_id, valid_from, name, kind, parent_id, county_code, status)
        VALUES (NEW.unit_id, CASE TG_OP WHEN 'INSERT' THEN NEW.created_at ELSE NEW.changed_at END, NEW.name, NEW.kind,
                NEW.parent_id, NEW.county_code, NEW.status);
        RETURN NULL;
    END
    $$
"""
# Two moves beside each other could close a ring of which neither sees the other half: so moves wait for each other, and
# each statement after the lock sees what was committed before it.
_ENSURE_TREE = """
    CREATE FUNCTION ensure_units_form_a_tree() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        above uuid := NEW.parent_id;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('budget_units', 22));
        WHILE above IS NOT NULL LOOP
            IF above = NEW.unit_id THEN
                RAISE EXCEPTION 'unit % would stand above itself', NEW.unit_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_budget_units_form_a_tree';
            END IF;
            SELECT parent_id INTO above FROM budget_units WHERE unit_id = above;
        END LOOP;
        RETURN NEW;
    END
    $$
"""
# Who eats at another unit's canteen names the unit that files for it, and that unit says so of itself in that year.
_ENSURE_REPRESENTATIVE = """
    CREATE FUNCTION ensure_canteen_representative() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'DELETE' AND NEW.mode = 'SHARED_MEMBER' THEN
            PERFORM FROM unit_canteens
            WHERE unit_id = NEW.shared_with_id AND year = NEW.year AND mode = 'SHARED_REP' FOR SHARE;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'unit % represents no shared canteen in %', NEW.shared_with_id, NEW.year
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_unit_canteens_has_its_representative';
            END IF;
        END IF;
        IF TG_OP <> 'INSERT' AND OLD.mode = 'SHARED_REP'
            AND (TG_OP = 'DELETE' OR ROW (NEW.unit_id, NEW.year, NEW.mode) <> ROW (OLD.unit_id, OLD.year, OLD.mode))
            AND EXISTS (SELECT FROM unit_canteens WHERE shared_with_id = OLD.unit_id AND year = OLD.year) THEN
            RAISE EXCEPTION 'unit % is named by members of its canteen in %', OLD.unit_id, OLD.year
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_unit_canteens_has_its_representative';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END
    $$
"""


def upgrade() -> None:
    """Make the tree, and let the trail tell of what institutions do."""
    op.execute("""
        CREATE TABLE budget_units (
            unit_id uuid CONSTRAINT pk_budget_units PRIMARY KEY,
            revision bigint NOT NULL DEFAULT 1,
            organisation_id uuid,
            parent_id uuid CONSTRAINT fk_budget_units_parent_id_budget_units REFERENCES budget_units,
            status text NOT NULL,
            merged_into_id uuid CONSTRAINT fk_budget_units_merged_into_id_budget_units REFERENCES budget_units,
            kind text NOT NULL,
            name text NOT NULL,
            uscc text NOT NULL,
            county_code text NOT NULL,
            has_union boolean NOT NULL,
            has_union_funds boolean NOT NULL,
            union_name text NOT NULL DEFAULT '',
            union_uscc text NOT NULL DEFAULT '',
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT ck_budget_units_kind_is_known CHECK (kind IN
                ('ORGAN', 'PUBLIC_INSTITUTION', 'SCHOOL', 'HOSPITAL', 'STATE_ENTERPRISE', 'BANK', 'OTHER')),
            CONSTRAINT ck_budget_units_status_is_known CHECK (status IN ('ACTIVE', 'MERGED', 'CLOSED')),
            CONSTRAINT ck_budget_units_merged_into_another CHECK
                ((status = 'MERGED') = (merged_into_id IS NOT NULL)),
            CONSTRAINT ck_budget_units_county_has_six_digits CHECK (county_code ~ '^[0-9]{6}$'),
            CONSTRAINT ck_budget_units_is_not_its_own_parent CHECK
                (parent_id <> unit_id AND merged_into_id <> unit_id),
            CONSTRAINT ck_budget_units_funds_need_a_union CHECK (has_union OR NOT has_union_funds)
        )
    """)
    op.execute("CREATE UNIQUE INDEX ix_budget_units_one_of_a_code ON budget_units (uscc) WHERE status = 'ACTIVE'")
    op.execute("CREATE UNIQUE INDEX ix_budget_units_organisation_id ON budget_units (organisation_id)")
    op.execute("CREATE INDEX ix_budget_units_parent_id ON budget_units (parent_id)")
    op.execute("CREATE INDEX ix_budget_units_county_code_unit_id ON budget_units (county_code, unit_id)")
    op.execute("""
        CREATE TABLE unit_periods (
            unit_id uuid NOT NULL CONSTRAINT fk_unit_periods_unit_id_budget_units REFERENCES budget_units,
            valid_from timestamptz NOT NULL,
            valid_until timestamptz,
            name text NOT NULL,
            kind text NOT NULL,
            parent_id uuid,
            county_code text NOT NULL,
            status text NOT NULL,
            CONSTRAINT pk_unit_periods PRIMARY KEY (unit_id, valid_from),
            CONSTRAINT ck_unit_periods_ends_after_its_beginning CHECK (valid_until > valid_from)
        )
    """)
    op.execute("CREATE UNIQUE INDEX ix_unit_periods_one_now ON unit_periods (unit_id) WHERE valid_until IS NULL")
    op.execute("CREATE INDEX ix_unit_periods_parent_id ON unit_periods (parent_id)")
    op.execute(_KEEP_PERIODS)
    op.execute("""
        CREATE TRIGGER keep_periods AFTER INSERT OR UPDATE ON budget_units
        FOR EACH ROW EXECUTE FUNCTION keep_unit_periods()
    """)
    op.execute(_ENSURE_TREE)
    op.execute("""
        CREATE TRIGGER ensure_tree BEFORE UPDATE OF parent_id ON budget_units
        FOR EACH ROW WHEN (NEW.parent_id IS DISTINCT FROM OLD.parent_id) EXECUTE FUNCTION ensure_units_form_a_tree()
    """)
    op.execute("""
        CREATE TABLE unit_canteens (
            unit_id uuid NOT NULL CONSTRAINT fk_unit_canteens_unit_id_budget_units REFERENCES budget_units,
            year integer NOT NULL,
            mode text NOT NULL,
            shared_with_id uuid CONSTRAINT fk_unit_canteens_shared_with_id_budget_units REFERENCES budget_units,
            contractor_name text NOT NULL DEFAULT '',
            contractor_uscc text NOT NULL DEFAULT '',
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_unit_canteens PRIMARY KEY (unit_id, year),
            CONSTRAINT ck_unit_canteens_year_is_sane CHECK (year BETWEEN 2000 AND 2100),
            CONSTRAINT ck_unit_canteens_mode_is_known CHECK
                (mode IN ('OWN', 'OUTSOURCED', 'SHARED_REP', 'SHARED_MEMBER', 'NONE')),
            CONSTRAINT ck_unit_canteens_member_names_its_representative CHECK
                ((mode = 'SHARED_MEMBER') = (shared_with_id IS NOT NULL)),
            CONSTRAINT ck_unit_canteens_is_shared_with_another CHECK (shared_with_id <> unit_id),
            CONSTRAINT ck_unit_canteens_contractor_has_name CHECK ((mode = 'OUTSOURCED') = (contractor_name <> '')),
            CONSTRAINT ck_unit_canteens_code_needs_contractor CHECK (contractor_uscc = '' OR contractor_name <> '')
        )
    """)
    op.execute("CREATE INDEX ix_unit_canteens_shared_with_id_year ON unit_canteens (shared_with_id, year)")
    op.execute(_ENSURE_REPRESENTATIVE)
    op.execute("""
        CREATE TRIGGER ensure_representative BEFORE INSERT OR UPDATE OR DELETE ON unit_canteens
        FOR EACH ROW EXECUTE FUNCTION ensure_canteen_representative()
    """)
    op.execute("""
        CREATE TABLE unit_staff (
            person_id uuid NOT NULL,
            linked_at timestamptz NOT NULL,
            unit_id uuid NOT NULL CONSTRAINT fk_unit_staff_unit_id_budget_units REFERENCES budget_units,
            left_at timestamptz,
            CONSTRAINT pk_unit_staff PRIMARY KEY (person_id, linked_at),
            CONSTRAINT ck_unit_staff_leaves_after_linking CHECK (left_at > linked_at)
        )
    """)
    op.execute("CREATE UNIQUE INDEX ix_unit_staff_one_unit ON unit_staff (person_id) WHERE left_at IS NULL")
    op.execute("CREATE INDEX ix_unit_staff_unit_id ON unit_staff (unit_id)")
    op.execute("ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_subject_is_known")
    op.execute("""
        ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_subject_is_known CHECK (subject_kind IN (
            'claim', 'return', 'review', 'promotion', 'group-buy', 'love-purchase', 'presale', 'booking',
            'exchange', 'donation-recipient', 'donation', 'unit', 'reserved-share', 'budget', 'approval',
            'purchase', 'unit-order', 'acceptance', 'dispute', 'settlement', 'quotation', 'auction',
            'contract', 'call-off', 'crop-order', 'joint-purchase', 'reserve-purchase', 'absorption',
            'gift-campaign', 'claim-code'
        ))
    """)
    op.execute("ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_actor_is_known")
    op.execute("""
        ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_actor_is_known CHECK (actor IN (
            'buyer', 'supplier', 'recipient', 'official', 'operator', 'clock', 'rule', 'unit',
            'finance-office', 'member'
        ))
    """)
