"""Filings of reserved shares: legal moves only, one open version of a year and one in force, and no locked one changes
but by being replaced."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make the table; moves and what is locked are held by triggers."""
    op.execute("""
        CREATE TABLE reserved_shares (
            share_id uuid CONSTRAINT pk_reserved_shares PRIMARY KEY,
            revision bigint NOT NULL DEFAULT 1,
            unit_id uuid NOT NULL CONSTRAINT fk_reserved_shares_unit_id_budget_units REFERENCES budget_units,
            year integer NOT NULL,
            version integer NOT NULL,
            status text NOT NULL,
            canteen_mode text NOT NULL,
            shared_with_id uuid CONSTRAINT fk_reserved_shares_shared_with_id_budget_units REFERENCES budget_units,
            has_union_funds boolean NOT NULL,
            canteen_total_fen bigint NOT NULL,
            ratio_bp integer NOT NULL,
            canteen_reserved_fen bigint NOT NULL,
            union_total_fen bigint NOT NULL,
            union_member_count integer NOT NULL,
            union_reserved_fen bigint NOT NULL,
            reserved_fen bigint NOT NULL,
            contact text NOT NULL,
            phone text NOT NULL,
            note text NOT NULL DEFAULT '',
            correction_reason text NOT NULL DEFAULT '',
            return_reason text NOT NULL DEFAULT '',
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            submitted_by uuid,
            submitted_at timestamptz,
            approved_by uuid,
            confirmed_by uuid,
            locked_at timestamptz,
            superseded_at timestamptz,
            CONSTRAINT uq_reserved_shares_unit_id_year_version UNIQUE (unit_id, year, version),
            CONSTRAINT ck_reserved_shares_status_is_known CHECK (status IN
                ('DRAFT', 'SUBMITTED', 'LEAD_REVIEW', 'RETURNED', 'LEAD_APPROVED', 'FINANCE_CONFIRMED', 'LOCKED')),
            CONSTRAINT ck_reserved_shares_mode_is_known CHECK (canteen_mode IN
                ('OWN', 'OUTSOURCED', 'SHARED_REP', 'SHARED_MEMBER', 'NONE')),
            CONSTRAINT ck_reserved_shares_year_is_sane CHECK (year BETWEEN 2000 AND 2100),
            CONSTRAINT ck_reserved_shares_ratio_is_a_share CHECK (ratio_bp BETWEEN 0 AND 10000),
            CONSTRAINT ck_reserved_shares_nothing_is_negative CHECK
                (least(canteen_total_fen, union_total_fen, union_member_count, union_reserved_fen) >= 0),
            CONSTRAINT ck_reserved_shares_reserved_is_rounded_up CHECK
                (canteen_reserved_fen = (canteen_total_fen * ratio_bp + 9999) / 10000),
            CONSTRAINT ck_reserved_shares_reserved_is_the_sum CHECK
                (reserved_fen = canteen_reserved_fen + union_reserved_fen),
            CONSTRAINT ck_reserved_shares_zero_filing CHECK
                (canteen_mode NOT IN ('SHARED_MEMBER', 'NONE') OR canteen_total_fen = 0),
            CONSTRAINT ck_reserved_shares_names_representative CHECK
                ((canteen_mode = 'SHARED_MEMBER') = (shared_with_id IS NOT NULL)),
            CONSTRAINT ck_reserved_shares_submitted_by_somebody CHECK
                (status IN ('DRAFT', 'RETURNED') OR submitted_by IS NOT NULL),
            CONSTRAINT ck_reserved_shares_returned_with_reason CHECK (status <> 'RETURNED' OR return_reason <> ''),
            CONSTRAINT ck_reserved_shares_decided_by_another CHECK
                (approved_by <> submitted_by AND confirmed_by <> submitted_by),
            CONSTRAINT ck_reserved_shares_approved_by_somebody CHECK
                (status NOT IN ('LEAD_APPROVED', 'FINANCE_CONFIRMED', 'LOCKED') OR approved_by IS NOT NULL),
            CONSTRAINT ck_reserved_shares_confirmed_by_somebody CHECK
                (status NOT IN ('FINANCE_CONFIRMED', 'LOCKED') OR confirmed_by IS NOT NULL),
            CONSTRAINT ck_reserved_shares_locked_has_instant CHECK ((status = 'LOCKED') = (locked_at IS NOT NULL)),
            CONSTRAINT ck_reserved_shares_only_locked_is_replaced CHECK (superseded_at IS NULL OR status = 'LOCKED')
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX ix_reserved_shares_one_open ON reserved_shares (unit_id, year) WHERE status <> 'LOCKED'
    """)
    op.execute("""
        CREATE UNIQUE INDEX ix_reserved_shares_one_in_force ON reserved_shares (unit_id, year)
        WHERE status = 'LOCKED' AND superseded_at IS NULL
    """)
    op.execute("""
        CREATE FUNCTION reserved_share_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
        RETURN (before, after) IN (
            ('RETURNED', 'DRAFT'), ('DRAFT', 'SUBMITTED'), ('RETURNED', 'SUBMITTED'), ('SUBMITTED', 'DRAFT'),
            ('SUBMITTED', 'LEAD_REVIEW'), ('LEAD_REVIEW', 'LEAD_APPROVED'), ('LEAD_REVIEW', 'RETURNED'),
            ('LEAD_APPROVED', 'RETURNED'), ('FINANCE_CONFIRMED', 'RETURNED'), ('LEAD_APPROVED', 'FINANCE_CONFIRMED'),
            ('FINANCE_CONFIRMED', 'LOCKED')
        )
    """)
    op.execute("""
        CREATE TRIGGER reserved_shares_move BEFORE UPDATE OF status ON reserved_shares FOR EACH ROW
        WHEN (OLD.status <> NEW.status AND NOT reserved_share_may_move(OLD.status, NEW.status))
        EXECUTE FUNCTION refuse_move()
    """)
    op.execute("""
        CREATE FUNCTION keep_locked_share() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL
                AND to_jsonb(OLD) - 'superseded_at' = to_jsonb(NEW) - 'superseded_at' THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'a locked reserved share is corrected by a new version'
                USING ERRCODE = 'check_violation';
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER keep_locked BEFORE UPDATE OR DELETE ON reserved_shares FOR EACH ROW
        WHEN (OLD.status = 'LOCKED') EXECUTE FUNCTION keep_locked_share()
    """)
