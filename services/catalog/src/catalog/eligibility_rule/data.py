"""The rule sets that come with the catalog, read from the files in `rule_sets/`."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class GivenVersion:
    """A version as written in a file."""

    number: int
    from_on: date
    until_on: date | None
    source: str
    confidence: str
    cases: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class GivenRuleSet:
    """A rule set as written in a file."""

    code: str
    title_zh: str
    title_en: str
    layer: str
    city_code: str | None
    reach: tuple[str, ...]
    versions: tuple[GivenVersion, ...]


@cache
def given_rule_sets() -> tuple[GivenRuleSet, ...]:
    """All files, in order of name."""
    folder = files("catalog.eligibility_rule") / "rule_sets"
    found = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return tuple(_rule_set(tomllib.loads(each.read_text(encoding="utf-8"))) for each in found)


def _rule_set(content: dict[str, Any]) -> GivenRuleSet:
    return GivenRuleSet(
        code=content["code"],
        title_zh=content["title_zh"],
        title_en=content["title_en"],
        layer=content["layer"],
        city_code=content.get("city_code"),
        reach=tuple(content["reach"]),
        versions=tuple(
            GivenVersion(
                number=each["number"],
                from_on=each["from_on"],
                until_on=each.get("until_on"),
                source=each["source"],
                confidence=each["confidence"],
                cases=tuple(each["case"]),
            )
            for each in content["version"]
        ),
    )
