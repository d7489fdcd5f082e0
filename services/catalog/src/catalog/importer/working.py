"""What a worker does with an import: read and check, or write, step by step, each step one transaction that moves the
checkpoint. Killed anywhere, it loses no row and writes none twice: another goes on from the checkpoint."""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from catalog.authority import region_prefix
from catalog.import_batch import actions, queries, rules
from catalog.import_batch.models import ImportBatch
from catalog.import_row import actions as row_actions
from catalog.importer.reading import Order
from catalog.importer.running import Frame, ReaderDied, reading
from catalog.importer.writer import Span
from catalog.importer.writers import writer_of
from catalog.settings import CatalogSettings
from shared.db import Database
from shared.errors import NotFound
from shared.files import Files

Clock = Callable[[], datetime]
_TOO_HEAVY = frozenset({-6, -9, -11, 137, 134})
"""How a process ends that asked for more memory than it may have."""


class HoldLost(Exception):  # noqa: N818 - nothing went wrong
    """The import was called off, or another worker took it over: leave it."""


class RowsLost(Exception):  # noqa: N818
    """Between check and writing something changed, so that a row of an import in mode abort cannot be taken."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row}")
        self.row = row


@dataclass(frozen=True)
class Workplace:
    """All that a worker needs."""

    database: Database
    files: Files
    settings: CatalogSettings
    worker_id: UUID
    clock: Clock


async def work_on(place: Workplace, batch_id: UUID) -> bool:
    """Bring the import as far as it goes by itself; whether there was anything to do for us."""
    async with place.database.begin() as db:
        batch = await actions.take_hold(db, batch_id=batch_id, worker_id=place.worker_id, now=place.clock())
    if batch is None:
        return False
    try:
        if batch.status == "APPLYING":
            await _write(place, batch)
        else:
            await _check(place, batch)
    except RowsLost as lost:
        await _stop(place, batch_id, lost.row)
    except HoldLost:
        return True
    except BaseException:
        with suppress(Exception):
            async with place.database.begin() as db:
                await actions.let_go(db, batch_id=batch_id, worker_id=place.worker_id, now=place.clock())
        raise
    return True


async def _check(place: Workplace, batch: ImportBatch) -> None:
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        path = Path(folder) / "file"
        try:
            await place.files.fetch(actions.file_key(batch.sha256), path)
        except NotFound:
            await _refuse(place, batch.batch_id, {"code": "file-damaged"})
            return
        order = await _order(place, batch, path)
        try:
            async with reading(order) as frames:
                async for frame in frames:
                    await _take(place, batch.batch_id, frame)
        except ReaderDied as died:
            if died.status not in _TOO_HEAVY:
                raise
            await _refuse(place, batch.batch_id, {"code": "file-too-heavy"})


async def _order(place: Workplace, batch: ImportBatch, path: Path) -> Order:
    async with place.database.read() as db:
        by_code, by_name = await queries.load_counties(db)
    settings = place.settings
    return Order(
        path=str(path),
        batch_id=str(batch.batch_id),
        kind=batch.kind,
        after=batch.checked_through,
        frame_rows=min(rules.STEP_ROWS, writer_of(batch.kind).step_rows),
        max_rows=settings.import_max_rows,
        max_inflated_bytes=settings.import_max_inflated_bytes,
        max_memory_bytes=settings.import_reader_bytes,
        counties=by_code,
        county_names=by_name,
        regions=None if batch.regions is None else [region_prefix(each) for each in batch.regions],
    )


async def _take(place: Workplace, batch_id: UUID, frame: Frame) -> None:
    """One step of checking."""
    if frame.kind == "spent":
        return
    if frame.kind == "refused":
        await _refuse(place, batch_id, {name: value for name, value in frame.facts.items() if name != "frame"})
        return
    now = place.clock()
    async with place.database.begin() as db:
        batch = await queries.lock_held(db, batch_id, worker_id=place.worker_id)
        if batch is None:
            raise HoldLost
        if frame.kind == "head":
            await actions.note_heads(db, batch, frame.facts, now=now)
        elif frame.kind == "end":
            await actions.finish_check(db, batch, frame.facts, now=now)
        elif frame.facts["last"] > batch.checked_through:
            span = Span(batch_id, batch.checked_through, frame.facts["last"], batch.supplier_id)
            outcome = await row_actions.stage(
                db, span, frame.payload, writer=writer_of(batch.kind), caller=actions.uploader(batch), now=now
            )
            await actions.count_checked(
                db, batch, outcome, last=span.last, total=frame.facts["count"], unreadable=frame.facts["bad"], now=now
            )


async def _write(place: Workplace, batch: ImportBatch) -> None:
    while True:
        now = place.clock()
        async with place.database.begin() as db:
            held = await queries.lock_held(db, batch.batch_id, worker_id=place.worker_id)
            if held is None:
                raise HoldLost
            span = Span(held.batch_id, held.applied_through, held.applied_through, held.supplier_id)
            done = await row_actions.write_next(
                db,
                span,
                limit=min(rules.STEP_ROWS, writer_of(held.kind).step_rows),
                writer=writer_of(held.kind),
                caller=actions.uploader(held),
                now=now,
            )
            if done is None:
                await actions.end(db, held, verb="finish", now=now)
                return
            if held.mode == "abort" and done[1].faults:
                raise RowsLost(min(done[1].faults))
            await actions.count_written(db, held, done[1], last=done[0], now=now)
        await asyncio.sleep(0)


async def _stop(place: Workplace, batch_id: UUID, row: int) -> None:
    """Rows that were good when they were checked are not any more, and bad rows were to stop everything."""
    async with place.database.begin() as db:
        batch = await queries.lock_held(db, batch_id, worker_id=place.worker_id)
        if batch is None:
            raise HoldLost
        await actions.end(
            db, batch, verb="fail", now=place.clock(), refusal={"code": "changed-meanwhile-row", "row": row}
        )


async def _refuse(place: Workplace, batch_id: UUID, refusal: dict[str, Any]) -> None:
    now = place.clock()
    async with place.database.begin() as db:
        batch = await queries.lock_held(db, batch_id, worker_id=place.worker_id)
        if batch is None:
            raise HoldLost
        await row_actions.clear_rows(db, batch_id)
        await actions.end(db, batch, verb="refuse", now=now, refusal=refusal)
