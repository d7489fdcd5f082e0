"""The catalog's own lists: shelves and temperature classes, read from the files beside this one."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Category:
    """A shelf of the shop; `words` are further words under which it is searched."""

    id: str
    zh: str
    en: str
    words: str = ""


@dataclass(frozen=True)
class TemperatureClass:
    """How cold a product is kept: the target range in degrees Celsius, None where it is open."""

    id: str
    zh: str
    en: str
    group: str
    basis: str
    min_c: float | None = None
    max_c: float | None = None


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("catalog.product").joinpath(name).read_text(encoding="utf-8"))


@cache
def categories() -> dict[str, Category]:
    """Every category by its id, in the order of the shop."""
    return {key: Category(id=key, **values) for key, values in _read("categories.toml").items()}


@cache
def temperature_classes() -> dict[str, TemperatureClass]:
    """Every temperature class by its id."""
    return {key: TemperatureClass(id=key, **values) for key, values in _read("temperature_classes.toml").items()}
