"""The tables that the shared library keeps in every service's database."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


ischema_names["xid8"] = Xid8  # so that reflection knows it too


def attach_shared_tables(metadata: MetaData) -> None:
    """Declare them, so that autogenerate knows them and migrations can make them."""
    Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("txid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
        Column("id", UUID(as_uuid=True), nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("correlationid", Text),
        Column("causationid", Text),
        Column("traceparent", Text),
        Column("data", JSONB, nullable=False),
        Index("ix_outbox_txid_position", "txid", "position"),
    )
    Table(
        "event_cursors",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("cursor", Text, nullable=False),
        Column("moved_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    )
    Table(
        "parked_events",
        metadata,
        Column("parked_id", BigInteger, Identity(always=True), primary_key=True),
        Column("consumer", Text, nullable=False),
        Column("event_id", UUID(as_uuid=True), nullable=False),
        Column("subject", Text, nullable=False),
        Column("envelope", JSONB, nullable=False),
        Column("error", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("resolved_at", DateTime(timezone=True)),
        UniqueConstraint("consumer", "event_id"),
        Index("ix_parked_events_open", "consumer", "subject", postgresql_where=text("resolved_at IS NULL")),
    )
    Table(
        "idempotency_keys",
        metadata,
        Column("caller", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("request_hash", LargeBinary, nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        PrimaryKeyConstraint("caller", "key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )
