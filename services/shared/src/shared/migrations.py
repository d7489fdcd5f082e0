"""Migrations: alembic, run in-process, one at a time however many processes start at once."""

from pathlib import Path

import procrastinate.schema
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from shared.db import create_engine
from shared.tables import NAMING, attach_shared_tables

_LOCK = 832_160
_FOREIGN_PREFIX = "procrastinate_"


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, folder: Path, target: str) -> None:
    config = _config(folder)
    script = ScriptDirectory.from_config(config)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    environment = EnvironmentContext(
        config,
        script,
        fn=lambda revision, _: script._upgrade_revs(target, revision),  # noqa: SLF001 - what alembic's own command does
        destination_rev=target,
    )
    with environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


async def migrate(url: str, folder: Path, *, target: str = "head") -> None:
    """Bring the database to `target`; all or nothing."""
    engine = create_engine(url, pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, folder, target)
    finally:
        await engine.dispose()


async def differences(url: str, metadata: MetaData) -> list[str]:
    """What autogenerate would still change in a migrated database: must be nothing."""
    engine = create_engine(url, pool_size=1)

    def compare(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _is_ours})
        return [repr(each) for each in compare_metadata(context, metadata)]

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()


def _is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
    return not (kind == "table" and (name or "").startswith(_FOREIGN_PREFIX))


def create_shared_tables(op: Operations) -> None:
    """First step of each service's first revision: outbox, cursors, parked events, idempotency keys."""
    metadata = MetaData(naming_convention=NAMING)
    attach_shared_tables(metadata)
    metadata.create_all(op.get_bind())


def drop_outbox_trigger(op: Operations) -> None:
    """For databases made when a trigger still rang for each event (see `shared.bell`); elsewhere nothing is there."""
    op.execute("DROP TRIGGER IF EXISTS ring_outbox ON outbox")
    op.execute("DROP FUNCTION IF EXISTS ring_outbox()")


def create_job_tables(op: Operations) -> None:
    """The tables and functions of procrastinate, for a service that has jobs."""
    execute_script(op, procrastinate.schema.SchemaManager.get_schema())


def execute_script(op: Operations, script: str) -> None:
    """Run SQL of many statements, which a prepared statement cannot."""
    raw = op.get_bind().connection.dbapi_connection
    raw.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]
