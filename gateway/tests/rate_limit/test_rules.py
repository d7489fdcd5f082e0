"""Limits and buckets."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.rate_limit import rules

LIMIT = rules.Limit(3, timedelta(minutes=15))


def test_buckets_are_told_apart_by_all_their_parts_and_tell_none():
    keys = {rules.bucket(LIMIT, *parts).key for parts in (("a", "b"), ("a",), ("a", "b", ""), ("b", "a"))}
    assert len(keys) == 4
    assert "xiaomei" not in rules.bucket(LIMIT, "sign-in", "xiaomei@example.com").key


def test_a_burst_is_served_and_then_the_rate():
    bucket = rules.TokenBucket(rate=2.0, burst=3.0, level=3.0, filled_at=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(0.0) == 0.5
    assert bucket.take(0.5) == 0.0
    assert bucket.take(0.5) == 0.5


@given(st.lists(st.floats(0, 5), max_size=200))
def test_no_more_passes_than_burst_and_rate_allow(pauses: list[float]):
    bucket, moment, passed = rules.TokenBucket(rate=2.0, burst=5.0, level=5.0, filled_at=0.0), 0.0, 0
    for pause in pauses:
        moment += pause
        passed += bucket.take(moment) == 0.0
    assert passed <= 5 + 2 * moment + 1e-6
