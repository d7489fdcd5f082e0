"""What is made once and kept under `.state/bench`; made anew when the tables or what fills them changed."""

import asyncio
import fcntl
import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench import goods

_ROOT = Path(__file__).parents[2]
_TABLES = (
    "services/*/src/*/migrations/**/*.py",
    "services/*/src/*/migrations/**/*.sql",
    "gateway/src/gateway/migrations/**/*.py",
    "services/shared/src/shared/migrations.py",
    "services/shared/src/shared/tables.py",
    "services/shared/src/shared/postgres.py",
)
_FACTS = ("services/analytics/src/analytics/tables/*.sql", "tests/bench/synthetic_facts.py")
_GOODS = (
    "tests/bench/goods.py",
    "services/catalog/src/catalog/facts.py",
    "services/catalog/src/catalog/search/actions.py",
    "services/catalog/src/catalog/search/rules.py",
)


def fingerprint(patterns: tuple[str, ...]) -> str:
    """Of the files that decide what is kept."""
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_as_wanted(mark: Path, patterns: tuple[str, ...]) -> bool:
    """Whether what the mark stands for was made of these very files."""
    return mark.exists() and mark.read_text() == fingerprint(patterns)


@contextmanager
def kept_for_us(state: Path) -> Iterator[None]:
    """Nobody else measures on this state meanwhile; whoever comes second is told so and leaves everything as it is."""
    state.parent.mkdir(parents=True, exist_ok=True)
    with state.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("Another `make bench` is running here. Wait for its end.") from None
        yield


def forget_if_outdated(state: Path) -> None:
    """An old state would measure tables that are no more."""
    mark = state / "tables"
    if state.exists() and not is_as_wanted(mark, _TABLES):
        shutil.rmtree(state)
    state.mkdir(parents=True, exist_ok=True)
    mark.write_text(fingerprint(_TABLES))


async def make_facts(state: Path) -> None:
    """5,000,000 lines in the folder that the service will open."""
    mark = state / "facts-made"
    if is_as_wanted(mark, _FACTS):
        return
    folder = state / "clickhouse"
    shutil.rmtree(folder, ignore_errors=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.engine", "load", str(folder), cwd=_ROOT
    )
    if await process.wait() != 0:
        raise RuntimeError("the lines could not be made")
    mark.write_text(fingerprint(_FACTS))


def copy_facts(state: Path) -> None:
    """The service's folder as it is now, part by part, for the bare engine: FINAL costs by the parts that there are."""
    bare = state / "clickhouse-bare"
    shutil.rmtree(bare, ignore_errors=True)
    shutil.copytree(state / "clickhouse", bare, symlinks=True)


def is_made(state: Path) -> bool:
    """Whether nothing is missing of what is kept."""
    marks = ((state / "facts-made", _FACTS), (state / "catalog-filled", _GOODS), (state / "orders-filled", _GOODS))
    return (state / "demo-loaded").exists() and all(is_as_wanted(mark, patterns) for mark, patterns in marks)


async def make_goods(state: Path, environment: Mapping[str, str]) -> None:
    """The bench's products and SKUs, beside the running suite."""
    for name, fill in (("catalog", goods.fill_catalog), ("orders", goods.fill_orders)):
        mark = state / f"{name}-filled"
        if not is_as_wanted(mark, _GOODS):
            await fill(environment[f"{name.upper()}_DATABASE_URL"])
            mark.write_text(fingerprint(_GOODS))
