"""The texts of the pages, one file a language (texts/zh.toml, texts/en.toml) with the same keys in both."""

import tomllib
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


def read_texts(language: Language) -> dict[str, Any]:
    """The file of a language as it stands."""
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def wording(language: Language) -> Wording:
    """The texts of a language, read once."""
    tables = read_texts(language)
    names = tables.pop("names")
    return Wording(language=language, names=names, **{key: _branch(table) for key, table in tables.items()})
