"""Budget units and their tree; the trail learns the words of institutions."""

from alembic import op

revision = "0022"
down_revision = "0021"


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
