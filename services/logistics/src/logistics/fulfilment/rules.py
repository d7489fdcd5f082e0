"""Until when a part should have left."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path


@cache
def ship_within() -> timedelta:
    """How long a supplier has, by deadlines.toml."""
    figures = tomllib.loads((Path(__file__).parent / "deadlines.toml").read_text(encoding="utf-8"))
    return timedelta(hours=figures["ship_within_hours"])


def ship_by(created_at: datetime) -> datetime:
    """Until when all of a shipment made then should have left."""
    return created_at + ship_within()


def is_late(status: str, created_at: datetime, now: datetime) -> bool:
    """Whether something of it should have left already."""
    return status == "PENDING" and now >= ship_by(created_at)


def last_digits(wanted: str) -> str | None:
    """The end of a phone number, if that is what four digits are."""
    return wanted if len(wanted) == 4 and wanted.isascii() and wanted.isdigit() else None  # noqa: PLR2004 - as people ask
