"""Units of scale, read from the file beside this one."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class ScaleUnit:
    """How the size of a crop or a herd is counted: 亩, 头, 群, …"""

    id: str
    zh: str
    en: str


@cache
def scale_units() -> dict[str, ScaleUnit]:
    """Every unit by its id, in the order in which they are offered."""
    text = files("catalog.supply").joinpath("scale_units.toml").read_text(encoding="utf-8")
    return {key: ScaleUnit(id=key, **values) for key, values in tomllib.loads(text).items()}
