"""What carriage costs, where nothing is brought, and by when it arrives."""

from datetime import date

import pytest

from orders.delivery.calendar import is_rest_day
from orders.delivery.rules import Carriage, Parcel, Promise, Tariff, day_after, parcel_of, tariff_for, unserved_lines
from orders.sku.rules import Presale, SaleSku
from services.orders.tests.price.offered import ENSHI_TEA, FANGXIAN_COOP, HONEY, NOW, SHIITAKE, TEA, sku

TODAY = date(2026, 11, 22)
BEIJING, XINJIANG = "110105", "650102"


def tariff(region: str = "", temperature_class: str = "", **given: object) -> Tariff:
    facts = {"supplier_id": None, "is_served": True, "first_g": 1000, "first_fen": 800, "step_g": 1000, "step_fen": 200}
    return Tariff(
        **{**facts, "free_from_fen": 9900, "region_prefix": region, "temperature_class": temperature_class, **given}  # type: ignore[arg-type]
    )


def parcel(
    *pieces: tuple[SaleSku, int],
    tariffs: tuple[Tariff, ...] = (),
    promises: tuple[Promise, ...] = (),
    goods_fen: int = 5000,
    county_code: str = BEIJING,
    today: date = TODAY,
) -> Parcel:
    return parcel_of(
        pieces,
        goods_fen=goods_fen,
        county_code=county_code,
        carriage=Carriage(tariffs, promises),
        today=today,
        is_holiday=is_rest_day,
    )


def test_where_no_tariff_is_kept_carriage_is_free():
    assert parcel((sku(), 9)) == Parcel(0, None, (), None, None)


@pytest.mark.parametrize(("pieces", "fee"), [(1, 800), (2, 800), (3, 1000), (4, 1000), (5, 1200)])
def test_each_kilogram_begun_counts(pieces: int, fee: int):
    assert parcel((sku(net_weight_g=500), pieces), tariffs=(tariff(),)).fee_fen == fee


@pytest.mark.parametrize(("goods_fen", "fee", "missing"), [(9899, 800, 1), (9900, 0, None)])
def test_from_the_threshold_on_it_is_free_and_below_it_says_what_is_missing(
    goods_fen: int, fee: int, missing: int | None
):
    found = parcel((sku(), 1), tariffs=(tariff(),), goods_fen=goods_fen)
    assert (found.fee_fen, found.missing_fen) == (fee, missing)


def test_nothing_is_said_to_be_missing_where_nothing_makes_it_free():
    assert parcel((sku(), 1), tariffs=(tariff(free_from_fen=None),)).missing_fen is None


def test_a_suppliers_own_tariff_comes_first_then_the_longest_region_then_the_class():
    tables = (
        tariff(),
        tariff("65"),
        tariff("", "FROZEN"),
        tariff("6501"),
        tariff("", supplier_id=FANGXIAN_COOP),
    )
    for supplier_id, temperature_class, county_code, place in (
        (ENSHI_TEA, "AMBIENT", BEIJING, 0),
        (ENSHI_TEA, "AMBIENT", "653101", 1),
        (ENSHI_TEA, "FROZEN", BEIJING, 2),
        (ENSHI_TEA, "FROZEN", XINJIANG, 3),
        (FANGXIAN_COOP, "FROZEN", XINJIANG, 4),
    ):
        found = tariff_for(
            tables, supplier_id=supplier_id, temperature_class=temperature_class, county_code=county_code
        )
        assert found is tables[place]


def test_classes_travel_apart():
    frozen = sku(HONEY, temperature_class="FROZEN")
    found = parcel((sku(), 2), (frozen, 2), tariffs=(tariff(), tariff("", "FROZEN", first_fen=2000)))
    assert found.fee_fen == 2800


def test_what_is_not_brought_there_is_named_line_by_line():
    frozen = sku(HONEY, temperature_class="FROZEN")
    tables = (tariff(), tariff("65", "FROZEN", is_served=False))
    found = parcel((sku(), 1), (frozen, 1), tariffs=tables, county_code=XINJIANG)
    assert (found.fee_fen, found.unserved) == (800, (HONEY,))
    assert unserved_lines({FANGXIAN_COOP: found}) == [HONEY]
    assert parcel((sku(), 1), (frozen, 1), tariffs=tables).unserved == ()


def test_the_nearest_pair_of_regions_promises_and_what_is_sold_ahead_leaves_on_its_day():
    promises = (Promise("", "", 3, 5), Promise("42", "42", 1, 2))
    assert parcel((sku(), 1), promises=promises).arrives_until == date(2026, 11, 27)
    near = parcel((sku(), 1), promises=promises, county_code="420102")
    assert (near.arrives_from, near.arrives_until) == (date(2026, 11, 23), date(2026, 11, 24))
    ahead = sku(TEA, presale=Presale(NOW, NOW, date(2026, 12, 20)))
    assert parcel((sku(SHIITAKE), 1), (ahead, 1), promises=promises).arrives_from == date(2026, 12, 23)


def test_days_on_which_carriers_rest_do_not_count():
    """The Spring Festival of 2026 is 15 to 23 February; National Day only closes offices."""
    assert day_after(date(2026, 2, 13), 3, is_rest_day) == date(2026, 2, 25)
    assert day_after(date(2026, 9, 30), 3, is_rest_day) == date(2026, 10, 3)
    assert day_after(date(2031, 1, 1), 2, is_rest_day) == date(2031, 1, 3)
    assert not is_rest_day(UNKNOWN)


UNKNOWN = date(2090, 2, 10)
