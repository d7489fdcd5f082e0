"""The rules of exit permits, read from the file beside this one."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True)
class ExitRule:
    """Goods of these shelves from the region need one of `any_of` in force, from `from_on` until `until_on` (None: for
    good)."""

    id: str
    region: str
    from_on: date
    categories: frozenset[str]
    any_of: frozenset[str]
    effect: Literal["refuse", "warn"]
    zh: str
    en: str
    source: str
    confidence: str
    until_on: date | None = None


@cache
def exit_rules() -> tuple[ExitRule, ...]:
    """All rules, past ones too."""
    told = tomllib.loads(files("catalog.exit_permit").joinpath("exit_rules.toml").read_text(encoding="utf-8"))
    return tuple(
        ExitRule(**{**each, "categories": frozenset(each["categories"]), "any_of": frozenset(each["any_of"])})
        for each in told["rule"]
    )
