"""The catalog's own lists: shelves, temperature classes, units and taxes, read from the files beside this one."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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


@dataclass(frozen=True)
class Unit:
    """What a pack is counted in, such as 箱."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True)
class TaxBasis:
    """A VAT rate in basis points, or an exemption, with what it rests on. It is for these shelves and kinds of supplier
    (none named: for all) from `valid_from` until `valid_until`, both days included (None: no end known)."""

    id: str
    zh: str
    en: str
    rate_bp: int
    is_exempt: bool
    region: str
    year: int
    source: str
    confidence: str
    valid_from: date
    valid_until: date | None = None
    categories: Sequence[str] = ()
    supplier_kinds: Sequence[str] = ()


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


@cache
def units() -> dict[str, Unit]:
    """Every unit by its id."""
    return {key: Unit(id=key, **values) for key, values in _read("units.toml").items()}


@cache
def tax_bases() -> dict[str, TaxBasis]:
    """Every tax rate and exemption by its id."""
    return {key: TaxBasis(id=key, **values) for key, values in _read("tax_bases.toml").items()}
