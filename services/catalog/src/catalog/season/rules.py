"""When a pack is sold: the seasons of its product, and presales before the harvest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from catalog.product.rules import is_in_season, season_mask
from shared.clock import SHANGHAI, business_day, day_range
from shared.errors import Invalid

ON_SALE, PRESALE, PRESALE_CLOSED, OUT_OF_SEASON = "ON_SALE", "PRESALE", "PRESALE_CLOSED", "OUT_OF_SEASON"
SOLD = frozenset({ON_SALE, PRESALE})
_MONTHS = 12


@dataclass(frozen=True)
class SeasonWindow:
    """Months in which a region brings it to market, both included, over the new year if need be. `is_binding` says that
    outside of all the product's windows it is shown but not sold; other windows only tell when it is at its best."""

    region_code: str
    from_month: int
    to_month: int
    is_binding: bool = False

    @property
    def mask(self) -> int:
        """Its months as bits, January the lowest."""
        return season_mask(self.from_month, self.to_month)


@dataclass(frozen=True)
class PresaleWindow:
    """Sold ahead of the harvest from `opens_at` until `closes_at` (half-open), sent from `ships_on` on. Between closing
    and that day it is not sold; before it opens and from that day on the season decides."""

    opens_at: datetime
    closes_at: datetime
    ships_on: date

    @property
    def ships_at(self) -> datetime:
        """The first instant of the day from which it is sent."""
        return day_range(self.ships_on)[0]


def windows_mask(windows: Iterable[SeasonWindow]) -> int:
    """The months of all the windows."""
    mask = 0
    for window in windows:
        mask |= window.mask
    return mask


def sale_state(instant: datetime, windows: Sequence[SeasonWindow], presales: Sequence[PresaleWindow]) -> str:
    """Whether a pack on the shelf is sold at the instant, and if not, why."""
    for presale in presales:
        if presale.opens_at <= instant < presale.closes_at:
            return PRESALE
        if presale.closes_at <= instant < presale.ships_at:
            return PRESALE_CLOSED
    is_bound = any(window.is_binding for window in windows)
    if is_bound and not is_in_season(windows_mask(windows), business_day(instant).month):
        return OUT_OF_SEASON
    return ON_SALE


def presale_at(instant: datetime, presales: Iterable[PresaleWindow]) -> PresaleWindow | None:
    """The presale that runs at the instant or waits to be sent, else the next one to open; None if there is neither."""
    ahead = [each for each in presales if instant < max(each.closes_at, each.ships_at)]
    return min(ahead, key=lambda each: each.opens_at, default=None)


def turns_after(
    instant: datetime, windows: Sequence[SeasonWindow], presales: Sequence[PresaleWindow]
) -> list[datetime]:
    """The instants after this one at which what is sold or shown changes: each edge of a presale, and the next month
    that begins or ends a binding season."""
    turns = {edge for each in presales for edge in (each.opens_at, each.closes_at, each.ships_at) if edge > instant}
    if any(window.is_binding for window in windows):
        mask = windows_mask(windows)
        day = business_day(instant)
        was_in = is_in_season(mask, day.month)
        for step in range(1, _MONTHS + 1):
            month = (day.month - 1 + step) % _MONTHS + 1
            if is_in_season(mask, month) is not was_in:
                year = day.year + (day.month - 1 + step) // _MONTHS
                turns.add(datetime(year, month, 1, tzinfo=SHANGHAI))
                break
    return sorted(turns)


def ensure_windows(windows: Sequence[SeasonWindow]) -> None:
    """422 `season-repeated` for two windows of one region that share a month."""
    for place, window in enumerate(windows):
        for earlier in windows[:place]:
            if earlier.region_code == window.region_code and earlier.mask & window.mask:
                raise Invalid(
                    "Two seasons of one region share a month: make them one.",
                    code="season-repeated",
                    field=f"seasons.{place}.from_month",
                )


def ensure_presales(presales: Sequence[PresaleWindow]) -> None:
    """422 `presale-empty`, `presale-ships-too-early` or `presale-overlap`, with the place in the list."""
    for place, presale in enumerate(presales):
        if presale.closes_at <= presale.opens_at:
            raise Invalid(
                "The presale closes before it opens.", code="presale-empty", field=f"presales.{place}.closes_at"
            )
        if presale.ships_on < business_day(presale.opens_at):
            raise Invalid(
                "What is sent before it can be ordered is no presale.",
                code="presale-ships-too-early",
                field=f"presales.{place}.ships_on",
            )
        for earlier in presales[:place]:
            if earlier.opens_at < presale.closes_at and presale.opens_at < earlier.closes_at:
                raise Invalid(
                    "Two presales of one pack overlap.",
                    code="presale-overlap",
                    field=f"presales.{place}.opens_at",
                )
