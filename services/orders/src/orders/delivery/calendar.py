"""The days on which carriers rest, by the holidays that the State Council announces each year."""

import tomllib
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import chinese_calendar

DATA = Path(__file__).with_name("carriage.toml")


@cache
def carriage_data() -> dict[str, Any]:
    """The platform's tables as they are kept in the tree, with where each figure is from."""
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


@lru_cache(maxsize=1024)
def is_rest_day(day: date) -> bool:
    """Whether carriers rest on that day. A year that is not announced yet has no such days."""
    try:
        is_holiday, name = chinese_calendar.get_holiday_detail(day)
    except RuntimeError:  # what the calendar raises for a year that it does not know
        return False
    return bool(is_holiday) and name in carriage_data()["rest"]["holidays"]
