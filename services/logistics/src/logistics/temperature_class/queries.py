"""The classes, from the data file that this package carries."""

from functools import cache
from importlib.resources import files

import orjson

from logistics.temperature_class.rules import TemperatureClass


@cache
def _book() -> dict[str, TemperatureClass]:
    document = orjson.loads((files("logistics") / "data" / "temperature_classes.json").read_bytes())
    return {each["temperature_class"]: TemperatureClass(**each) for each in document["classes"]}


def list_classes() -> list[TemperatureClass]:
    """Every class, in the data's order."""
    return list(_book().values())


def find_class(temperature_class: str) -> TemperatureClass | None:
    """The class of that name, or None for one that we have no figures for."""
    return _book().get(temperature_class.upper())
