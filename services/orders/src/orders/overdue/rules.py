"""What may be late, whose turn it is, and by when."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

Kind = Literal["CONFIRM", "SHIP", "ACCEPT", "INVOICE", "INVOICE_CHECK", "PAYMENT", "REVIEW", "APPROVAL"]
Side = Literal["supplier", "unit"]
KINDS: Final[tuple[Kind, ...]] = (
    "CONFIRM",
    "SHIP",
    "ACCEPT",
    "INVOICE",
    "INVOICE_CHECK",
    "PAYMENT",
    "REVIEW",
    "APPROVAL",
)
SUPPLIERS: Final[frozenset[Kind]] = frozenset({"CONFIRM", "SHIP", "INVOICE"})


@dataclass(frozen=True, slots=True)
class Deadline:
    """How many days one of them may take."""

    kind: Kind
    days: int
    source: str
    confidence: str


@cache
def deadlines() -> dict[str, Deadline]:
    """By kind (deadlines.toml); everything else has its terms elsewhere."""
    told = tomllib.loads((files(__package__) / "deadlines.toml").read_text(encoding="utf-8"))
    return {each["kind"]: Deadline(**each) for each in told["deadline"]}


def side_of(kind: Kind) -> Side:
    """Whose turn it is."""
    return "supplier" if kind in SUPPLIERS else "unit"
