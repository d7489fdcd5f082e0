"""What bringing goods costs, where they are not brought, and by when they arrive: by tables that are data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from uuid import UUID

from orders.sku.rules import SaleSku

_LONGEST_PAUSE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Tariff:
    """Carriage of one temperature class (empty: any) of one supplier (None: the platform's) to a region prefix.

    `first_fen` up to `first_g`, `step_fen` for each further `step_g` begun; free from `free_from_fen` of goods of the
    supplier (after discounts) on, None is never. `is_served` false says that nothing is brought there.
    """

    supplier_id: UUID | None
    temperature_class: str
    region_prefix: str
    is_served: bool
    first_g: int
    first_fen: int
    step_g: int
    step_fen: int
    free_from_fen: int | None

    def fee_fen(self, weight_g: int) -> int:
        """What this much weighs in fen."""
        beyond = max(0, weight_g - self.first_g)
        return self.first_fen + -(-beyond // self.step_g) * self.step_fen


@dataclass(frozen=True, slots=True)
class Promise:
    """Days from a region to a region, the earliest and the latest, counted from the day after sending."""

    from_prefix: str
    to_prefix: str
    first_days: int
    last_days: int


@dataclass(frozen=True, slots=True, eq=False)
class Carriage:
    """The tables: tariffs and promises as they are in force. Which of them counts is looked up once for each question
    and remembered with these very tables."""

    tariffs: tuple[Tariff, ...] = ()
    promises: tuple[Promise, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One supplier's delivery: its fee, how much more makes it free (None: it is free, or never is), what is not
    brought there, and the days between which it arrives (None: nobody promises)."""

    fee_fen: int
    missing_fen: int | None
    unserved: tuple[UUID, ...]
    arrives_from: date | None
    arrives_until: date | None


def tariff_for(
    tariffs: Iterable[Tariff], *, supplier_id: UUID, temperature_class: str, county_code: str
) -> Tariff | None:
    """The tariff that counts: a supplier's own before the platform's, then the longest region, then the named class."""
    fitting = (
        each
        for each in tariffs
        if each.supplier_id in (None, supplier_id)
        and each.temperature_class in ("", temperature_class)
        and county_code.startswith(each.region_prefix)
    )
    return max(
        fitting,
        key=lambda each: (each.supplier_id is not None, len(each.region_prefix), each.temperature_class != ""),
        default=None,
    )


def unserved_of(skus: Iterable[SaleSku], *, tariffs: Iterable[Tariff], county_code: str) -> list[SaleSku]:
    """Which of these are not brought to the county at all, whatever it costs."""
    kept = list(tariffs)

    def is_unserved(sku: SaleSku) -> bool:
        tariff = tariff_for(
            kept, supplier_id=sku.supplier_id, temperature_class=sku.temperature_class, county_code=county_code
        )
        return tariff is not None and not tariff.is_served

    return [sku for sku in skus if is_unserved(sku)]


@lru_cache(maxsize=4096)
def _tariff_of(carriage: Carriage, supplier_id: UUID, temperature_class: str, county_code: str) -> Tariff | None:
    return tariff_for(
        carriage.tariffs, supplier_id=supplier_id, temperature_class=temperature_class, county_code=county_code
    )


@lru_cache(maxsize=4096)
def _promise_of(carriage: Carriage, origin: str, county_code: str) -> Promise | None:
    """Of the nearest pair of regions."""
    fitting = (
        each
        for each in carriage.promises
        if origin.startswith(each.from_prefix) and county_code.startswith(each.to_prefix)
    )
    return max(fitting, key=lambda each: (len(each.to_prefix) + len(each.from_prefix), each.to_prefix), default=None)


def parcel_of(
    pieces: Sequence[tuple[SaleSku, int]],
    *,
    goods_fen: int,
    county_code: str,
    carriage: Carriage,
    today: date,
    is_holiday: Callable[[date], bool],
) -> Parcel:
    """What bringing one supplier's pieces to the county costs. Classes travel apart, each with its own tariff; where
    no tariff is kept carriage is free. `goods_fen` is what the buyer pays for them."""
    supplier_id = pieces[0][0].supplier_id
    weights: dict[str, int] = {}
    for sku, quantity in pieces:
        weights[sku.temperature_class] = weights.get(sku.temperature_class, 0) + sku.net_weight_g * quantity
    fee_fen, missing, unserved_classes = 0, 0, set[str]()
    is_ever_free = True
    for temperature_class, weight_g in weights.items():
        tariff = _tariff_of(carriage, supplier_id, temperature_class, county_code)
        if tariff is None:
            continue
        if not tariff.is_served:
            unserved_classes.add(temperature_class)
            continue
        class_fee_fen = tariff.fee_fen(weight_g)
        if class_fee_fen == 0 or (tariff.free_from_fen is not None and goods_fen >= tariff.free_from_fen):
            continue
        fee_fen += class_fee_fen
        if tariff.free_from_fen is None:
            is_ever_free = False
        else:
            missing = max(missing, tariff.free_from_fen - goods_fen)
    first, last = arrival(pieces, county_code=county_code, carriage=carriage, today=today, is_holiday=is_holiday)
    return Parcel(
        fee_fen=fee_fen,
        missing_fen=missing if fee_fen and is_ever_free else None,
        unserved=tuple(sku.sku_id for sku, _ in pieces if sku.temperature_class in unserved_classes),
        arrives_from=first,
        arrives_until=last,
    )


def arrival(
    pieces: Sequence[tuple[SaleSku, int]],
    *,
    county_code: str,
    carriage: Carriage,
    today: date,
    is_holiday: Callable[[date], bool],
) -> tuple[date | None, date | None]:
    """The first and the last day on which the pieces arrive, by the promise of the nearest pair of regions.

    What is sold ahead leaves on its day. Carriers rest on public holidays: those days do not count.
    """
    promise = _promise_of(carriage, pieces[0][0].supplier_county_code, county_code)
    if promise is None:
        return None, None
    leaves_on = max([today, *(sku.presale.ships_on for sku, _ in pieces if sku.presale is not None)])
    return (
        day_after(leaves_on, promise.first_days, is_holiday),
        day_after(leaves_on, promise.last_days, is_holiday),
    )


@lru_cache(maxsize=4096)
def day_after(start: date, days: int, is_holiday: Callable[[date], bool]) -> date:
    """The day so many travelling days after `start`; a day on which carriers rest is none."""
    day, left, end = start, days, start + timedelta(days=days) + _LONGEST_PAUSE
    while left > 0 and day < end:
        day += timedelta(days=1)
        if not is_holiday(day):
            left -= 1
    return day


def unserved_lines(parcels: Mapping[UUID, Parcel]) -> list[UUID]:
    """Every SKU that is not brought to the address."""
    return [sku_id for parcel in parcels.values() for sku_id in parcel.unserved]
