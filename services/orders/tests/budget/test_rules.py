"""Which year pays, and what is left."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.budget import rules
from shared.errors import Conflict

MIDNIGHT = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # New Year in Shanghai, eight hours before it is in UTC


def test_the_year_turns_at_midnight_in_shanghai():
    before = rules.budget_year(MIDNIGHT - timedelta(microseconds=1))
    assert (before, rules.budget_year(MIDNIGHT)) == (2026, 2027)


def test_the_last_fen_may_be_committed_and_no_more():
    rules.ensure_left(500, rules.left_fen(1000, 300, 200), year=2026, fund="UNION")
    with pytest.raises(Conflict) as refused:
        rules.ensure_left(501, 500, year=2026, fund="UNION")
    assert (refused.value.code, refused.value.extra["left_fen"]) == ("budget-exceeded", 500)


def test_a_budget_is_not_cut_below_its_use():
    rules.ensure_covers_use(700, 700)
    with pytest.raises(Conflict) as refused:
        rules.ensure_covers_use(699, 700)
    assert refused.value.code == "budget-in-use"
