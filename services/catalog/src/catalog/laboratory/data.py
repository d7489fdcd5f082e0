"""Agreements between regions on each other's test reports, and the form of a CMA number, read from the file beside."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Agreement:
    """Reports from within one of the regions count in all of them, from `from_on` until `until_on` (None: for good)."""

    name: str
    regions: tuple[str, ...]
    from_on: date
    source: str
    confidence: str
    until_on: date | None = None


@dataclass(frozen=True)
class NumberForm:
    """How a CMA number reads, whole."""

    pattern: str
    example: str
    source: str
    confidence: str


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(files("catalog.laboratory").joinpath("recognitions.toml").read_text(encoding="utf-8"))


@cache
def agreements() -> tuple[Agreement, ...]:
    """All agreements, past ones too."""
    return tuple(Agreement(**{**each, "regions": tuple(each["regions"])}) for each in _file()["agreement"])


@cache
def cma_form() -> NumberForm:
    """The form of the number on the CMA mark."""
    return NumberForm(**_file()["cma"])
