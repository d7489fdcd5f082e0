"""How long sessions live, and whose requests are our own."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.session import rules
from shared.errors import Forbidden

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LIFETIME = rules.Lifetime(idle=timedelta(days=14), total=timedelta(days=90))
OURS = frozenset({"https://shop.example"})


def test_each_use_moves_the_end_on():
    assert rules.expiry(LIFETIME, created_at=BEGIN, seen_at=BEGIN + timedelta(days=3)) == BEGIN + timedelta(days=17)


def test_no_use_moves_the_end_beyond_the_total():
    assert rules.expiry(LIFETIME, created_at=BEGIN, seen_at=BEGIN + timedelta(days=85)) == BEGIN + timedelta(days=90)


def test_a_use_is_written_down_every_five_minutes_at_most():
    assert not rules.is_touch_due(LIFETIME, last_seen_at=BEGIN, now=BEGIN + timedelta(minutes=4, seconds=59))
    assert rules.is_touch_due(LIFETIME, last_seen_at=BEGIN, now=BEGIN + timedelta(minutes=5))
    short = rules.Lifetime(idle=timedelta(minutes=10), total=timedelta(days=1))
    assert rules.is_touch_due(short, last_seen_at=BEGIN, now=BEGIN + timedelta(seconds=6))


def check(**given):
    rules.ensure_own_request(
        **{
            "sec_fetch_site": None,
            "origin": None,
            "own_origins": OURS,
            "given_token": None,
            "cookie": "zs_secret",
            "is_form": False,
            **given,
        }
    )


TOKEN = rules.csrf_token_of("zs_secret")


@pytest.mark.parametrize(
    "given",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "https://shop.example"},
        {"origin": "HTTPS://SHOP.example"},
        {"given_token": TOKEN},
        {"given_token": TOKEN, "is_form": True, "sec_fetch_site": "same-origin"},
        {"given_token": TOKEN, "is_form": True},
    ],
)
def test_our_own_pages_pass(given: dict):
    check(**given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "given_token": TOKEN},
        {"sec_fetch_site": "nonsense"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://shop.example"},
        {"origin": "https://evil.example", "given_token": TOKEN},
        {"sec_fetch_site": "same-origin", "is_form": True},
        {"sec_fetch_site": "same-origin", "is_form": True, "given_token": "wrong"},
        {"sec_fetch_site": "same-origin", "is_form": True, "given_token": rules.csrf_token_of("zs_other")},
        {"given_token": "香菇"},
        {"given_token": TOKEN, "cookie": None},
        {"given_token": rules.csrf_token_of(""), "cookie": ""},
    ],
)
def test_anything_else_is_refused(given: dict):
    with pytest.raises(Forbidden) as refused:
        check(**given)
    assert refused.value.code == "csrf-failed"


def test_the_browser_is_believed_before_the_origin():
    with pytest.raises(Forbidden):
        check(sec_fetch_site="cross-site", origin="https://shop.example")


def test_the_token_does_not_tell_the_cookie():
    assert "secret" not in TOKEN
    assert len(TOKEN) == 40
