"""Classes of goods by the temperature they need (温区): the range to keep and the limits not to cross."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import Invalid

_AMBIENT = "ambient"


@dataclass(frozen=True, slots=True)
class TemperatureClass:
    """One class. Degrees Celsius; None is no limit on that side. `source` says who set the range."""

    temperature_class: str
    name: str
    name_en: str
    family: str
    min_c: float | None
    max_c: float | None
    critical_min_c: float | None
    critical_max_c: float | None
    hard_max_c: float | None
    warn_max_c: float | None
    humidity_percent: str | None
    confidence: str
    source: str
    note: str


def strictest(classes: Iterable[TemperatureClass]) -> TemperatureClass | None:
    """The class by which a mixed parcel is judged: the one that must stay coolest, then the narrowest.

    Ambient goods give way to any other. Goods whose ranges do not overlap cannot share a parcel:
    refuses with `temperature-classes-apart`.
    """
    found = sorted(set(classes), key=lambda each: each.temperature_class)
    cold = [each for each in found if each.family != _AMBIENT] or found
    if not cold:
        return None
    floor, ceiling = max(map(_floor, cold)), min(map(_ceiling, cold))
    if floor > ceiling:
        names = [each.temperature_class for each in cold]
        raise Invalid(
            "These goods need different temperatures and cannot share a parcel. Send them in separate parcels.",
            code="temperature-classes-apart",
            field="parcels",
            temperature_classes=names,
        )
    return min(cold, key=lambda each: (_ceiling(each), -_floor(each), each.temperature_class))


def _floor(each: TemperatureClass) -> float:
    return float("-inf") if each.min_c is None else each.min_c


def _ceiling(each: TemperatureClass) -> float:
    return float("inf") if each.max_c is None else each.max_c
