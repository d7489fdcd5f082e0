"""Prices that hold for a while, one at a time, and unit prices."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.errors import Conflict, Invalid

CLOCK_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True)
class PricePeriod:
    """`price_fen` holds from `valid_from` until `valid_until` (half-open; None is for good)."""

    valid_from: datetime
    valid_until: datetime | None
    price_fen: int
    is_announced: bool = False

    def holds_at(self, instant: datetime) -> bool:
        """Whether this is the price at that instant."""
        return self.valid_from <= instant and (self.valid_until is None or instant < self.valid_until)


def price_per_500g_fen(price_fen: int, net_weight_g: int) -> int:
    """The price of one jin (斤, 500 g), half a fen rounded up, for comparing packs."""
    return (price_fen * 1000 + net_weight_g) // (2 * net_weight_g)


def price_at(periods: list[PricePeriod], instant: datetime) -> PricePeriod | None:
    """The price that holds at the instant, or None."""
    return next((period for period in periods if period.holds_at(instant)), None)


def ensure_period(period: PricePeriod, now: datetime) -> None:
    """422 `price-period-empty` for an end before its beginning, `price-in-the-past` for a beginning before now."""
    if period.valid_until is not None and period.valid_until <= period.valid_from:
        raise Invalid("The price ends before it begins.", code="price-period-empty", field="valid_until")
    if period.valid_from < now - CLOCK_TOLERANCE:
        raise Invalid(
            "A price cannot be set for the past: what was sold was sold at the price of its day.",
            code="price-in-the-past",
            field="valid_from",
        )


def with_price(periods: list[PricePeriod], new: PricePeriod) -> list[PricePeriod]:
    """The periods after `new` is put in, in order.

    The price that runs when `new` begins stops there, and goes on after `new` where that ends earlier. A period that
    begins at the same instant is replaced. One that begins while `new` holds is somebody's plan: 409 `price-overlap`.
    """
    kept: list[PricePeriod] = []
    for period in periods:
        ends_before = period.valid_until is not None and period.valid_until <= new.valid_from
        begins_after = new.valid_until is not None and period.valid_from >= new.valid_until
        if ends_before or begins_after:
            kept.append(period)
            continue
        if period.valid_from > new.valid_from:
            raise Conflict(
                "Another price is planned to begin while this one holds. End this one before it, or replace that one.",
                code="price-overlap",
                field="valid_until",
                planned={"valid_from": period.valid_from.isoformat(), "price_fen": period.price_fen},
            )
        if period.valid_from < new.valid_from:
            kept.append(replace(period, valid_until=new.valid_from))
        if new.valid_until is not None and (period.valid_until is None or period.valid_until > new.valid_until):
            kept.append(replace(period, valid_from=new.valid_until, is_announced=False))
    return sorted([*kept, new], key=lambda period: period.valid_from)


def ensure_has_price(periods: list[PricePeriod], now: datetime) -> None:
    """409 `price-missing` unless a price holds now."""
    if price_at(periods, now) is None:
        raise Conflict("Set a price that holds now before you list the SKU.", code="price-missing", field="price_fen")
