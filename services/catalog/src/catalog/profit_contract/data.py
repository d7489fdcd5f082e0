"""The floors of shares, read from the file beside this one."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Floor:
    """The lowest share in basis points for a basis, in divisions whose codes begin with `region`, from a day on."""

    basis: str
    region: str
    from_on: date
    floor_bp: int
    source: str
    confidence: str


@cache
def floors() -> tuple[Floor, ...]:
    """All entries of the file."""
    content = tomllib.loads((files("catalog.profit_contract") / "floors.toml").read_text(encoding="utf-8"))
    return tuple(Floor(**row) for row in content["floor"])


def floor_for(basis: str, *, county_code: str, on: date) -> Floor | None:
    """The floor that holds for the basis in the county on that day; None if there is none."""
    fitting = [
        each for each in floors() if each.basis == basis and county_code.startswith(each.region) and each.from_on <= on
    ]
    return max(fitting, key=lambda each: (len(each.region), each.from_on), default=None)
