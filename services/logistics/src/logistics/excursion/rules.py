"""Excursions: what readings in the order of their instants say about a parcel's temperature.

A fold over readings: `judge` takes where the judging stood and further readings, all later, and returns where it
stands now. The same readings give the same excursions, in one batch or in a thousand. All times are those of the
readings. The figures are in `data/excursion_policy.json`, with their sources.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import lt, sub
from typing import Any, Literal

Kind = Literal["high", "low", "gap"]
Severity = Literal["minor", "major", "critical"]
_RANKS: dict[Severity, int] = {"minor": 0, "major": 1, "critical": 2}


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures by which readings are judged."""

    gap: timedelta
    gap_major: timedelta
    hysteresis_c: float
    confirming_readings: int
    minor_over_c: float
    minor_seconds: float
    critical_seconds: float
    cumulative_seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The range of a class of goods, in degrees Celsius; infinite where there is no limit.

    Without a class (`is_judged` false) only gaps are found.
    """

    min_c: float = float("-inf")
    max_c: float = float("inf")
    critical_min_c: float = float("-inf")
    critical_max_c: float = float("inf")
    hard_max_c: float = float("inf")

    def over_c(self, temperature_c: float) -> float:
        """By how many degrees the reading is outside of the range; 0 inside."""
        return max(temperature_c - self.max_c, self.min_c - temperature_c, 0.0)

    def is_beyond_critical(self, temperature_c: float) -> bool:
        """Whether the reading crossed a critical limit."""
        return temperature_c > self.critical_max_c or temperature_c < self.critical_min_c


@dataclass(frozen=True, slots=True)
class Excursion:
    """One excursion. `ended_at` is None while it lasts; seconds and degree-minutes never run across a gap."""

    kind: Kind
    started_at: datetime
    ended_at: datetime | None = None
    extreme_c: float | None = None
    over_c: float = 0.0
    out_seconds: float = 0.0
    critical_seconds: float = 0.0
    cumulative_seconds: float = 0.0
    degree_minutes: float = 0.0
    is_beyond_critical: bool = False
    is_beyond_hard: bool = False
    severity: Severity = "minor"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the judging stands after the last reading.

    `back_at` is the first of the readings back in range that do not yet end the excursion, `back_count` their number;
    `cumulative_seconds` is the time out of range on the whole way so far.
    """

    last_at: datetime
    last_c: float
    cumulative_seconds: float = 0.0
    current: Excursion | None = None
    back_at: datetime | None = None
    back_count: int = 0


def progress_document(progress: Progress) -> dict[str, Any]:
    """As plain JSON values; `progress_of` reads it back to the same value."""
    document = {name: _plain(getattr(progress, name)) for name in progress.__slots__}
    if progress.current is not None:
        document["current"] = {name: _plain(getattr(progress.current, name)) for name in progress.current.__slots__}
    return document


def progress_of(document: dict[str, Any] | None) -> Progress | None:
    """The progress that was stored, or None for a series not judged yet."""
    if document is None:
        return None
    instants = {"last_at": _instant(document["last_at"]), "back_at": _instant(document["back_at"])}
    current = document["current"]
    if current is not None:
        ends = {"started_at": _instant(current["started_at"]), "ended_at": _instant(current["ended_at"])}
        current = Excursion(**{**current, **ends})
    return Progress(**{**document, **instants, "current": current})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _instant(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text)


def are_in_order(instants: Sequence[datetime]) -> bool:
    """Whether each instant is later than the one before."""
    return all(map(lt, instants, instants[1:]))


def judge(
    progress: Progress | None,
    instants: Sequence[datetime],
    temperatures: Sequence[float],
    *,
    limits: Limits,
    policy: Policy,
) -> tuple[Progress | None, list[Excursion]]:
    """Where the judging stands after these readings, and the excursions that ended on the way.

    The instants must be in order and later than `progress.last_at`.
    """
    if not instants:
        return progress, []
    if _is_quiet(progress, instants, temperatures, limits=limits, policy=policy):
        cumulative = progress.cumulative_seconds if progress else 0.0
        return Progress(instants[-1], temperatures[-1], cumulative), []
    fold = _Fold(limits=limits, policy=policy, progress=progress)
    for at, temperature_c in zip(instants, temperatures, strict=True):
        fold.take(at, temperature_c)
    return fold.progress(), fold.ended


def judge_all(
    instants: Sequence[datetime], temperatures: Sequence[float], *, limits: Limits, policy: Policy
) -> tuple[Progress | None, list[Excursion]]:
    """All excursions of a whole series, the one that still lasts included."""
    progress, ended = judge(None, instants, temperatures, limits=limits, policy=policy)
    lasting = [progress.current] if progress and progress.current else []
    return progress, ended + lasting


def _is_quiet(
    progress: Progress | None,
    instants: Sequence[datetime],
    temperatures: Sequence[float],
    *,
    limits: Limits,
    policy: Policy,
) -> bool:
    """Nothing to note: all in range, no gap, nothing open. Most batches are so, and this takes microseconds."""
    if progress is not None and (progress.current is not None or instants[0] - progress.last_at > policy.gap):
        return False
    if min(temperatures) < limits.min_c or max(temperatures) > limits.max_c:
        return False
    return len(instants) == 1 or max(map(sub, instants[1:], instants)) <= policy.gap


class _Fold:
    """Takes readings one after the other. An excursion is added to in place and frozen when it is shown."""

    def __init__(self, *, limits: Limits, policy: Policy, progress: Progress | None) -> None:
        self._limits = limits
        self._policy = policy
        self._last_at = progress.last_at if progress else None
        self._last_c = progress.last_c if progress else 0.0
        self._cumulative = progress.cumulative_seconds if progress else 0.0
        self._current = _Lasting(progress.current) if progress and progress.current else None
        self._back_at = progress.back_at if progress else None
        self._back_count = progress.back_count if progress else 0
        self.ended: list[Excursion] = []

    def progress(self) -> Progress | None:
        """Where the judging stands."""
        if self._last_at is None:
            return None
        current = self._current.shown(self._policy, ended_at=None) if self._current else None
        return Progress(self._last_at, self._last_c, self._cumulative, current, self._back_at, self._back_count)

    def take(self, at: datetime, temperature_c: float) -> None:
        """Judge one more reading."""
        if self._last_at is not None:
            if at - self._last_at > self._policy.gap:
                self._note_gap(self._last_at, at)
            elif self._current is not None:
                self._hold_last(self._current, (at - self._last_at).total_seconds())
        limits = self._limits
        if temperature_c > limits.max_c:
            self._note_out("high", at, temperature_c)
        elif temperature_c < limits.min_c:
            self._note_out("low", at, temperature_c)
        elif self._current is not None:
            self._note_in(self._current, at, temperature_c)
        self._last_at, self._last_c = at, temperature_c

    def _hold_last(self, current: "_Lasting", seconds: float) -> None:
        """The last reading held until this one: add its time if it was out."""
        over_c = self._limits.over_c(self._last_c)
        if not over_c:
            return
        self._cumulative += seconds
        current.out_seconds += seconds
        current.cumulative_seconds = self._cumulative
        current.degree_minutes += over_c * seconds / 60
        if self._limits.is_beyond_critical(self._last_c):
            current.critical_seconds += seconds

    def _note_gap(self, last_at: datetime, at: datetime) -> None:
        """Silence ends what was open at its last reading: nobody knows how it went on."""
        if self._current is not None:
            self._close(self._current, self._back_at or last_at)
        severity: Severity = "major" if at - last_at > self._policy.gap_major else "minor"
        self.ended.append(Excursion("gap", last_at, at, severity=severity))

    def _note_out(self, kind: Kind, at: datetime, temperature_c: float) -> None:
        current = self._current
        if current is not None and current.kind != kind:
            self._close(current, self._back_at or at)
            current = None
        if current is None:
            started = Excursion(kind, at, extreme_c=temperature_c, cumulative_seconds=self._cumulative)
            self._current = current = _Lasting(started)
        self._back_at, self._back_count = None, 0
        current.note(temperature_c, self._limits)

    def _note_in(self, current: "_Lasting", at: datetime, temperature_c: float) -> None:
        """In range; back only with some distance to the limit, and only when further readings confirm it."""
        limits, margin = self._limits, self._policy.hysteresis_c
        is_high = current.kind == "high"
        is_back = temperature_c <= limits.max_c - margin if is_high else temperature_c >= limits.min_c + margin
        if not is_back:
            self._back_at, self._back_count = None, 0
            return
        self._back_at = self._back_at or at
        self._back_count += 1
        if self._back_count >= self._policy.confirming_readings:
            self._close(current, self._back_at)

    def _close(self, current: "_Lasting", ended_at: datetime) -> None:
        self.ended.append(current.shown(self._policy, ended_at=ended_at))
        self._current, self._back_at, self._back_count = None, None, 0


class _Lasting:
    """An excursion that is still being added to."""

    __slots__ = (
        "_begun",
        "critical_seconds",
        "cumulative_seconds",
        "degree_minutes",
        "extreme_c",
        "is_beyond_critical",
        "is_beyond_hard",
        "kind",
        "out_seconds",
        "over_c",
    )

    def __init__(self, begun: Excursion) -> None:
        self._begun = begun
        self.kind = begun.kind
        self.extreme_c = begun.extreme_c or 0.0
        self.over_c = begun.over_c
        self.out_seconds = begun.out_seconds
        self.critical_seconds = begun.critical_seconds
        self.cumulative_seconds = begun.cumulative_seconds
        self.degree_minutes = begun.degree_minutes
        self.is_beyond_critical = begun.is_beyond_critical
        self.is_beyond_hard = begun.is_beyond_hard

    def note(self, temperature_c: float, limits: Limits) -> None:
        """One more reading out of range on this side."""
        if self.kind == "high":
            self.extreme_c = max(self.extreme_c, temperature_c)
        else:
            self.extreme_c = min(self.extreme_c, temperature_c)
        self.over_c = max(self.over_c, limits.over_c(temperature_c))
        self.is_beyond_critical = self.is_beyond_critical or limits.is_beyond_critical(temperature_c)
        self.is_beyond_hard = self.is_beyond_hard or temperature_c > limits.hard_max_c

    def shown(self, policy: Policy, *, ended_at: datetime | None) -> Excursion:
        """As it stands, with its severity."""
        excursion = replace(
            self._begun,
            ended_at=ended_at,
            **{name: getattr(self, name) for name in self.__slots__ if name not in ("_begun", "kind")},
        )
        return replace(excursion, severity=severity_of(excursion, policy))


def severity_of(excursion: Excursion, policy: Policy) -> Severity:
    """How bad an excursion out of range is: by how far, for how long, and how much came before it."""
    if (
        excursion.is_beyond_hard
        or excursion.critical_seconds >= policy.critical_seconds
        or excursion.cumulative_seconds >= policy.cumulative_seconds
    ):
        return "critical"
    if (
        excursion.is_beyond_critical
        or excursion.over_c > policy.minor_over_c
        or excursion.out_seconds > policy.minor_seconds
    ):
        return "major"
    return "minor"


@dataclass(frozen=True, slots=True)
class Standing:
    """A stored excursion, as far as telling which it is needs."""

    key: str
    kind: Kind
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of the stored excursions: kept ones by key, new ones, and keys of those that are no more."""

    kept: dict[str, Excursion] = field(default_factory=dict)
    new: list[Excursion] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)


def reconcile(stored: Iterable[Standing], judged: Iterable[Excursion]) -> Reconciled:
    """Which judged excursion is which stored one: the same kind and start, else the first of its kind that overlaps.

    So an excursion keeps its identity when late readings move its ends.
    """
    open_ones = sorted(stored, key=lambda each: (each.started_at, each.key))
    result = Reconciled()
    waiting: list[Excursion] = []
    for excursion in sorted(judged, key=lambda each: each.started_at):
        same = next((s for s in open_ones if (s.kind, s.started_at) == (excursion.kind, excursion.started_at)), None)
        if same is None:
            waiting.append(excursion)
        else:
            open_ones.remove(same)
            result.kept[same.key] = excursion
    for excursion in waiting:
        near = next((s for s in open_ones if s.kind == excursion.kind and _overlap(s, excursion)), None)
        if near is None:
            result.new.append(excursion)
        else:
            open_ones.remove(near)
            result.kept[near.key] = excursion
    result.withdrawn.extend(each.key for each in open_ones)
    return result


def _overlap(stored: Standing, judged: Excursion) -> bool:
    starts_before_end = stored.ended_at is None or judged.started_at <= stored.ended_at
    ends_after_start = judged.ended_at is None or stored.started_at <= judged.ended_at
    return starts_before_end and ends_after_start


def worst(severities: Iterable[Severity]) -> Severity | None:
    """The worst of them, or None of none."""
    return max(severities, key=_RANKS.__getitem__, default=None)
