"""Excursions by class: starts and ends are reading times, gaps are gaps, small spikes add up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.excursion.queries import get_policy, limits_of
from logistics.excursion.rules import (
    Excursion,
    Limits,
    Standing,
    judge,
    judge_all,
    progress_document,
    progress_of,
    reconcile,
    worst,
)

T0 = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
POLICY = get_policy()
MUSHROOM = limits_of("MUSHROOM")  # 0 to 4, critical -1 and 8


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def excursions(
    *runs: tuple[int, float], limits: Limits = MUSHROOM, gaps: dict[int, int] | None = None
) -> list[Excursion]:
    """One reading a minute: runs of (how many, degrees). `gaps` are minutes of silence before a reading."""
    temperatures = [degrees for count, degrees in runs for _ in range(count)]
    instants, clock = [], 0
    for index in range(len(temperatures)):
        clock += (gaps or {}).get(index, 0)
        instants.append(minute(clock))
        clock += 1
    return judge_all(instants, temperatures, limits=limits, policy=POLICY)[1]


def spans(found: list[Excursion]) -> list[tuple[str, str, float, float | None]]:
    def number(at: datetime | None) -> float | None:
        return None if at is None else (at - T0) / timedelta(minutes=1)

    return [(each.kind, each.severity, number(each.started_at) or 0.0, number(each.ended_at)) for each in found]


def test_readings_in_range_are_no_excursion_and_the_limits_are_in_range():
    assert excursions((60, 2.0), (5, 4.0), (5, 0.0)) == []


def test_start_and_end_are_the_times_of_readings():
    (found,) = excursions((10, 2.0), (20, 6.0), (10, 3.0))
    assert (found.kind, found.started_at, found.ended_at) == ("high", minute(10), minute(30))
    assert (found.extreme_c, found.out_seconds, found.degree_minutes) == (6.0, 1200.0, 40.0)


def test_one_reading_out_is_an_excursion_with_the_start_where_it_began():
    assert spans(excursions((5, 2.0), (1, 4.5), (9, 2.0))) == [("high", "minor", 5, 6)]


def test_two_readings_must_confirm_the_return_and_one_does_not():
    assert spans(excursions((5, 2.0), (3, 6.0), (1, 3.0), (3, 6.0), (5, 3.0))) == [("high", "minor", 5, 12)]


def test_back_means_half_a_degree_inside_the_limit():
    assert spans(excursions((3, 6.0), (20, 3.8), (5, 3.5))) == [("high", "minor", 0, 23)]


def test_too_cold_is_an_excursion_of_its_own_kind():
    (found,) = excursions((5, 2.0), (4, -0.5), (1, -0.9), (5, 2.0))
    assert (found.kind, found.severity, found.extreme_c) == ("low", "minor", -0.9)


def test_from_too_hot_straight_to_too_cold_is_two_excursions():
    assert spans(excursions((5, 6.0), (5, -0.5), (5, 2.0))) == [("high", "minor", 0, 5), ("low", "minor", 5, 10)]


def test_an_excursion_that_still_lasts_has_no_end():
    assert spans(excursions((5, 2.0), (10, 6.0))) == [("high", "minor", 5, None)]
    assert spans(excursions((5, 2.0), (10, 6.0), (1, 3.0))) == [("high", "minor", 5, None)]


@pytest.mark.parametrize(
    ("runs", "severity"),
    [
        ([(30, 7.0), (5, 2.0)], "minor"),
        ([(31, 7.0), (5, 2.0)], "major"),
        ([(1, 7.1), (5, 2.0)], "major"),
        ([(1, 8.1), (5, 2.0)], "major"),
        ([(29, 8.1), (5, 2.0)], "major"),
        ([(30, 8.1), (5, 2.0)], "critical"),
        ([(119, 6.0), (5, 2.0)], "major"),
        ([(120, 6.0), (5, 2.0)], "critical"),
        ([(1, -1.1), (5, 2.0)], "major"),
    ],
)
def test_severity_is_by_how_far_and_how_long(runs, severity):
    (found,) = excursions(*runs)
    assert found.severity == severity


def test_frozen_goods_above_minus_twelve_are_critical_at_once():
    frozen = limits_of("FROZEN")
    assert spans(excursions((1, -11.9), (5, -20.0), limits=frozen)) == [("high", "critical", 0, 1)]
    assert spans(excursions((1, -16.0), (5, -20.0), limits=frozen)) == [("high", "minor", 0, 1)]


def test_a_gap_is_its_own_kind_and_no_duration_runs_across_it():
    found = excursions((10, 2.0), (10, 6.0), (10, 6.0), (10, 2.0), gaps={20: 84})
    assert spans(found) == [("high", "minor", 10, 19), ("gap", "major", 19, 104), ("high", "minor", 104, 114)]
    assert [each.out_seconds for each in found] == [540.0, 0.0, 600.0]


def test_hot_before_the_gap_and_cool_after_it_is_no_long_excursion():
    found = excursions((10, 6.0), (10, 2.0), gaps={10: 84})
    assert spans(found) == [("high", "minor", 0, 9), ("gap", "major", 9, 94)]


def test_silence_up_to_twice_the_record_interval_is_no_gap():
    assert excursions((10, 2.0), (10, 2.0), gaps={10: 19}) == []
    assert spans(excursions((10, 2.0), (10, 2.0), gaps={10: 20})) == [("gap", "minor", 9, 30)]
    assert spans(excursions((10, 2.0), (10, 2.0), gaps={10: 60})) == [("gap", "major", 9, 70)]


def test_short_spikes_add_up_to_critical_though_each_is_short():
    found = excursions(*([(25, 6.0), (10, 2.0)] * 5))
    assert [each.severity for each in found] == ["minor", "minor", "minor", "minor", "critical"]
    assert [each.out_seconds for each in found] == [1500.0] * 5
    assert found[-1].cumulative_seconds == 7500.0


def test_without_figures_for_the_class_only_gaps_are_found():
    unknown = limits_of("MOON_ROCK")
    assert spans(excursions((5, 60.0), (5, -60.0), limits=unknown, gaps={5: 30})) == [("gap", "minor", 4, 35)]


SERIES = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 5, 21, 65]), st.sampled_from([2.0, 3.4, 3.6, 4.0, 4.1, 7.5, 9.0, -0.2, -1.5])),
    min_size=1,
    max_size=60,
)


@given(SERIES, st.data())
@settings(max_examples=200)
def test_any_batching_of_the_same_readings_gives_the_same_excursions(steps, data):
    instants, clock = [], 0
    for pause, _ in steps:
        clock += pause
        instants.append(minute(clock))
    temperatures = [degrees for _, degrees in steps]
    whole_progress, whole = judge_all(instants, temperatures, limits=MUSHROOM, policy=POLICY)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(steps)), max_size=6)) | {0, len(steps)})
    progress, ended = None, []
    for start, end in pairwise(cuts):
        progress, further = judge(
            progress, instants[start:end], temperatures[start:end], limits=MUSHROOM, policy=POLICY
        )
        progress = progress_of(progress_document(progress)) if progress else None
        ended += further
    assert progress == whole_progress
    lasting = [progress.current] if progress and progress.current else []
    assert ended + lasting == whole


@given(SERIES)
def test_excursions_begin_and_end_at_readings_and_never_overlap(steps):
    instants, clock = [], 0
    for pause, _ in steps:
        clock += pause
        instants.append(minute(clock))
    _, found = judge_all(instants, [degrees for _, degrees in steps], limits=MUSHROOM, policy=POLICY)
    for each in found:
        assert each.started_at in instants
        assert each.ended_at is None or (each.ended_at in instants and each.ended_at >= each.started_at)
    for earlier, later in pairwise(found):
        assert earlier.ended_at is not None
        assert earlier.ended_at <= later.started_at


def standing(key: str, start: float, end: float | None, kind: str = "high") -> Standing:
    return Standing(key, kind, minute(start), None if end is None else minute(end))  # type: ignore[arg-type]


def judged(start: float, end: float | None, kind: str = "high") -> Excursion:
    return Excursion(kind, minute(start), None if end is None else minute(end))  # type: ignore[arg-type]


def test_an_excursion_keeps_its_identity_when_late_readings_move_its_ends():
    result = reconcile([standing("a", 10, 20)], [judged(8, 25)])
    assert (result.kept, result.new, result.withdrawn) == ({"a": judged(8, 25)}, [], [])


def test_an_excursion_that_late_readings_split_keeps_its_identity_in_the_part_of_the_same_start():
    result = reconcile([standing("a", 10, 30)], [judged(10, 15), judged(20, 30)])
    assert (result.kept, result.new) == ({"a": judged(10, 15)}, [judged(20, 30)])


def test_two_that_late_readings_join_leave_one_and_withdraw_one():
    result = reconcile([standing("a", 10, 15), standing("b", 20, None)], [judged(10, None)])
    assert (result.kept, result.new, result.withdrawn) == ({"a": judged(10, None)}, [], ["b"])


def test_a_gap_that_late_readings_filled_is_withdrawn_and_never_mistaken_for_another_kind():
    result = reconcile([standing("g", 10, 40, "gap")], [judged(12, 20)])
    assert (result.kept, result.new, result.withdrawn) == ({}, [judged(12, 20)], ["g"])


def test_the_worst_severity():
    assert worst(["minor", "critical", "major"]) == "critical"
    assert worst([]) is None
