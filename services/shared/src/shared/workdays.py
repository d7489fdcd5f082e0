"""Working days (工作日) in China: holidays and the weekends worked in exchange, as the State Council announces them
each year. A year that is not announced yet counts Monday to Friday."""

from datetime import date, timedelta

import chinese_calendar

_WEEKEND = 5


def is_working_day(day: date) -> bool:
    """Whether offices work on that day."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except RuntimeError:  # what the calendar raises for a year that it does not know
        return day.weekday() < _WEEKEND


def working_days_after(day: date, count: int) -> date:
    """The day on which a term of `count` working days ends; the day it begins on does not count."""
    last = day
    for _ in range(count):
        last += timedelta(days=1)
        while not is_working_day(last):
            last += timedelta(days=1)
    return last
