"""Who prepared what an approval decides on: they approve it as little as who asked for it."""

from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """The people stand on the case as it was opened, and the trigger on decisions looks at them too."""
    op.execute("ALTER TABLE approval_cases ADD COLUMN prepared_by uuid[] NOT NULL DEFAULT '{}'")
    op.execute("UPDATE approval_cases SET prepared_by = ARRAY[asked_by] WHERE asked_by IS NOT NULL")
    op.execute("""
        CREATE OR REPLACE FUNCTION refuse_own_approval() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM approval_cases
                WHERE case_id = NEW.case_id
                    AND array_append(prepared_by, asked_by) && ARRAY[NEW.person_id, NEW.for_person_id]
            ) THEN
                RAISE EXCEPTION 'nobody approves what they asked for or prepared' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
