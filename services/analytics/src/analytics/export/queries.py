"""Whole tables as streams of bytes: as many rows as there are, in the memory of a few thousand."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from analytics.warehouse import Rows
from shared import sheets

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
_ROW_GROUP = 65_536


class _Outlet:
    """A file that hands over what was written to it."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._place = 0

    def write(self, data: Any) -> int:
        """Keep the bytes until they are taken."""
        piece = bytes(data)
        self._written.append(piece)
        self._place += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How many bytes were written in all."""
        return self._place

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing to let go of."""

    def take(self) -> bytes:
        """What was written since the last time."""
        piece = b"".join(self._written)
        self._written.clear()
        return piece


async def list_csv(header: list[str], batches: AsyncIterator[Rows]) -> AsyncIterator[bytes]:
    """The table as CSV."""
    yield sheets.BYTE_ORDER_MARK + sheets.csv_lines([header])
    async for rows in batches:
        yield sheets.csv_lines(rows)


async def list_parquet(columns: list[dict[str, Any]], batches: AsyncIterator[Rows]) -> AsyncIterator[bytes]:
    """The table as Parquet, compressed with zstd: measures as 64-bit integers, all else as text."""
    import pyarrow as pa  # noqa: PLC0415 - only those who ask for Parquet pay for loading it
    from pyarrow import parquet  # noqa: PLC0415

    schema = pa.schema([(each["name"], pa.int64() if each["kind"] == "measure" else pa.string()) for each in columns])
    outlet = _Outlet()
    waiting: list[Sequence[Any]] = []

    def write(rows: Rows) -> None:
        arrays = [pa.array([row[place] for row in rows], field.type) for place, field in enumerate(schema)]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with parquet.ParquetWriter(pa.PythonFile(outlet, mode="w"), schema, compression="zstd") as writer:
        async for rows in batches:
            waiting += rows
            if len(waiting) >= _ROW_GROUP:
                write(waiting)
                waiting = []
                yield outlet.take()
        write(waiting)
    yield outlet.take()
