"""What counts as lately."""

from datetime import date, timedelta

WINDOW = timedelta(days=30)
"""Lists sorted by sales count this long back, today included, so that a season's newcomer can rise."""


def first_day(today: date) -> date:
    """The first day that still counts."""
    return today - WINDOW + timedelta(days=1)
