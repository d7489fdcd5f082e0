"""Mean kinetic temperature, shares and windows."""

from datetime import UTC, datetime, timedelta

import pytest

from logistics.excursion.queries import figures
from logistics.temperature.rules import mean_kinetic_temperature_c, share_bp, window_of
from shared.errors import Invalid

T0 = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ACTIVATION = figures()["activation_kelvin"]


@pytest.mark.parametrize(
    ("temperatures", "weights", "expected"),
    [
        ([5, 5, 5], None, 5.0),
        ([2, 8], None, 5.5364),
        ([2, 4, 8, 12], None, 7.3976),
        ([4, 15], [23, 1], 4.8975),
        ([-18] * 22 + [-10, -8], None, -16.6103),
    ],
)
def test_mean_kinetic_temperature_by_the_known_vectors(temperatures, weights, expected):
    found = mean_kinetic_temperature_c(temperatures, weights, activation_kelvin=ACTIVATION)
    assert round(found, 4) == expected


def test_a_share_is_rounded_down_so_that_the_whole_means_all():
    assert share_bp(3600, 3600) == 10_000
    assert share_bp(3599.9, 3600) == 9_999
    assert share_bp(1, 3) == 3_333
    assert share_bp(0, 3600) == 0
    assert share_bp(0, 0) is None


def test_a_window_has_at_most_as_many_buckets_as_asked_for():
    day = window_of(T0, T0 + timedelta(days=1), points=300)
    assert day.bucket == timedelta(seconds=288)
    assert window_of(T0, T0 + timedelta(seconds=5), points=300).bucket == timedelta(seconds=1)
    assert window_of(T0, T0 + timedelta(seconds=1000), points=300).bucket == timedelta(seconds=4)


@pytest.mark.parametrize(
    ("start", "end"),
    [(T0, T0), (T0, T0 - timedelta(1)), (datetime(1, 1, 1, tzinfo=UTC), T0), (T0, datetime(9999, 1, 1, tzinfo=UTC))],
)
def test_an_empty_or_absurd_window_is_refused(start: datetime, end: datetime):
    with pytest.raises(Invalid) as refusal:
        window_of(start, end, points=300)
    assert refusal.value.code == "range-invalid"
