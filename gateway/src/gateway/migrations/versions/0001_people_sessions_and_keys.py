"""People, organisations, sessions, credentials, signing keys and attempts."""

from typing import cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.migrations import create_job_tables, create_shared_tables

revision = "0001"
down_revision = None


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    """A column that holds an instant."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def words(name: str) -> sa.Column[object]:
    """A column that holds a list of short texts."""
    return sa.Column(name, ARRAY(sa.Text()), nullable=False)


def upgrade() -> None:
    operations = cast("Operations", op)  # alembic's module stands for the operations of this run
    create_shared_tables(operations)
    create_job_tables(operations)
    create_people()
    create_sessions()
    create_credentials()
    create_keys_and_attempts()


def create_people() -> None:
    op.create_table(
        "people",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        instant("password_changed_at"),
        instant("created_at"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
        sa.UniqueConstraint("email", name="uq_people_email"),
        sa.UniqueConstraint("phone", name="uq_people_phone"),
        sa.CheckConstraint("email IS NOT NULL OR phone IS NOT NULL", name="ck_people_reachable"),
        sa.CheckConstraint("email = lower(email)", name="ck_people_email_in_small_letters"),
        sa.CheckConstraint("language IN ('zh', 'en')", name="ck_people_language_known"),
    )
    op.create_table(
        "organisations",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        words("regions"),
        instant("created_at"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_organisations"),
        sa.CheckConstraint(
            "kind IN ('institution', 'supplier', 'carrier', 'analyst', 'official', 'operator')",
            name="ck_organisations_kind_known",
        ),
    )
    op.create_table(
        "memberships",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        words("roles"),
        words("regions"),
        instant("created_at"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "organisation_id", name="pk_memberships"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name="fk_memberships_person_id_people", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name="fk_memberships_organisation_id_organisations",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("cardinality(roles) > 0", name="ck_memberships_has_role"),
    )
    op.create_index("ix_memberships_organisation_id", "memberships", ["organisation_id"])


def acting_for(table: str) -> list[sa.ForeignKeyConstraint]:
    """The keys of a row in which a person acts, perhaps for an organisation: it goes with the membership."""
    return [
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=f"fk_{table}_person_id_people", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "organisation_id"],
            ["memberships.person_id", "memberships.organisation_id"],
            name=f"fk_{table}_person_id_organisation_id_memberships",
            ondelete="CASCADE",
        ),
    ]


def create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        instant("created_at"),
        instant("last_seen_at"),
        instant("expires_at"),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
        *acting_for("sessions"),
    )
    op.create_index("ix_sessions_person_id_organisation_id", "sessions", ["person_id", "organisation_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def create_credentials() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        words("scopes"),
        instant("created_at"),
        instant("expires_at", nullable=True),
        instant("last_used_at", nullable=True),
        instant("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
        sa.CheckConstraint("cardinality(scopes) > 0", name="ck_api_keys_has_scope"),
        *acting_for("api_keys"),
    )
    op.create_index("ix_api_keys_person_id_organisation_id", "api_keys", ["person_id", "organisation_id"])
    op.create_table(
        "oauth_clients",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        words("scopes"),
        words("roles"),
        instant("created_at"),
        instant("last_used_at", nullable=True),
        instant("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("client_id", name="pk_oauth_clients"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name="fk_oauth_clients_organisation_id_organisations",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("cardinality(scopes) > 0", name="ck_oauth_clients_has_scope"),
    )
    op.create_index("ix_oauth_clients_organisation_id", "oauth_clients", ["organisation_id"])
    op.create_table(
        "access_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        words("scopes"),
        instant("expires_at"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_access_tokens"),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_clients.client_id"],
            name="fk_access_tokens_client_id_oauth_clients",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_access_tokens_client_id", "access_tokens", ["client_id"])
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])


def create_keys_and_attempts() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", JSONB(), nullable=False),
        instant("signs_from"),
        instant("created_at"),
        sa.PrimaryKeyConstraint("key_id", name="pk_signing_keys"),
    )
    op.create_table(
        "attempts",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        instant("window_ends_at"),
        sa.PrimaryKeyConstraint("bucket", name="pk_attempts"),
        sa.CheckConstraint("attempt_count >= 0", name="ck_attempts_count_not_negative"),
    )
    op.create_index("ix_attempts_window_ends_at", "attempts", ["window_ends_at"])


def downgrade() -> None:
    for table in (
        "attempts",
        "signing_keys",
        "access_tokens",
        "oauth_clients",
        "api_keys",
        "sessions",
        "memberships",
        "organisations",
        "people",
    ):
        op.drop_table(table)
