"""The table, `.state/bench.json`, and the Markdown that goes into the README."""

from collections.abc import Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.meter import Row

_MARKS = {True: "yes", False: "no", None: "–"}


def value_text(row: Row) -> str:
    """A value with as many digits as mean something."""
    digits = 0 if row.value >= 1000 else 1 if row.value >= 100 else 2
    return f"{row.value:,.{digits}f} {row.unit}"


def print_table(rows: Sequence[Row], *, title: str) -> None:
    """For the terminal."""
    table = Table(title=title, title_justify="left", show_lines=False)
    for column in ("what", "measured", "goal", "met", "yardstick", "ratio"):
        table.add_column(column, justify="right" if column in {"measured", "ratio"} else "left", overflow="fold")
    for row in rows:
        style = "red" if row.ok is False else ""
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.name, value_text(row), row.goal, _MARKS[row.ok], row.yardstick, ratio, style=style)
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def write_json(rows: Sequence[Row], path: Path) -> None:
    """A list of {name, value, unit, goal, ok, yardstick, ratio}."""
    path.write_bytes(orjson.dumps([row.as_json() for row in rows], option=orjson.OPT_INDENT_2))


def markdown(rows: Sequence[Row], *, title: str) -> str:
    """For the README."""
    lines = [title, "", "| what | measured | goal | met | beside it | ratio |", "|---|--:|---|---|---|--:|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.name} | {value_text(row)} | {row.goal} | {_MARKS[row.ok]} | {row.yardstick} | {ratio} |")
    return "\n".join(lines)
