"""What may be pledged, and from when on a harvest counts as absorbed."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.absorption import rules
from shared.errors import Conflict, Invalid

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("accepted", "quantity", "is_absorbed"),
    [(79, 100, False), (80, 100, True), (100, 100, True), (0, 1, False), (2, 3, False), (4, 5, True)],
)
def test_four_fifths_is_absorbed(accepted: int, quantity: int, is_absorbed: bool):
    assert rules.is_absorbed(accepted, quantity) is is_absorbed


def test_an_appeal_is_not_dearer_than_the_shelf():
    rules.ensure_price(3980, 3980)
    with pytest.raises(Invalid) as refusal:
        rules.ensure_price(3981, 3980)
    assert refusal.value.code == "price-above-listed"


def test_only_what_is_left_is_pledged():
    rules.ensure_left(40, wanted=100, pledged_count=60)
    with pytest.raises(Conflict) as refusal:
        rules.ensure_left(41, wanted=100, pledged_count=60)
    assert (refusal.value.code, refusal.value.extra["left"]) == ("absorption-full", 40)


def test_what_is_pledged_cannot_be_wanted_no_more():
    rules.ensure_quantity(60, pledged_count=60)
    with pytest.raises(Conflict) as refusal:
        rules.ensure_quantity(59, pledged_count=60)
    assert refusal.value.code == "pledged-already"


@pytest.mark.parametrize(
    ("closes_in", "code"),
    [(timedelta(0), "deadline-too-near"), (timedelta(days=30, seconds=1), "deadline-too-far")],
)
def test_it_ends_in_sight(closes_in: timedelta, code: str):
    rules.ensure_end(NOW + timedelta(days=30), NOW)
    with pytest.raises(Invalid) as refusal:
        rules.ensure_end(NOW + closes_in, NOW)
    assert refusal.value.code == code


def test_what_is_ordered_is_cancelled_as_an_order():
    rules.ensure_withdrawable("APPROVED")
    with pytest.raises(Conflict) as refusal:
        rules.ensure_withdrawable("ORDERED")
    assert refusal.value.code == "pledge-ordered"
