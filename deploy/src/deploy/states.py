"""`python -m deploy.states` writes docs/states.md: every state machine of the house, as its rules have it.

A machine is a dictionary in a slice's rules.py whose name ends in MOVES: verb → (statuses before, status after).
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
(`services/<service>/src/<service>/<slice>/rules.py`). Any other move is a 409 `<noun>-status` and changes nothing; the
tests drive each machine through its actions.
"""

Moves = dict[str, tuple[frozenset[str], str]]


def machines() -> Iterator[tuple[str, str, Moves]]:
    """(service, name, moves) of every machine, in order."""
    for path in sorted(HOUSE.glob("services/*/src/*/*/rules.py")):
        service, slice_name = path.parts[-3], path.parts[-2]
        module = import_module(f"{service}.{slice_name}.rules")
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


def main() -> int:
    """Write the page."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document())
    return 0


if __name__ == "__main__":
    sys.exit(main())
