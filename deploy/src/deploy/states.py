"""`python -m deploy.states` writes docs/states.md, every state machine of the house as its rules have it, and into both
READMEs the tables of an order, its parts, payments and refunds.

A machine is a dictionary in a slice's rules.py (or moving.py) whose name ends in MOVES: verb → (statuses before, status
after).
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parents[3]
DOCUMENT = HOUSE / "docs" / "states.md"
_HEAD = """# States

Who is in which state may do what: the tables of legal moves, written by `make schemas` from the rules that hold them
(`<service>/src/<service>/<slice>/rules.py`). Any other move is a 409 `<noun>-status` and changes nothing; the
tests drive each machine through its actions.
"""

_BEGIN, _END = "<!-- states: written by `make schemas` -->\n", "<!-- /states -->"
READMES = {
    HOUSE / "README.md": {
        "orders order": "an order",
        "orders order: fulfilment": "each supplier's part of it",
        "orders payment": "a payment",
        "orders payment: refund": "a refund",
    },
    HOUSE / "README.zh-CN.md": {
        "orders order": "订单",
        "orders order: fulfilment": "各供应商的子订单（履约）",
        "orders payment": "支付",
        "orders payment: refund": "退款",
    },
}

Moves = dict[str, tuple[frozenset[str], str]]


def machines() -> Iterator[tuple[str, str, Moves]]:
    """(service, name, moves) of every machine, in order."""
    houses = ("services/*/src/*/*", "gateway/src/*/*")
    paths = [path for folder in houses for name in ("rules", "moving") for path in HOUSE.glob(f"{folder}/{name}.py")]
    for path in sorted(paths):
        service, slice_name = path.parts[-3], path.parts[-2]
        module = import_module(f"{service}.{slice_name}.{path.stem}")
        for name, value in sorted(vars(module).items()):
            if name.endswith("MOVES") and _is_machine(value):
                part = name.removesuffix("MOVES").strip("_").lower()
                yield service, f"{slice_name}: {part}" if part else slice_name, value


def _is_machine(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], frozenset)  # noqa: PLR2004 - before, after
        for each in value.values()
    )


def document() -> str:
    """The whole page."""
    lines = [_HEAD]
    for service, name, moves in machines():
        lines += [f"## {service} · {name.replace('_', ' ')}", "", "| verb | from | to |", "|---|---|---|"]
        lines += [f"| {verb} | {', '.join(sorted(before))} | {after} |" for verb, (before, after) in moves.items()]
        lines.append("")
    return "\n".join(lines)


def readme(path: Path, titles: dict[str, str]) -> str:
    """The README with its tables as they are now, between the marks."""
    found = {f"{service} {name}": moves for service, name, moves in machines()}
    lines = [_BEGIN]
    for name, title in titles.items():
        moves = [f"{verb}: {', '.join(sorted(before))} → {after}" for verb, (before, after) in found[name].items()]
        lines += [f"| {title} |", "|---|", *(f"| {each} |" for each in moves), ""]
    head, _, rest = path.read_text().partition(_BEGIN)
    return head + "\n".join(lines) + _END + rest.partition(_END)[2]


def main() -> int:
    """Write them."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document())
    for path, titles in READMES.items():
        path.write_text(readme(path, titles))
    return 0


if __name__ == "__main__":
    sys.exit(main())
