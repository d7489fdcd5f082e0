"""The figures of judging, from the data file that this package carries, and the excursions that stand."""

from datetime import timedelta
from functools import cache
from importlib.resources import files
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.excursion.models import Excursion
from logistics.excursion.rules import Limits, Policy
from logistics.temperature_class.queries import find_class


@cache
def figures() -> dict[str, float]:
    """Each figure by name. Their sources stand beside them in the file."""
    document = orjson.loads((files("logistics") / "data" / "excursion_policy.json").read_bytes())
    return {name: each["value"] for name, each in document["figures"].items()}


@cache
def get_policy() -> Policy:
    """The figures as the rules take them."""
    named = figures()
    return Policy(
        gap=timedelta(seconds=named["record_interval_seconds"] * named["gap_intervals"]),
        gap_major=timedelta(minutes=named["gap_major_minutes"]),
        hysteresis_c=named["hysteresis_c"],
        confirming_readings=int(named["confirming_readings"]),
        minor_over_c=named["minor_over_c"],
        minor_seconds=named["minor_minutes"] * 60,
        critical_seconds=named["critical_minutes"] * 60,
        cumulative_seconds=named["cumulative_minutes"] * 60,
    )


@cache
def limits_of(temperature_class: str | None) -> Limits:
    """The limits of a class; none at all for a class that we have no figures for: then only gaps are found."""
    found = find_class(temperature_class) if temperature_class else None
    if found is None:
        return Limits()
    given = {
        name: value
        for name in ("min_c", "max_c", "critical_min_c", "critical_max_c", "hard_max_c")
        if (value := getattr(found, name)) is not None
    }
    return Limits(**given)


async def list_of_parcel(db: AsyncSession, parcel_id: UUID) -> list[Excursion]:
    """The excursions of a parcel that stand, by start."""
    statement = (
        select(Excursion)
        .where(Excursion.parcel_id == parcel_id, Excursion.withdrawn_at.is_(None))
        .order_by(Excursion.started_at, Excursion.excursion_id)
    )
    return list(await db.scalars(statement))
