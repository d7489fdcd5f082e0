"""Linkages: a row is one way with one village, and its income in one year. It knows no household: a file that names
households would keep what must not be kept."""

from typing import Any

from catalog.importer.kind import Kind, Values
from catalog.linkage.rules import normalised_name

_AGREED = ("until_on", "note")


def _linkage(values: Values) -> str:
    names = (normalised_name(values["township"]), normalised_name(values["village"]))
    return "\x1f".join((values["way"], values["county_code"], *names, values["from_on"]))


def _keys(values: Values) -> tuple[str, ...]:
    return (f"{_linkage(values)}\x1f{values['year']}",)


def _group(values: Values) -> tuple[str, tuple[Any, ...]]:
    return _linkage(values), tuple(values[name] for name in _AGREED)


LINKAGES = Kind(
    name="linkages",
    keys=_keys,
    key_columns=("way", "county_code", "township", "village", "from_on", "year"),
    group=_group,
    group_columns=_AGREED,
)
