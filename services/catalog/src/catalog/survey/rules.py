"""What a village's count of unsold goods may say, and what may be taken off it."""

from datetime import date

from shared.errors import Conflict, Invalid


def period_of(day: date) -> str:
    """The period (a month) of a day: 2026-11."""
    return f"{day.year:04d}-{day.month:02d}"


def ensure_until(until_on: date, *, today: date) -> None:
    """422 `until-past`: goods that had to be sold yesterday are nothing to plan for."""
    if until_on < today:
        raise Invalid("Until when can it be sold? This day is past.", code="until-past", field="until_on")


def absorbed_after(*, quantity_g: int, absorbed_g: int, taken_g: int) -> int:
    """What is sold or absorbed in all after `taken_g` more; 409 `more-than-left` with `remaining_g`."""
    remaining_g = quantity_g - absorbed_g
    if taken_g > remaining_g:
        raise Conflict(
            f"Only {remaining_g} g of this report are left.",
            code="more-than-left",
            field="quantity_g",
            remaining_g=remaining_g,
        )
    return absorbed_g + taken_g


def ensure_latest(*, is_latest: bool) -> None:
    """409 `report-superseded`: a newer count of the same goods is there; take it off that one."""
    if not is_latest:
        raise Conflict("The village has counted again since: use the newer report.", code="report-superseded")
