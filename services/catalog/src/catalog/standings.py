"""What a product may be shown with beside its certificates: recognised, on a credit list, under a brand, of a named
demonstration. Each from its first to its last day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.clock import day_range


@dataclass(frozen=True)
class Standing:
    """A badge. `rank` is what it adds to the product's place; None is an open end; `is_adverse` ones hide the
    exemplary one."""

    code: str
    name: str
    name_en: str
    number: str = ""
    from_on: date | None = None
    until_on: date | None = None
    rank: int = 0
    is_adverse: bool = False
    hides_behind_adverse: bool = False


def standings_on(standings: Iterable[Standing], day: date) -> list[Standing]:
    """Those that hold on that day, each badge once with its latest end."""
    holding = [
        each
        for each in standings
        if (each.from_on is None or each.from_on <= day) and (each.until_on is None or day <= each.until_on)
    ]
    if any(each.is_adverse for each in holding):
        holding = [each for each in holding if not each.hides_behind_adverse]
    return list({(each.code, each.number, each.name): each for each in holding}.values())


def rank_on(standings: Iterable[Standing], day: date) -> int:
    """What all of them add to the product's place on that day."""
    return sum(each.rank for each in standings_on(standings, day))


def turning_instants(standings: Sequence[Standing], horizon: date) -> set[datetime]:
    """The midnights up to the horizon at which one of them begins or ends."""
    begins = {day_range(day)[0] for each in standings if (day := each.from_on) and day <= horizon}
    return begins | {day_range(day)[1] for each in standings if (day := each.until_on) and day <= horizon}
