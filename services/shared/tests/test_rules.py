"""Money, time, cursors, tags and callers: pure rules."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import KeySet, OKPKey

from shared.auth import Caller, TokenIssuer, Verifier
from shared.clock import business_day, day_range, days_range, parse_instant
from shared.errors import BadRequest, TooLarge, Unauthenticated, Unsupported
from shared.files import ensure_accepted
from shared.money import share_by_largest_remainder, yuan
from shared.outbox import read_cursor
from shared.page import decode_cursor, encode_cursor


def test_a_discount_of_two_yuan_over_three_equal_lines_loses_no_fen():
    assert share_by_largest_remainder(200, [500, 500, 500]) == [67, 67, 66]


def test_ten_yuan_over_three_lines_of_a_hundred_mirrors_exactly():
    shares = share_by_largest_remainder(1000, [10_000] * 3)
    assert shares == [334, 333, 333]
    assert share_by_largest_remainder(-1000, [10_000] * 3) == [-334, -333, -333]


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_shares_always_sum_to_the_whole_and_stay_within_one_fen(total, weights):
    shares = share_by_largest_remainder(total, weights)
    assert sum(shares) == total
    if whole := sum(weights):
        assert all(abs(share * whole - total * weight) < whole for share, weight in zip(shares, weights, strict=True))


def test_nothing_can_be_shared_among_nobody():
    assert share_by_largest_remainder(0, []) == []
    with pytest.raises(ValueError, match="nothing to share"):
        share_by_largest_remainder(1, [])
    with pytest.raises(ValueError, match="negative"):
        share_by_largest_remainder(1, [-1, 2])


def test_money_reads_as_people_write_it():
    assert [yuan(fen) for fen in (0, 5, 1230, -7)] == ["0.00", "0.05", "12.30", "-0.07"]


def test_half_past_midnight_in_shanghai_is_that_day_and_not_the_utc_one():
    assert business_day(datetime(2026, 3, 31, 16, 30, tzinfo=UTC)) == date(2026, 4, 1)
    assert business_day(datetime(2026, 4, 1, 15, 59, 59, 999_999, tzinfo=UTC)) == date(2026, 4, 1)


def test_a_day_is_whole_and_half_open():
    start, end = day_range(date(2026, 4, 1))
    assert start == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert end - start == timedelta(days=1)
    assert days_range(date(2026, 4, 1), date(2026, 4, 30))[1] == datetime(2026, 4, 30, 16, tzinfo=UTC)


def test_a_time_without_a_zone_is_beijing_time():
    assert parse_instant("2026-04-01 08:00:00") == datetime(2026, 4, 1, 0, tzinfo=UTC)
    assert parse_instant("2026-04-01T08:00:00Z") == datetime(2026, 4, 1, 8, tzinfo=UTC)


def test_cursors_come_back_and_strange_ones_are_refused():
    assert decode_cursor(encode_cursor("香菇", 12), size=2) == ["香菇", 12]
    for strange in ("", "!!", "x" * 50, encode_cursor(1), encode_cursor([1], 2)):
        with pytest.raises(BadRequest) as refused:
            decode_cursor(strange, size=2)
        assert refused.value.code == "cursor-invalid"
    assert read_cursor("7-12") == (7, 12)


async def test_a_token_says_who_calls_and_only_until_its_end():
    key = OKPKey.generate_key("Ed25519", {"kid": "a"})
    verifier = Verifier(keys=KeySet.import_key_set({"keys": [key.as_dict(private=False)]}))
    caller = Caller(uuid4(), uuid4(), "official", frozenset({"reviewer"}), ("43",), frozenset({"read"}))
    now = datetime.now(UTC)
    assert await verifier.verify(TokenIssuer(key).issue(caller, now=now, lifetime=timedelta(minutes=5))) == caller
    stale = TokenIssuer(key).issue(caller, now=now - timedelta(hours=1), lifetime=timedelta(minutes=5))
    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify(stale)
    assert refused.value.code == "token-expired"


async def test_a_token_by_another_key_is_refused():
    ours, theirs = (OKPKey.generate_key("Ed25519", {"kid": "a"}) for _ in range(2))
    verifier = Verifier(keys=KeySet.import_key_set({"keys": [ours.as_dict(private=False)]}))
    forged = TokenIssuer(theirs).issue(Caller(uuid4()), now=datetime.now(UTC), lifetime=timedelta(minutes=5))
    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify(forged)
    assert refused.value.code == "token-invalid"


def test_a_file_is_what_its_bytes_say():
    accepted = frozenset({"image/png", "image/jpeg"})
    assert ensure_accepted(b"\x89PNG\r\n\x1a\n rest", media_types=accepted, max_bytes=100) == "image/png"
    with pytest.raises(Unsupported):
        ensure_accepted(b"<svg onload=alert(1)>", media_types=accepted, max_bytes=100)
    with pytest.raises(Unsupported):
        ensure_accepted(b"%PDF-1.7", media_types=accepted, max_bytes=100)
    with pytest.raises(TooLarge):
        ensure_accepted(b"\x89PNG\r\n\x1a\n" + b"0" * 100, media_types=accepted, max_bytes=100)
