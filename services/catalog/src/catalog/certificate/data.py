"""The types of certificate and the conformity certificate's two forms, read from the files beside this one."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class CertificateKind:
    """A type of certificate: `years` is how long one is usually given, 0 where there is no such rule; `confidence`
    tells how sure we are of the number's form."""

    id: str
    zh: str
    en: str
    pattern: str
    example: str
    years: int
    confidence: str
    source: str

    def takes(self, number: str) -> bool:
        """Whether the number has this type's form."""
        return re.fullmatch(self.pattern, number) is not None


@dataclass(frozen=True)
class ConformityForm:
    """One of the two forms of the conformity certificate, with what it promises."""

    id: str
    zh: str
    en: str
    statements: tuple[str, ...]
    statements_en: tuple[str, ...]


@dataclass(frozen=True)
class ConformityBasis:
    """What a promise of conformity rests on."""

    id: str
    zh: str
    en: str


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("catalog.certificate").joinpath(name).read_text(encoding="utf-8"))


@cache
def certificate_kinds() -> dict[str, CertificateKind]:
    """Every type by its id, in the order of the file."""
    return {key: CertificateKind(id=key, **values) for key, values in _read("certificate_types.toml").items()}


@cache
def conformity_forms() -> dict[str, ConformityForm]:
    """The producer's form and the buyer's."""
    return {
        key: ConformityForm(
            key, values["zh"], values["en"], tuple(values["statements"]), tuple(values["statements_en"])
        )
        for key, values in _read("conformity.toml")["forms"].items()
    }


@cache
def conformity_bases() -> dict[str, ConformityBasis]:
    """What a promise may rest on, by id."""
    return {key: ConformityBasis(id=key, **values) for key, values in _read("conformity.toml")["bases"].items()}


@cache
def reminder_days() -> tuple[int, ...]:
    """How many days before the end a holder is told, the most first."""
    return tuple(sorted(_read("conformity.toml")["notices"]["days_before"], reverse=True))
