"""Catalogs of three sizes, each a database of its own, made once and kept.

What a search reads are cards and postings: those of the bench's catalog, which the service's own action rendered, are
copied under other numbers until there are as many as wanted. Every product counts as four packs.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg

from shared.postgres import ensure_database
from tests.bench.stage import FIRST_PORT, Stage

PACKS = 4
SIZES = (1_000, 100_000, 1_000_000)
"""SKUs in each catalog."""
_READY_SECONDS = 60
_CARDS = "product_cards"
_POSTINGS = "search_postings"
_TOO_FEW = "SELECT count(*) < $1 FROM product_cards"
_SECONDARY = (
    "DROP INDEX IF EXISTS ix_search_postings_product_number",
    "ALTER TABLE search_postings DROP CONSTRAINT IF EXISTS pk_search_postings",
)
_SECONDARY_AGAIN = (
    "ALTER TABLE search_postings ADD CONSTRAINT pk_search_postings PRIMARY KEY (term, rank, product_number)",
    "CREATE INDEX ix_search_postings_product_number ON search_postings (product_number)",
)


def database_name(size: int) -> str:
    """The database of the catalog with so many SKUs."""
    return f"zhunong_shelf_{size}"


def port_of(size: int) -> int:
    """Where the catalog with so many SKUs answers."""
    return FIRST_PORT + 20 + SIZES.index(size)


@asynccontextmanager
async def shelves(stage: Stage) -> AsyncIterator[dict[int, asyncio.subprocess.Process]]:
    """A catalog service for each size, filled, until the end of the block."""
    async with AsyncExitStack() as stack:
        running = {}
        for size in SIZES:
            dsn = stage.dsn("catalog").replace("/zhunong_catalog", f"/{database_name(size)}")
            await asyncio.to_thread(ensure_database, stage.dsn("catalog"), database_name(size))
            running[size] = await stack.enter_async_context(_service(stage, size, dsn))
            await _fill(stage.dsn("catalog"), dsn, products=size // PACKS)
        yield running


@asynccontextmanager
async def _service(stage: Stage, size: int, dsn: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        **stage.environment,
        "CATALOG_DATABASE_URL": dsn,
        "CATALOG_PORT": str(port_of(size)),
        "CATALOG_FEEDS": "{}",
    }
    log = (stage.state / f"shelf-{size}.log").open("w")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "catalog", "serve", "--migrate", env=environment, stdout=log, stderr=log
    )
    try:
        await _until_ready(f"http://127.0.0.1:{port_of(size)}/health/ready")
        yield process
    finally:
        process.terminate()
        await process.wait()
        log.close()


async def _until_ready(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        for _ in range(_READY_SECONDS * 10):
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError(f"{url} was not ready after {_READY_SECONDS} s")


async def _fill(source_dsn: str, dsn: str, *, products: int) -> None:
    target = await asyncpg.connect(dsn)
    try:
        if not await target.fetchval(_TOO_FEW, products):
            return
        await target.execute("TRUNCATE product_cards, search_postings")
        base = await _copy_base(source_dsn, target, products=products)
        for statement in _SECONDARY:
            await target.execute(statement)
        await target.execute("SET maintenance_work_mem = '1GB'")
        for first in range(0, products, base):
            count = min(base, products - first)
            await _add_turn(target, turn=first // base, base=base, count=count)
        for statement in _SECONDARY_AGAIN:
            await target.execute(statement)
        await target.execute("VACUUM ANALYZE product_cards, search_postings")
    finally:
        await target.close()


async def _copy_base(source_dsn: str, target: asyncpg.Connection, *, products: int) -> int:
    """The bench's cards and postings, numbered from 0; how many products they are."""
    await target.execute("CREATE TEMPORARY TABLE base_cards (LIKE product_cards)")
    await target.execute("CREATE TEMPORARY TABLE base_postings (LIKE search_postings)")
    source = await asyncpg.connect(source_dsn)
    try:
        chosen = (
            "SELECT product_number, (row_number() OVER (ORDER BY md5(product_number::text)) - 1)::integer AS place "
            "FROM product_cards WHERE valid_until > now() AND valid_from <= now()"
        )
        columns = [
            row["column_name"]
            for row in await source.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
                _CARDS,
            )
        ]
        picked = ", ".join("place" if each == "product_number" else f"card.{each}" for each in columns)
        now_cards = "card.valid_until > now() AND card.valid_from <= now()"
        await _carry(
            source,
            target,
            f"SELECT {picked} FROM product_cards AS card JOIN ({chosen}) AS chosen USING (product_number) "  # noqa: S608
            f"WHERE place < {products} AND {now_cards}",
            "base_cards",
            columns,
        )
        await _carry(
            source,
            target,
            f"SELECT term, rank, place FROM search_postings JOIN ({chosen}) AS chosen USING (product_number) "  # noqa: S608
            f"WHERE place < {products}",
            "base_postings",
            ["term", "rank", "product_number"],
        )
    finally:
        await source.close()
    return int(await target.fetchval("SELECT count(*) FROM base_cards"))


async def _carry(
    source: asyncpg.Connection, target: asyncpg.Connection, query: str, table: str, columns: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        await source.copy_from_query(query, output=path, format="binary")
        await target.copy_to_table(table, source=path, columns=columns, format="binary")


async def _add_turn(target: asyncpg.Connection, *, turn: int, base: int, count: int) -> None:
    """The base once more, under other numbers and with slightly other ranks and prices."""
    columns = [row["attname"] for row in await target.fetch(_COLUMNS, _CARDS)]
    changed = {
        "product_number": f"product_number + {turn * base}",
        "product_id": f"md5(product_id::text || '{turn}')::uuid",
        "price_fen": f"price_fen + {turn}",
        "created_ms": f"created_ms + {turn}",
    }
    picked = ", ".join(changed.get(each, each) for each in columns)
    names = ", ".join(columns)
    await target.execute(
        f"INSERT INTO product_cards ({names}) SELECT {picked} FROM base_cards WHERE product_number < {count}"  # noqa: S608
    )
    await target.execute(
        "INSERT INTO search_postings (term, rank, product_number) "  # noqa: S608
        f"SELECT term, rank + {turn % 40}, product_number + {turn * base} FROM base_postings "
        f"WHERE product_number < {count}"
    )


_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
