"""A table of things, for the tests of the shared library."""

from alembic import op

from shared.migrations import create_job_tables, create_shared_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_shared_tables(op)
    create_job_tables(op)
    op.execute("""
        CREATE TABLE things (
            name text NOT NULL,
            count integer NOT NULL,
            CONSTRAINT pk_things PRIMARY KEY (name),
            CONSTRAINT ck_things_count_positive CHECK (count > 0)
        )
    """)
    op.execute("""
        CREATE FUNCTION refuse_thirteen() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.count = 13 THEN
                RAISE EXCEPTION 'thirteen is refused' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER refuse_thirteen AFTER INSERT OR UPDATE ON things
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_thirteen()
    """)
