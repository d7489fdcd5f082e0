"""What a basket costs and why: each kind of promotion, their order, budgets, caps and coupons."""

from datetime import timedelta
from uuid import UUID

import pytest

from orders.delivery.rules import Carriage, Tariff
from orders.price.rules import Coupon, Offers, Scope, coupon_states
from orders.sku.rules import RETAIL, unit_price_fen
from services.orders.tests.price.offered import ENSHI_TEA, HONEY, NOW, SHIITAKE, TEA, priced, promotion, sku, tier

TEA_SKU = sku(TEA, supplier_id=ENSHI_TEA, supplier_name="恩施茶社", category="tea", price_fen=12_800)
COUPON = Coupon(UUID(int=900), UUID(int=1), NOW + timedelta(days=1))


def test_without_any_offer_a_line_costs_its_list_price_and_says_only_that():
    basket = priced((sku(), 3))
    assert [(step.step, step.fen) for step in basket.lines[0].trace] == [("list", 3000)]
    assert (basket.payable_fen, basket.uses, basket.parcels) == (3000, (), None)


@pytest.mark.parametrize(
    ("group", "quantity", "unit_fen"),
    [
        ("retail", 9, 1000),
        ("retail", 10, 900),
        ("member", 1, 950),
        ("member", 10, 900),
        ("institution", 1, 1000),
        ("institution", 50, 800),
    ],
)
def test_a_buyer_pays_the_lowest_of_its_groups_and_everybodys_tier(group: str, quantity: int, unit_fen: int):
    tiers = (
        tier(900, from_pieces=10),
        tier(950, group="member"),
        tier(800, group="institution", from_pieces=50),
        tier(1, from_pieces=1, valid_until=NOW),
        tier(1, from_pieces=1, valid_from=NOW + timedelta(seconds=1)),
    )
    shiitake = sku(price_tiers=tiers)
    basket = priced((shiitake, quantity), group=group)  # type: ignore[arg-type]
    [line] = basket.lines
    assert (line.unit_price_fen, line.amount_fen) == (unit_fen, unit_fen * quantity)
    assert unit_price_fen(shiitake, group=group, quantity=quantity, now=NOW) == unit_fen  # type: ignore[arg-type]


def test_a_dearer_tier_is_no_tier():
    assert unit_price_fen(sku(price_tiers=(tier(1001),)), group=RETAIL, quantity=1, now=NOW) == 1000


def test_a_limited_price_and_a_member_price_do_not_add_up():
    limited = promotion("limited-price", 1, terms={"price_fen": 700})
    member = promotion("member-price", 2, terms={"off_bp": 2000})
    for group, payable_fen in (("retail", 700), ("member", 700)):
        assert priced((sku(), 1), promotions=(limited, member), group=group).payable_fen == payable_fen  # type: ignore[arg-type]
    better = promotion("member-price", 2, terms={"off_bp": 4000})
    basket = priced((sku(), 2), promotions=(limited, better), group="member")
    assert basket.payable_fen == 1200
    assert [(step.step, step.fen) for step in basket.lines[0].trace] == [
        ("list", 2000),
        ("limited-price", -600),
        ("member-price", -200),
    ]


def test_a_bundle_prices_as_many_whole_sets_as_there_are():
    sets = {"items": [{"sku_id": str(SHIITAKE), "quantity": 2}, {"sku_id": str(HONEY), "quantity": 1}]}
    bundle = promotion("bundle", terms={**sets, "price_fen": 4000})
    honey = sku(HONEY, price_fen=3000)
    basket = priced((sku(), 5), (honey, 2), promotions=(bundle,))
    assert basket.discount_fen == 2 * (2 * 1000 + 3000 - 4000)
    assert [line.discount_fen for line in basket.lines] == [800, 1200]
    assert priced((sku(), 5), promotions=(bundle,)).discount_fen == 0


@pytest.mark.parametrize(("pieces", "off"), [(9, 0), (10, 1000), (29, 1000), (30, 4000), (100, 4000)], ids=str)
def test_amount_off_takes_the_highest_step_that_is_reached(pieces: int, off: int):
    steps = [{"from_fen": 10_000, "off_fen": 1000}, {"from_fen": 30_000, "off_fen": 4000}]
    assert priced((sku(), pieces), promotions=(promotion("amount-off", terms={"steps": steps}),)).discount_fen == off


def test_amount_off_may_repeat():
    terms = {"steps": [{"from_fen": 10_000, "off_fen": 1000}], "is_repeating": True}
    assert priced((sku(), 35), promotions=(promotion("amount-off", terms=terms),)).discount_fen == 3000


def test_amount_off_is_shared_by_largest_remainder_over_its_scope_only():
    off = promotion(
        "amount-off",
        terms={"steps": [{"from_fen": 1, "off_fen": 100}]},
        scope=Scope(categories=frozenset({"mushroom"})),
    )
    basket = priced((sku(), 1), (sku(HONEY), 1), (TEA_SKU, 1), (sku(UUID(int=7)), 1), promotions=(off,))
    assert [line.discount_fen for line in basket.lines] == [34, 33, 0, 33]


def test_a_gift_costs_nothing_and_comes_while_there_is_enough_of_it():
    gift = promotion("gift", terms={"from_fen": 5000, "gifts": [{"sku_id": str(HONEY), "quantity": 1}]})
    honey = sku(HONEY, price_fen=600, available=3)
    basket = priced((sku(), 5), promotions=(gift,), gifts=(honey,))
    *_, given = basket.lines
    assert (given.sku, given.quantity, given.payable_fen, given.is_gift) == (honey, 1, 0, True)
    assert (basket.payable_fen, basket.uses[0].discount_fen) == (5000, 600)
    assert len(priced((sku(), 4), promotions=(gift,), gifts=(honey,)).lines) == 1
    assert len(priced((sku(), 5), (honey, 3), promotions=(gift,)).lines) == 2
    two = promotion("gift", 2, terms=gift.terms)
    assert len(priced((sku(), 5), (honey, 2), promotions=(gift, two)).lines) == 3


def test_an_exchange_lowers_some_pieces_once_other_lines_reach_the_threshold():
    terms = {"from_fen": 5000, "offers": [{"sku_id": str(HONEY), "price_fen": 100, "most": 2}]}
    exchange = promotion("exchange", terms=terms)
    honey = sku(HONEY, price_fen=3000)
    basket = priced((sku(), 5), (honey, 3), promotions=(exchange,))
    assert [line.payable_fen for line in basket.lines] == [5000, 3000 + 2 * 100]
    assert priced((sku(), 4), (honey, 3), promotions=(exchange,)).discount_fen == 0


def test_a_coupon_acts_only_when_it_is_chosen_and_holds():
    coupon = promotion("coupon", terms={"from_fen": 2000, "off_fen": 500})
    offers = Offers(promotions=(coupon,), coupons=(COUPON,))
    assert priced((sku(), 2), promotions=(coupon,)).discount_fen == 0
    basket = priced((sku(), 2), offers=offers)
    assert (basket.discount_fen, basket.uses[0].coupon_id) == (500, COUPON.coupon_id)
    assert priced((sku(), 1), offers=offers).discount_fen == 0
    late = NOW + timedelta(minutes=30)
    ended = Coupon(COUPON.coupon_id, COUPON.promotion_id, late)
    assert priced((sku(), 2), offers=Offers(promotions=(coupon,), coupons=(ended,)), now=late).discount_fen == 0
    unknown = UUID(int=901)
    assert coupon_states([COUPON.coupon_id, unknown], offers, basket) == {
        COUPON.coupon_id: "applied",
        unknown: "gone",
    }
    assert coupon_states([COUPON.coupon_id], offers, priced((sku(), 1), offers=offers)) == {
        COUPON.coupon_id: "not-fitting"
    }


def test_a_coupon_in_percent_has_a_ceiling():
    coupon = promotion("coupon", terms={"off_bp": 1000, "most_fen": 150})
    for pieces, off in ((1, 100), (2, 150)):
        offers = Offers(promotions=(coupon,), coupons=(COUPON,))
        assert priced((sku(), pieces), offers=offers).discount_fen == off


def test_kinds_come_in_their_order_then_priority_then_id():
    steps = {"steps": [{"from_fen": 1, "off_fen": 100}]}
    shown = (
        promotion("coupon", 1, terms={"off_fen": 100}, priority=0),
        promotion("amount-off", 4, terms=steps, priority=50),
        promotion("amount-off", 3, terms=steps, priority=50),
        promotion("amount-off", 5, terms=steps, priority=10),
        promotion("limited-price", 2, terms={"price_fen": 900}),
    )
    for given in (shown, shown[::-1]):
        basket = priced((sku(), 1), offers=Offers(promotions=given, coupons=(COUPON,)))
        assert [use.promotion.promotion_id.int for use in basket.uses] == [2, 5, 3, 4, 1]
        assert basket.payable_fen == 500


def test_promotions_of_one_exclusive_group_never_meet_on_a_line():
    limited = promotion(
        "limited-price",
        1,
        terms={"price_fen": 900},
        exclusive_group="festival",
        scope=Scope(sku_ids=frozenset({SHIITAKE})),
    )
    off = promotion("amount-off", 2, terms={"steps": [{"from_fen": 1, "off_fen": 300}]}, exclusive_group="festival")
    basket = priced((sku(), 1), (sku(HONEY), 1), promotions=(limited, off))
    assert [line.discount_fen for line in basket.lines] == [100, 300]
    assert priced((sku(), 1), promotions=(limited, off)).discount_fen == 100


def test_a_spent_budget_and_a_used_turn_leave_the_promotion_out_as_a_whole():
    off = promotion("amount-off", terms={"steps": [{"from_fen": 1, "off_fen": 300}]}, person_cap=2)
    for balance, takings, expected in ((300, 1, 300), (299, 1, 0), (300, 2, 0)):
        offers = Offers(promotions=(off,), balances={off.promotion_id: balance}, takings={off.promotion_id: takings})
        assert priced((sku(), 1), offers=offers).discount_fen == expected


@pytest.mark.parametrize(("minutes", "off"), [(-61, 0), (-60, 300), (59, 300), (60, 0)])
def test_a_promotion_acts_within_its_half_open_period(minutes: int, off: int):
    amount_off = promotion("amount-off", terms={"steps": [{"from_fen": 1, "off_fen": 300}]})
    assert priced((sku(), 1), promotions=(amount_off,), now=NOW + timedelta(minutes=minutes)).discount_fen == off


@pytest.mark.parametrize(
    ("scope", "is_covered"),
    [
        (Scope(), True),
        (Scope(designations=frozenset({"assisted-832"})), True),
        (Scope(designations=frozenset({"key-160"})), False),
        (Scope(counties=("4203",)), True),
        (Scope(counties=("61", "4204")), False),
        (Scope(supplier_ids=frozenset({ENSHI_TEA})), False),
        (Scope(product_ids=frozenset({UUID(int=1101)}), categories=frozenset({"mushroom"})), True),
        (Scope(product_ids=frozenset({UUID(int=1101)}), categories=frozenset({"tea"})), False),
    ],
)
def test_a_scope_needs_every_list_that_it_has(scope: Scope, is_covered: bool):
    assert scope.covers(sku()) is is_covered


def test_two_offers_that_ask_for_more_than_the_whole_leave_a_fen_and_no_less():
    """CASES T17: all of it off, and then some: nothing is below zero, and free delivery is given once."""
    whole = promotion("amount-off", 1, terms={"steps": [{"from_fen": 1, "off_fen": 99_999}]})
    more = promotion("amount-off", 2, terms={"steps": [{"from_fen": 1, "off_fen": 150}]})
    offers = Offers((whole, more), carriage=Carriage((Tariff(None, "", "", True, 1000, 800, 1000, 0, 1),)))
    basket = priced((sku(), 1), (sku(HONEY, price_fen=1), 1), offers=offers, county_code="110105")
    assert basket.payable_fen == 1
    assert basket.delivery_fen == 0
    assert all(0 <= line.discount_fen <= line.amount_fen for line in basket.lines)
    assert basket.discount_fen == basket.goods_fen - 1


def test_a_lowered_price_comes_before_what_is_off_the_whole():
    """CASES T18: 40 % off a line, then a coupon of 70 yuan off what is left, whichever is named first."""
    lowered = promotion("limited-price", 1, terms={"off_bp": 4000}, priority=9)
    coupon = promotion("coupon", 2, terms={"from_fen": 6000, "off_fen": 5500}, priority=1)
    coupons = (Coupon(UUID(int=900), UUID(int=2), NOW + timedelta(days=1)),)
    for offered in ((lowered, coupon), (coupon, lowered)):
        offers = Offers(offered, coupons=coupons)
        basket = priced((sku(), 10), offers=offers)
        steps = [(step.step, step.fen) for step in basket.lines[0].trace]
        assert steps == [("list", 10_000), ("limited-price", -4000), ("coupon", -5500)]
        assert priced((sku(), 9), offers=offers).payable_fen == 5400, "too little is left for the coupon"
