"""The texts of the pages: a folder a language (texts/zh, texts/en), a file an area, the same keys in both languages."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from gateway.visitor import Language

_FOLDER = Path(__file__).parent / "texts"
_COUNTED_KEYS = frozenset({"one", "other"})
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


class Phrase(str):
    """A text with places to fill: `t.cart.remove_of(title="…")`. It prints as it is when nothing is filled in."""

    __slots__ = ()

    def __call__(self, **values: object) -> str:
        return self.format(**values)


class Counted:
    """A text that depends on how many there are: `t.list.found(3)`. The number is written with separators."""

    __slots__ = ("_one", "_other")

    def __init__(self, one: str, other: str) -> None:
        self._one = one
        self._other = other

    def __call__(self, count: int, **values: object) -> str:
        return (self._one if count == 1 else self._other).format(n=f"{count:,}", **values)


class Wording(SimpleNamespace):
    """All texts of one language, by attribute: `t.cart.title`.

    The tables under `names` are plain dictionaries from a code (a category, a province, a status) to its name.
    """

    language: Language
    names: dict[str, dict[str, str]]


def _branch(value: Any) -> Any:
    if isinstance(value, str):
        return Phrase(value) if "{" in value else value
    if isinstance(value, list):
        return tuple(_branch(item) for item in value)
    if value.keys() == _COUNTED_KEYS:
        return Counted(value["one"], value["other"])
    return SimpleNamespace(**{key: _branch(item) for key, item in value.items()})


def merged(files: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The tables of all files (name and content) as one; those under `names` are merged one level deeper.

    Raises ValueError, which names both files, for a table that two of them have.
    """
    tables: dict[str, Any] = {}
    names: dict[str, Any] = {}
    owners: dict[str, str] = {}
    for file, content in files:
        own_names = content.get("names", {})
        own = {key: table for key, table in content.items() if key != "names"}
        for path in [*own, *(f"names.{key}" for key in own_names)]:
            if path in owners:
                raise ValueError(f"[{path}] is in {owners[path]} and in {file}: a table belongs to one file.")
            owners[path] = file
        tables |= own
        names |= own_names
    return tables | {"names": names}


def files_of(language: Language) -> list[Path]:
    """The files of a language in name order."""
    return sorted((_FOLDER / language).glob("*.toml"))


def read_texts(language: Language) -> dict[str, Any]:
    """All texts of a language as they stand in its files."""
    return merged((file.name, tomllib.loads(file.read_text("utf-8"))) for file in files_of(language))


@cache
def wording(language: Language) -> Wording:
    """The texts of a language, read once."""
    tables = read_texts(language)
    names = tables.pop("names")
    return Wording(language=language, names=names, **{key: _branch(table) for key, table in tables.items()})
