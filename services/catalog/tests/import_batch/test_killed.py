"""Workers are killed (SIGKILL) between two steps and within one, while they check and while they write: nothing is lost
and nothing is there twice."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from catalog.import_batch.rules import HOLD
from shared.clock import utc_now

ROWS, STEP_ROWS = 55, 20
_ROWS_KEPT = text("SELECT count(*), count(DISTINCT row_number) FROM import_rows")
_WRITTEN = text("""
    SELECT (SELECT count(*) FROM supply_entries), (SELECT count(DISTINCT village) FROM supply_entries),
        (SELECT max(revision) FROM supply_entries),
        (SELECT count(*) FROM trail_entries WHERE subject_kind = 'supply-entry')
""")


class Shift:
    """One worker after the other, each beginning when the time of the one before is over."""

    def __init__(self, desk, database, batch_id):
        self.desk, self.database, self.batch_id = desk, database, batch_id
        self.ahead = 0.0

    def next_clock(self):
        """The clock of the next one."""
        self.ahead += 2 * HOLD.total_seconds()
        ahead = timedelta(seconds=self.ahead)
        return lambda: utc_now() + ahead

    async def work_until(self, death):
        """How the process ended, and the import afterwards."""
        self.next_clock()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("worker.py")),
            self.database.url,
            self.desk.app.state.settings.files_url,
            self.batch_id,
            str(self.ahead),
            death,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        async with asyncio.timeout(120):
            ended = await process.wait()
        async with self.database.read() as db:
            query = text("SELECT status, checked_through, applied_through FROM import_batches WHERE batch_id = :id")
            row = (await db.execute(query, {"id": UUID(self.batch_id)})).one()
        return ended, row

    async def one(self, query):
        async with self.database.read() as db:
            return tuple((await db.execute(query)).one())


async def test_a_worker_killed_at_any_moment_is_followed_from_its_checkpoint(
    live_desk, fresh_database, supply_row, csv_of
):
    content = csv_of([supply_row(number) for number in range(1, ROWS + 1)])
    batch_id = (await live_desk.upload(content)).json()["batch_id"]
    shift = Shift(live_desk, fresh_database, batch_id)
    killed = -signal.SIGKILL

    rows = [1 + STEP_ROWS, 1 + 2 * STEP_ROWS, 1 + ROWS]  # the heads are row 1
    assert await shift.work_until("before:4") == (killed, ("CHECKING", rows[0], 0))  # taken, heads, a step
    assert await live_desk.work(batch_id) is False  # the dead worker's time is not over yet
    assert await shift.work_until("within:2") == (killed, ("CHECKING", rows[1], 0))
    assert await live_desk.work(batch_id, clock=shift.next_clock()) is True
    batch = await live_desk.get(batch_id)
    assert (batch["new_count"], batch["bad_count"], batch["row_count"]) == (ROWS, 0, ROWS)
    assert await shift.one(_ROWS_KEPT) == (ROWS, ROWS)

    await live_desk.apply(batch_id)
    assert await shift.work_until("within:1") == (killed, ("APPLYING", rows[2], 0))
    assert await shift.one(_WRITTEN) == (0, 0, None, 0)
    assert await shift.work_until("before:3") == (killed, ("APPLYING", rows[2], rows[0]))
    assert await shift.one(_WRITTEN) == (STEP_ROWS, STEP_ROWS, 1, STEP_ROWS)
    assert await live_desk.work(batch_id, clock=shift.next_clock()) is True
    done = await live_desk.get(batch_id)
    assert (batch["status"], done["status"]) == ("CHECKED", "APPLIED")
    assert (done["created_count"], done["updated_count"], done["kept_count"]) == (ROWS, 0, 0)
    assert await shift.one(_WRITTEN) == (ROWS, ROWS, 1, ROWS)
