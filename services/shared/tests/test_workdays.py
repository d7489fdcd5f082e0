"""Working days in China."""

from datetime import date

import pytest

from shared.workdays import is_working_day, working_days_after


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday worked in exchange
        (date(2026, 11, 22), False),  # a Sunday
        (date(2026, 11, 23), True),
        (date(2035, 1, 6), False),  # beyond the calendar: a Saturday
        (date(2035, 1, 8), True),
    ],
)
def test_holidays_and_worked_weekends(day, is_working):
    assert is_working_day(day) is is_working


def test_a_term_begins_on_the_day_after_and_leaps_over_holidays():
    assert working_days_after(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert working_days_after(date(2026, 11, 22), 3) == date(2026, 11, 25)
    assert working_days_after(date(2026, 11, 22), 0) == date(2026, 11, 22)
