"""Imports of 100,000 rows: checked, then written, beside COPY of the same rows into the same table."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import psutil  # type: ignore[import-untyped]

from catalog.import_batch import actions, queries
from catalog.import_batch.actions import Upload
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.files import open_files
from shared.ids import new_id
from tests.bench.import_files import COPIED, MARK, supply_records, write_products, write_supply
from tests.bench.measurement import Figures
from tests.bench.meter import Row, row_at_least, row_at_most, spent
from tests.bench.stage import Stage

ROWS, FEW = 100_000, 10_000
PRODUCT_ROWS = 30_000
GOAL = 5_000
_GROWTH = 1.2
_FORGET = (
    "DELETE FROM supply_entries WHERE starts_with(township, $1)",
    """DELETE FROM sku_prices USING skus JOIN products USING (product_id)
       WHERE sku_prices.sku_id = skus.sku_id AND starts_with(products.title, $1)""",
    "DELETE FROM skus USING products WHERE skus.product_id = products.product_id AND starts_with(products.title, $1)",
    "DELETE FROM products WHERE starts_with(title, $1)",
    "DELETE FROM import_batches WHERE starts_with(file_name, $1)",
)


@dataclass(frozen=True)
class Worked:
    """What one step of an import took; memory is the most of the worker and of the reader that it starts, in MiB."""

    seconds: float
    cpu: float
    database_cpu: float
    worker_mib: float
    reader_mib: float


class ImportRows:
    """Through the worker's own code in a process of its own; rows are new to the register each time."""

    name = "imports"

    def __init__(self) -> None:
        self._turn = 0
        self._supplier_id: UUID | None = None

    async def prepare(self, stage: Stage) -> None:
        """Whose products they will be."""
        found = await stage.fetch("catalog", "SELECT supplier_id FROM suppliers WHERE status = 'ACTIVE' LIMIT 1")
        self._supplier_id = UUID(str(found[0]["supplier_id"]))
        await self._forget(stage)

    async def measure(self, stage: Stage) -> dict[str, float]:
        """A file of 10,000 rows for its memory, one of 100,000, products, and COPY."""
        many, packs = stage.scaled(ROWS), stage.scaled(PRODUCT_ROWS)
        few = await self._import(stage, "supply", write_supply, FEW)
        whole = await self._import(stage, "supply", write_supply, many)
        products = await self._import(stage, "products", write_products, packs)
        copy_rate = await self._copy(stage, many)
        await self._forget(stage)
        return {
            "check_rate": many / whole[0].seconds,
            "check_cpu": 1000 * (whole[0].cpu + whole[0].database_cpu) / many,
            "write_rate": many / whole[1].seconds,
            "write_cpu": 1000 * (whole[1].cpu + whole[1].database_cpu) / many,
            "product_rate": packs / products[1].seconds,
            "product_cpu": 1000 * (products[1].cpu + products[1].database_cpu) / packs,
            "copy_rate": copy_rate,
            "worker_mib": max(each.worker_mib for each in whole),
            "worker_few_mib": max(each.worker_mib for each in few),
            "reader_mib": whole[0].reader_mib,
            "reader_few_mib": few[0].reader_mib,
        }

    def rows(self, medians: Figures) -> list[Row]:
        """Rows a second, and memory by the length of the file."""
        copy = f"COPY of the same rows: {medians['copy_rate']:,.0f}/s"
        few = medians["worker_few_mib"]
        return [
            row_at_least(
                "import, check",
                medians["check_rate"],
                "rows/s",
                GOAL,
                f"{medians['check_cpu']:.2f} s CPU per 1,000 rows, reader and database; {copy}",
                medians["check_rate"] / medians["copy_rate"],
            ),
            row_at_least(
                "import, write supply register",
                medians["write_rate"],
                "rows/s",
                GOAL,
                f"{medians['write_cpu']:.2f} s CPU per 1,000 rows, with the trail; {copy}",
                medians["write_rate"] / medians["copy_rate"],
            ),
            row_at_least(
                "import, write products",
                medians["product_rate"],
                "rows/s",
                GOAL,
                f"{medians['product_cpu']:.2f} s CPU per 1,000 packs with price, a third as many products",
            ),
            row_at_most(
                "import, worker's memory at 100,000 rows",
                medians["worker_mib"],
                "MiB",
                round(_GROWTH * few),
                f"{few:.0f} MiB at 10,000 rows; the reading process: {medians['reader_few_mib']:.0f} and "
                f"{medians['reader_mib']:.0f} MiB",
                medians["worker_mib"] / few,
            ),
        ]

    async def _import(
        self, stage: Stage, kind: str, write: Callable[[Path, int, int], None], count: int
    ) -> tuple[Worked, Worked]:
        """Check a fresh file and write it, in a fresh worker."""
        self._turn += 1
        turn = utc_now().microsecond * 100 + self._turn
        supplier_id = self._supplier_id if kind == "products" else None
        caller = Caller(new_id(), supplier_id or new_id(), "operator")
        with TemporaryDirectory(prefix="bench-import-") as folder:
            path = Path(folder) / f"{MARK}.csv"
            write(path, count, turn)
            files_url = (Path(folder) / "files").as_uri()
            database = Database(stage.dsn("catalog"), pool_size=2)
            try:
                async with database.begin() as db:
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    batch, _ = await actions.store_upload(
                        db,
                        open_files(files_url),
                        Upload(path, path.name, digest, path.stat().st_size),
                        batch_id=new_id(),
                        kind=kind,
                        supplier_id=supplier_id,
                        caller=caller,
                        now=utc_now(),
                    )
                async with _worker(stage, files_url) as work:
                    checked = await work(batch.batch_id)
                    async with database.begin() as db:
                        await actions.apply_batch(
                            db, batch_id=batch.batch_id, mode="abort", caller=caller, now=utc_now()
                        )
                    written = await work(batch.batch_id)
                async with database.read() as db:
                    done = await queries.get_batch(db, batch.batch_id, caller=caller)
            finally:
                await database.dispose()
        if (done.status, done.created_count) != ("APPLIED", count):
            raise RuntimeError(f"the import of {count} rows is {done.status} with {done.created_count}")
        return checked, written

    async def _copy(self, stage: Stage, count: int) -> float:
        """Rows a second."""
        records = list(supply_records(count, 0))
        connection = await asyncpg.connect(stage.dsn("catalog"))
        try:
            started = perf_counter()
            await connection.copy_records_to_table("supply_entries", records=records, columns=COPIED)
            return count / (perf_counter() - started)
        finally:
            await connection.close()

    async def _forget(self, stage: Stage) -> None:
        connection = await asyncpg.connect(stage.dsn("catalog"))
        try:
            async with connection.transaction():
                for statement in _FORGET:
                    await connection.execute(statement, MARK)
            for table in ("supply_entries", "products", "skus", "sku_prices", "import_rows"):
                await connection.execute(f"VACUUM ANALYZE {table}")
        finally:
            await connection.close()


@asynccontextmanager
async def _worker(stage: Stage, files_url: str) -> AsyncIterator[Callable[[UUID], Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.import_worker",
        stage.dsn("catalog"),
        files_url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    source, sink = process.stdout, process.stdin
    assert source is not None
    assert sink is not None

    async def work(batch_id: UUID) -> Worked:
        account = stage.account(database="catalog")
        peaks = Peaks(process.pid)
        watching = asyncio.create_task(peaks.watch())
        _, before = account.read()
        sink.write(f"{batch_id}\n".encode())
        told = orjson.loads(await source.readline())
        _, after = account.read()
        watching.cancel()
        used = max(0.0, spent(before, after) - account.idle_database * told["seconds"])
        return Worked(told["seconds"], told["cpu"], used, peaks.worker_mib, peaks.reader_mib)

    try:
        yield work
    finally:
        sink.close()
        await process.wait()


class Peaks:
    """The most memory of a worker, and of the reader below it, looked at fifty times a second."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self.worker_mib = 0.0
        self.reader_mib = 0.0

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.worker_mib = max(self.worker_mib, self._root.memory_info().rss / 2**20)
            for each in self._root.children():
                with suppress(psutil.NoSuchProcess):
                    if "catalog.importer.reading" in each.cmdline():  # before that it is a copy of the worker
                        self.reader_mib = max(self.reader_mib, each.memory_info().rss / 2**20)
            await asyncio.sleep(0.02)
