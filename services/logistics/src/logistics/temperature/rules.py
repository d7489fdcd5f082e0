"""Figures of a temperature record: how complete, how well kept, and its mean kinetic temperature."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Invalid

KELVIN = 273.15
_WHOLE_BP = 10_000
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums over the readings of a window. Each reading holds until the next of its device.

    `span_seconds` is the time from first to last reading; `covered_seconds` that in which a reading was no older than
    the record interval; `observed_seconds` that outside of gaps; `in_range_seconds` the observed time in range.
    `kinetic_sum` is the sum of exp(-activation/T) over `kinetic_weight`.
    """

    reading_count: int = 0
    out_count: int = 0
    span_seconds: float = 0.0
    covered_seconds: float = 0.0
    observed_seconds: float = 0.0
    in_range_seconds: float = 0.0
    kinetic_sum: float = 0.0
    kinetic_weight: float = 0.0


def share_bp(part: float, whole: float) -> int | None:
    """A share in basis points, rounded down so that 100 % means all; None of nothing."""
    return None if whole <= 0 else min(_WHOLE_BP, math.floor(part * _WHOLE_BP / whole + 1e-6))


def mean_kinetic_temperature_c(
    temperatures: Sequence[float], weights: Sequence[float] | None = None, *, activation_kelvin: float
) -> float:
    """The single temperature that would age the goods as much as these did (USP <1150>); weights are durations.

    An indication only: it never makes up for a limit that was crossed.
    """
    given = weights or [1.0] * len(temperatures)
    total = sum(
        weight * math.exp(-activation_kelvin / (temperature_c + KELVIN))
        for temperature_c, weight in zip(temperatures, given, strict=True)
    )
    return kinetic_mean_c(total, sum(given), activation_kelvin=activation_kelvin)


def kinetic_mean_c(kinetic_sum: float, weight: float, *, activation_kelvin: float) -> float:
    """The same from the sums."""
    return activation_kelvin / -math.log(kinetic_sum / weight) - KELVIN


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open range of instants to show, and how wide a bucket is."""

    start: datetime
    end: datetime
    bucket: timedelta


def window_of(start: datetime, end: datetime, *, points: int) -> Window:
    """At most `points` buckets of whole seconds over the range. Refuses an empty or absurd range."""
    if not (_FIRST_YEAR <= start.year <= _LAST_YEAR and _FIRST_YEAR <= end.year <= _LAST_YEAR) or start >= end:
        raise Invalid("from must be earlier than to, both within these years.", code="range-invalid", field="from")
    seconds = math.ceil((end - start).total_seconds() / points)
    return Window(start, end, timedelta(seconds=max(seconds, 1)))
