"""POST /v1/carriers/{code}/readings in batches of a day's 1,440, beside COPY of the same rows into the same table."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import perf_counter, time_ns

import asyncpg
import orjson

from tests.bench.carriage import Carrier, new_carrier, new_parcels
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst, row_at_least
from tests.bench.stage import Stage

MINUTES = 1440
_BATCHES = 120
_CLIENTS = 4
_WARM = range(600, 645)
_COLUMNS = ["series_id", "at", "temperature_c", "humidity_percent"]


class ReadingsIngest:
    """A fresh parcel for each batch: signed, checked, judged for excursions and stored, against stored."""

    name = "readings"

    def __init__(self) -> None:
        self._carrier: Carrier | None = None
        self._day: list[tuple[datetime, float]] = []

    async def prepare(self, stage: Stage) -> None:
        """A day of one device with one excursion; earlier runs' readings are removed."""
        self._carrier = await new_carrier(stage)
        start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=25)
        self._day = [
            (
                start + timedelta(minutes=minute),
                round((9.5 if minute in _WARM else 3.0) + stage.chance.uniform(-0.6, 0.6), 1),
            )
            for minute in range(MINUTES)
        ]
        await stage.fetch("logistics", "TRUNCATE readings")

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Columns, rows, and COPY between them in the middle of the round."""
        columns = {"at": [at.isoformat() for at, _ in self._day], "temperature_c": [value for _, value in self._day]}
        rows = [{"at": at.isoformat(), "temperature_c": value} for at, value in self._day]
        count = stage.scaled(_BATCHES)
        figures = await self._push(stage, count, columns, "columns_")
        figures["copy_rate"], figures["copy_ms"] = await self._copy(stage, count)
        return figures | await self._push(stage, count, rows, "rows_")

    def rows(self, medians: Figures) -> list[Row]:
        """Readings a second beside COPY's."""
        copy = medians["copy_rate"]
        return [
            row_at_least(
                f"readings ingest, {form}",
                medians[f"{prefix}rate"],
                "readings/s",
                round(copy / 2),
                f"half of COPY's {copy:,.0f}/s ({medians['copy_ms']:.1f} ms CPU of PostgreSQL a batch); a batch of "
                f"1,440 costs app {medians[f'{prefix}app_ms']:.1f} + database {medians[f'{prefix}database_ms']:.1f} ms",
                medians[f"{prefix}rate"] / copy,
            )
            for form, prefix in (("columns", "columns_"), ("objects", "rows_"))
        ]

    async def _push(self, stage: Stage, count: int, readings: object, prefix: str) -> dict[str, float]:
        carrier = self._carrier
        assert carrier is not None
        waybills = await new_parcels(stage, count)
        tail = b',"readings":' + orjson.dumps(readings) + b"}"
        bodies = [
            orjson.dumps({"waybill_number": waybill, "device_id": f"D{waybill}"})[:-1] + tail for waybill in waybills
        ]

        async def push(number: int) -> None:
            await carrier.push("readings", bodies[number])

        account = stage.account("logistics", database="logistics")
        sample = await burst(push, count=count, clients=_CLIENTS, account=account)
        figures = sample.figures(prefix)
        figures[f"{prefix}rate"] *= MINUTES
        return figures

    async def _copy(self, stage: Stage, count: int) -> tuple[float, float]:
        """Readings a second, and PostgreSQL's CPU milliseconds a batch; the rows carry series ids that nobody has."""
        first = -(time_ns() // 1000)
        numbers = iter(range(count))
        connections = [await asyncpg.connect(stage.dsn("logistics")) for _ in range(_CLIENTS)]
        account = stage.account(database="logistics")

        async def client(connection: asyncpg.Connection) -> None:
            for number in numbers:
                records = [(first - number, at, value, None) for at, value in self._day]
                await connection.copy_records_to_table("readings", records=records, columns=_COLUMNS)

        try:
            _, before = account.read()
            started = perf_counter()
            await asyncio.gather(*(client(connection) for connection in connections))
            seconds = perf_counter() - started
            _, after = account.read()
        finally:
            for connection in connections:
                await connection.close()
        used = sum(value - before.get(pid, 0.0) for pid, value in after.items()) - account.idle_database * seconds
        return count * MINUTES / seconds, 1000 * used / count
