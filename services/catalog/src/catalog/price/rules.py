"""Prices that hold for a while, by quantity and buyer group; and unit prices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from shared.errors import Conflict, Invalid

CLOCK_TOLERANCE = timedelta(minutes=1)
RETAIL = "retail"
BUYER_GROUPS = (RETAIL, "member", "institution")
"""Everybody, members (会员), and institutions such as canteens and trade unions (机构)."""


@dataclass(frozen=True)
class PricePeriod:
    """`price_fen` a piece holds from `valid_from` until `valid_until` (half-open; None is for good), for a buyer group
    that takes at least `min_quantity` pieces. What holds for everybody from the first piece on is the base price."""

    valid_from: datetime
    valid_until: datetime | None
    price_fen: int
    is_announced: bool = False
    buyer_group: str = RETAIL
    min_quantity: int = 1

    @property
    def tier(self) -> tuple[str, int]:
        """The buyer group and the least quantity: prices of one tier never overlap."""
        return self.buyer_group, self.min_quantity

    @property
    def is_base(self) -> bool:
        """Whether everybody pays it from the first piece on."""
        return self.tier == (RETAIL, 1)

    def holds_at(self, instant: datetime) -> bool:
        """Whether this is the price at that instant."""
        return self.valid_from <= instant and (self.valid_until is None or instant < self.valid_until)


def price_per_500g_fen(price_fen: int, net_weight_g: int) -> int:
    """The price of one jin (斤, 500 g), half a fen rounded up, for comparing packs."""
    return (price_fen * 1000 + net_weight_g) // (2 * net_weight_g)


def price_at(periods: Iterable[PricePeriod], instant: datetime) -> PricePeriod | None:
    """The base price that holds at the instant, or None."""
    return next((period for period in periods if period.is_base and period.holds_at(instant)), None)


def tiers_at(periods: Iterable[PricePeriod], instant: datetime) -> list[PricePeriod]:
    """The other prices that hold at the instant, by buyer group and quantity."""
    found = [period for period in periods if not period.is_base and period.holds_at(instant)]
    return sorted(found, key=lambda period: (BUYER_GROUPS.index(period.buyer_group), period.min_quantity))


def price_for(
    periods: Iterable[PricePeriod], instant: datetime, *, buyer_group: str, quantity: int
) -> PricePeriod | None:
    """What a buyer of this group pays for each of so many pieces: the lowest of its own group's prices and everybody's,
    so that nobody pays more than retail. None while there is no price."""
    open_to = [
        period
        for period in periods
        if period.buyer_group in {RETAIL, buyer_group} and period.min_quantity <= quantity and period.holds_at(instant)
    ]
    return min(open_to, key=lambda period: period.price_fen, default=None)


def ensure_period(period: PricePeriod, now: datetime) -> None:
    """422 `price-period-empty` for an end before its beginning, `price-in-the-past` for a beginning before now."""
    if period.valid_until is not None and period.valid_until <= period.valid_from:
        raise Invalid("The price ends before it begins.", code="price-period-empty", field="valid_until")
    if period.valid_from < now - CLOCK_TOLERANCE:
        raise Invalid(
            "A price cannot begin in the past: what was sold then was sold at the price of then.",
            code="price-in-the-past",
            field="valid_from",
        )


def with_price(periods: Sequence[PricePeriod], new: PricePeriod) -> list[PricePeriod]:
    """The periods after `new` is put in, in order; other tiers stay as they are.

    The price that runs when `new` begins stops there, and goes on after `new` where that ends earlier. A period that
    begins at the same instant is replaced. One that begins while `new` holds is somebody's plan: 409 `price-overlap`.
    """
    kept: list[PricePeriod] = []
    for period in periods:
        ends_before = period.valid_until is not None and period.valid_until <= new.valid_from
        begins_after = new.valid_until is not None and period.valid_from >= new.valid_until
        if period.tier != new.tier or ends_before or begins_after:
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
    return _in_order([*kept, new])


def without_tier(
    periods: Sequence[PricePeriod], *, buyer_group: str, min_quantity: int, now: datetime
) -> list[PricePeriod]:
    """The periods when the tier ends now and what was planned for it is forgotten. 422 `price-base-stays` for the base
    price, 409 `price-tier-unknown` where nothing of the tier holds or is planned."""
    tier = (buyer_group, min_quantity)
    if tier == (RETAIL, 1):
        raise Invalid("The base price stays: set another, or delist the pack.", code="price-base-stays")
    ended: list[PricePeriod] = []
    is_known = False
    for period in periods:
        if period.tier != tier or (period.valid_until is not None and period.valid_until <= now):
            ended.append(period)
            continue
        is_known = True
        if period.valid_from < now:
            ended.append(replace(period, valid_until=now))
    if not is_known:
        raise Conflict("There is no such price to end.", code="price-tier-unknown", field="min_quantity")
    return ended


def ensure_no_tier_is_dearer(periods: Sequence[PricePeriod], now: datetime) -> None:
    """409 `price-tier-dearer` where, now or later, more pieces would cost more each: within a buyer group the price of
    a larger quantity is never above that of a smaller one."""
    instants = {now} | {period.valid_from for period in periods if period.valid_from > now}
    instants |= {
        period.valid_until for period in periods if period.valid_until is not None and period.valid_until > now
    }
    for instant in sorted(instants):
        for group in BUYER_GROUPS:
            holding = sorted(
                (each for each in periods if each.buyer_group == group and each.holds_at(instant)),
                key=lambda each: each.min_quantity,
            )
            for smaller, larger in pairwise(holding):
                if larger.price_fen > smaller.price_fen:
                    raise Conflict(
                        f"From {larger.min_quantity} pieces on, one would cost more than from {smaller.min_quantity}.",
                        code="price-tier-dearer",
                        field="price_fen",
                        buyer_group=group,
                        min_quantity=larger.min_quantity,
                        price_fen=larger.price_fen,
                        smaller_quantity=smaller.min_quantity,
                        smaller_price_fen=smaller.price_fen,
                        begins_at=instant.isoformat(),
                    )


def ensure_jump_explained(periods: Sequence[PricePeriod], new: PricePeriod, *, jump_bp: int, reason: str) -> None:
    """422 `price-jump-reason-missing` where the tier's price moves by more than `jump_bp` of what held before it and
    nobody says why."""
    before = next((each for each in periods if each.tier == new.tier and each.holds_at(new.valid_from)), None)
    if before is None or reason:
        return
    if abs(new.price_fen - before.price_fen) * 10_000 > jump_bp * before.price_fen:
        raise Invalid(
            f"The price moves by more than {jump_bp / 100:g} %. Say why.",
            code="price-jump-reason-missing",
            field="reason",
            price_before_fen=before.price_fen,
            jump_bp=jump_bp,
        )


def ensure_has_price(periods: Sequence[PricePeriod], now: datetime) -> None:
    """409 `price-missing` unless a base price holds now."""
    if price_at(periods, now) is None:
        raise Conflict("Set a price that holds now before you list the SKU.", code="price-missing", field="price_fen")


def tier_edges(periods: Iterable[PricePeriod]) -> set[datetime]:
    """The instants at which a price other than the base begins or ends."""
    found: set[datetime] = set()
    for period in periods:
        if not period.is_base:
            found.add(period.valid_from)
            if period.valid_until is not None:
                found.add(period.valid_until)
    return found


def _in_order(periods: Iterable[PricePeriod]) -> list[PricePeriod]:
    return sorted(periods, key=lambda period: (period.valid_from, period.buyer_group, period.min_quantity))
