"""The figures of pools, and how far a share has come."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from shared.errors import Invalid

NO_GOODS: Final = frozenset({"CANCELLED", "REFUSED"})
"""Stages of a unit's order that brings nothing any more."""
WHOLE_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What `pool.toml` says."""

    least_open: timedelta
    most_open: timedelta
    most_steps: int
    most_invited: int
    absorbed_bp: int
    absorption_most_open: timedelta
    ordering: timedelta


@cache
def figures() -> Figures:
    """The figures that hold."""
    told = tomllib.loads((files(__package__) / "pool.toml").read_text(encoding="utf-8"))
    joint, absorption = told["joint"], told["absorption"]
    return Figures(
        timedelta(minutes=joint["least_open_minutes"]),
        timedelta(days=joint["most_open_days"]),
        joint["most_steps"],
        joint["most_invited"],
        absorption["absorbed_bp"],
        timedelta(days=absorption["most_open_days"]),
        timedelta(days=told["ordering"]["days"]),
    )


def ensure_deadline(closes_at: datetime, now: datetime, *, least: timedelta, most: timedelta) -> None:
    """422 `deadline-too-near` or `deadline-too-far`."""
    if closes_at < now + least or closes_at <= now:
        raise Invalid("Leave units more time.", code="deadline-too-near", field="closes_at")
    if closes_at > now + most:
        raise Invalid(
            f"At most {most.days} days ahead.", code="deadline-too-far", field="closes_at", most_days=most.days
        )
