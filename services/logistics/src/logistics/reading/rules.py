"""A batch of readings as a device's gateway sends it, made ready: what can be kept, and what cannot and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import repeat
from operator import attrgetter, lt
from typing import Any

from shared.errors import Invalid

BEIJING = timezone(timedelta(hours=8))
LARGEST_BATCH = 20_000
_ZONE = attrgetter("tzinfo")
_NUMBERS = frozenset({int, float})
_OFF = frozenset({int, float, type(None)})
_WETTEST_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Readings outside of these come from a broken device and are refused."""

    floor_c: float
    ceiling_c: float
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class RefusedReading:
    """One reading that is not kept: its place in the batch, a stable code, a sentence."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings in columns, each instant later than the one before. `repeated` is how many came twice in the batch."""

    instants: Sequence[datetime] = ()
    temperatures: Sequence[float] = ()
    humidities: Sequence[float | None] | None = None
    repeated: int = 0
    refused: list[RefusedReading] = field(default_factory=list)


def columns_of(readings: Any) -> tuple[list[Any], list[Any], list[Any] | None]:
    """Instants, temperatures and humidities of either form: a list of objects, or an object of lists."""
    if isinstance(readings, list):
        columns = _columns_of_rows(readings)
    elif isinstance(readings, dict):
        columns = _columns_as_sent(readings)
    else:
        raise _malformed("readings must be a list of readings, or an object of columns.")
    if not 1 <= len(columns[0]) <= LARGEST_BATCH:
        raise Invalid(f"Send 1 to {LARGEST_BATCH} readings in one batch.", code="batch-size", field="readings")
    return columns


def _columns_of_rows(readings: list[Any]) -> tuple[list[Any], list[Any], list[Any] | None]:
    try:
        instants = [each["at"] for each in readings]
        temperatures = [each["temperature_c"] for each in readings]
        humidities = [each.get("humidity_percent") for each in readings]
    except (KeyError, TypeError, AttributeError) as error:
        raise _malformed("Each reading needs at and temperature_c.") from error
    return instants, temperatures, None if humidities.count(None) == len(humidities) else humidities


def _columns_as_sent(readings: dict[str, Any]) -> tuple[list[Any], list[Any], list[Any] | None]:
    instants, temperatures = readings.get("at"), readings.get("temperature_c")
    humidities = readings.get("humidity_percent")
    if (
        isinstance(instants, list)
        and isinstance(temperatures, list)
        and len(instants) == len(temperatures)
        and (humidities is None or (isinstance(humidities, list) and len(humidities) == len(instants)))
    ):
        return instants, temperatures, humidities
    raise _malformed("Columns at, temperature_c and humidity_percent must be lists of one length.")


def read_batch(
    instants: Sequence[Any], temperatures: Sequence[Any], humidities: Sequence[Any] | None, *, bounds: Bounds
) -> Batch:
    """The batch in order of its instants, without repetitions. A time without a zone is Beijing time.

    What cannot be kept is refused row by row; the rest is kept.
    """
    try:
        return _in_order(*_read_whole(instants, temperatures, humidities, bounds), refused=[])
    except (ValueError, TypeError):
        return _read_row_by_row(instants, temperatures, humidities, bounds)


def _read_whole(
    instants: Sequence[Any], temperatures: Sequence[Any], humidities: Sequence[Any] | None, bounds: Bounds
) -> tuple[list[datetime], list[float], list[float | None] | None]:
    """All at once, for the usual batch in which everything is right; raises ValueError or TypeError otherwise."""
    read = list(map(datetime.fromisoformat, instants))
    if None in map(_ZONE, read):
        read = [each if each.tzinfo else each.replace(tzinfo=BEIJING) for each in read]
    if min(read) < bounds.earliest or max(read) > bounds.latest:
        raise ValueError
    if not _are_numbers(temperatures, bounds.floor_c, bounds.ceiling_c):
        raise ValueError
    if humidities is not None:
        present = [each for each in humidities if each is not None]
        if not set(map(type, humidities)) <= _OFF or (present and not _are_numbers(present, 0.0, _WETTEST_PERCENT)):
            raise ValueError
    return read, list(temperatures), None if humidities is None else list(humidities)


def _are_numbers(values: Sequence[Any], least: float, most: float) -> bool:
    return set(map(type, values)) <= _NUMBERS and least <= min(values) and max(values) <= most


def _read_row_by_row(
    instants: Sequence[Any], temperatures: Sequence[Any], humidities: Sequence[Any] | None, bounds: Bounds
) -> Batch:
    refused: list[RefusedReading] = []
    kept: list[tuple[datetime, float, float | None]] = []
    for index, row in enumerate(zip(instants, temperatures, humidities or repeat(None), strict=False)):
        at, temperature_c, humidity_percent = row
        try:
            whole = _read_whole([at], [temperature_c], [humidity_percent], bounds)
        except (ValueError, TypeError):
            refused.append(_refusal(index, at, temperature_c, humidity_percent, bounds))
        else:
            kept.append((whole[0][0], whole[1][0], humidity_percent))
    columns = [row[0] for row in kept], [row[1] for row in kept], [row[2] for row in kept] if humidities else None
    return _in_order(*columns, refused=refused)


def _refusal(index: int, at: Any, temperature_c: Any, humidity_percent: Any, bounds: Bounds) -> RefusedReading:
    try:
        instant = datetime.fromisoformat(at)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=BEIJING)
    except (ValueError, TypeError):
        return RefusedReading(
            index, "instant-invalid", "at must be an ISO 8601 instant, such as 2026-11-22T12:00:00+08:00."
        )
    if not bounds.earliest <= instant <= bounds.latest:
        return RefusedReading(
            index, "instant-out-of-range", "at lies in the future or many years back. Set the device's clock."
        )
    if type(temperature_c) not in _NUMBERS or not bounds.floor_c <= temperature_c <= bounds.ceiling_c:
        detail = f"temperature_c must be a number from {bounds.floor_c:g} to {bounds.ceiling_c:g} degrees Celsius."
        return RefusedReading(index, "temperature-invalid", detail)
    detail = f"humidity_percent must be null or a number from 0 to 100, not {humidity_percent!r:.40}."
    return RefusedReading(index, "humidity-invalid", detail)


def _in_order(
    instants: list[datetime],
    temperatures: list[float],
    humidities: list[float | None] | None,
    *,
    refused: list[RefusedReading],
) -> Batch:
    if all(map(lt, instants, instants[1:])):
        return Batch(instants, temperatures, humidities, 0, refused)
    first_of: dict[datetime, int] = {}
    for index, instant in enumerate(instants):
        first_of.setdefault(instant, index)
    order = sorted(first_of.items())
    places = [index for _, index in order]
    return Batch(
        [instant for instant, _ in order],
        [temperatures[index] for index in places],
        None if humidities is None else [humidities[index] for index in places],
        len(instants) - len(places),
        refused,
    )


def _malformed(message: str) -> Invalid:
    return Invalid(message, code="readings-malformed", field="readings")
