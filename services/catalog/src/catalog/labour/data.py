"""Skills, and the smallest count that is told, read from the files beside this one."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Skill:
    """Something that people can do and jobs ask for."""

    id: str
    zh: str
    en: str


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("catalog.labour").joinpath(name).read_text(encoding="utf-8"))


@cache
def skills() -> dict[str, Skill]:
    """Every skill by its id, in the order in which they are offered."""
    return {key: Skill(id=key, **values) for key, values in _read("skills.toml").items()}


@cache
def smallest_public_count() -> int:
    """A count below this is not told to the public."""
    return int(_read("limits.toml")["public_count"]["smallest"])
