"""Time: instants are UTC, the business day is Asia/Shanghai, ranges are half-open."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The present instant. Only the edges call this: actions and rules take `now` as an argument."""
    return datetime.now(UTC)


def business_day(instant: datetime) -> date:
    """The day in Shanghai on which the instant falls."""
    return instant.astimezone(SHANGHAI).date()


def day_range(day: date) -> tuple[datetime, datetime]:
    """The whole local day as the half-open range of instants [start, end)."""
    return days_range(day, day)


def days_range(first: date, last: date) -> tuple[datetime, datetime]:
    """All local days from `first` to `last`, both included, as the half-open range of instants [start, end)."""
    start = datetime(first.year, first.month, first.day, tzinfo=SHANGHAI)
    after = last + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=SHANGHAI)
    return start.astimezone(UTC), end.astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """Read ISO 8601; a time without a zone is Beijing time (+08:00), as carriers in China write it.

    Raises ValueError for anything else.
    """
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)).astimezone(UTC)
