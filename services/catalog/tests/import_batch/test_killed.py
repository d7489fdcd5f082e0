"""A worker is killed while it checks and while it writes: nothing is lost and nothing is there twice."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from catalog.import_batch.rules import HOLD
from shared.clock import utc_now

ROWS = 3000


async def killed_when(desk, fresh_database, batch_id: str, column: str) -> int:
    """Start a worker, kill it (SIGKILL) as soon as it is past its first step; the checkpoint that it left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("worker.py")),
        fresh_database.url,
        desk.app.state.settings.files_url,
        batch_id,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with asyncio.timeout(90):
            done = 0
            while not done and process.returncode is None:
                async with fresh_database.read() as db:
                    done = await db.scalar(text(f"SELECT {column} FROM import_batches"))  # noqa: S608
        process.send_signal(signal.SIGKILL)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    async with fresh_database.read() as db:
        return int(await db.scalar(text(f"SELECT {column} FROM import_batches")))  # noqa: S608


@pytest.fixture
def step_rows(monkeypatch):
    monkeypatch.setattr("catalog.import_batch.rules.STEP_ROWS", 500)


@pytest.mark.usefixtures("step_rows")
async def test_a_killed_worker_is_followed_from_its_checkpoint(live_desk, fresh_database, supply_row, csv_of):
    content = csv_of([supply_row(number) for number in range(1, ROWS + 1)])
    batch_id = (await live_desk.upload(content)).json()["batch_id"]
    checked = await killed_when(live_desk, fresh_database, batch_id, "checked_through")
    assert 0 < checked < ROWS
    assert await live_desk.work(batch_id) is False  # the dead worker's time is not over yet
    later = utc_now() + 2 * HOLD
    assert await live_desk.work(batch_id, clock=lambda: later) is True
    batch = await live_desk.get(batch_id)
    assert (batch["status"], batch["new_count"], batch["bad_count"]) == ("CHECKED", ROWS, 0)

    await live_desk.apply(batch_id)
    applied = await killed_when(live_desk, fresh_database, batch_id, "applied_through")
    assert 0 < applied < ROWS
    assert await live_desk.work(batch_id, clock=lambda: later + 2 * HOLD) is True
    done = await live_desk.get(batch_id)
    assert (done["status"], done["created_count"], done["kept_count"]) == ("APPLIED", ROWS, 0)
    async with fresh_database.read() as db:
        entries = await db.scalar(text("SELECT count(*) FROM supply_entries"))
        villages = await db.scalar(text("SELECT count(DISTINCT village) FROM supply_entries"))
        trail = await db.scalar(text("SELECT count(*) FROM trail_entries WHERE subject_kind = 'supply-entry'"))
    assert (entries, villages, trail) == (ROWS, ROWS, ROWS)
