"""Whose reports count where."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from catalog.authority import is_within
from catalog.laboratory.data import Agreement, NumberForm
from shared.errors import Invalid


@dataclass(frozen=True)
class Recognition:
    """A single laboratory's reports count in a region, from the day on, until the last day if there is one."""

    region_code: str
    from_on: date
    until_on: date | None = None


def ensure_cma_number(number: str, form: NumberForm, *, field: str = "cma_number") -> None:
    """422 `cma-number-invalid` for a number of another form."""
    if re.fullmatch(form.pattern, number) is None:
        raise Invalid(
            f"This is not the number of a CMA mark; it looks like this: {form.example}.",
            code="cma-number-invalid",
            field=field,
            example=form.example,
        )


def recognised_by(
    home: str, county_code: str, day: date, *, agreements: Iterable[Agreement], single: Iterable[Recognition]
) -> str:
    """Why the reports of a laboratory of the division `home` count in this county on that day: `own-province`, an
    agreement's name, or `listed`; empty if they do not."""
    if home[:2] == county_code[:2]:
        return "own-province"
    for each in agreements:
        holds = each.from_on <= day and (each.until_on is None or day <= each.until_on)
        if holds and is_within(home, each.regions) and is_within(county_code, each.regions):
            return each.name
    for recognition in single:
        holds = recognition.from_on <= day and (recognition.until_on is None or day <= recognition.until_on)
        if holds and is_within(county_code, [recognition.region_code]):
            return "listed"
    return ""
