"""Whatever is offered for whatever basket: sums add up, nothing is below zero, and nothing depends on luck."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from orders.delivery.rules import Carriage, Tariff
from orders.price.rules import Coupon, Offers, Priced, Promotion, Scope
from orders.sku.rules import SaleSku
from services.orders.tests.price.offered import NOW, priced, promotion, sku, tier

SKU_IDS = [UUID(int=number) for number in range(1, 7)]
GROUPS = st.sampled_from(["", "", "a", "b"])
FEN = st.integers(1, 50_000)
SOME_SKUS = st.frozensets(st.sampled_from(SKU_IDS), max_size=4)


@st.composite
def shelves(draw: st.DrawFn) -> list[SaleSku]:
    return [
        sku(
            sku_id,
            price_fen=draw(FEN),
            supplier_id=UUID(int=draw(st.integers(1, 3))),
            net_weight_g=draw(st.integers(0, 9000)),
            price_tiers=tuple(
                tier(draw(FEN), group=draw(st.sampled_from(["retail", "member"])), from_pieces=draw(st.integers(1, 9)))
                for _ in range(draw(st.integers(0, 2)))
            ),
        )
        for sku_id in SKU_IDS
    ]


@st.composite
def promotions(draw: st.DrawFn, number: int) -> Promotion:
    lower = {"price_fen": draw(FEN)} if draw(st.booleans()) else {"off_bp": draw(st.integers(1, 9999))}
    some = sorted(draw(st.sets(st.sampled_from(SKU_IDS), min_size=1, max_size=3)))
    threshold = draw(st.integers(0, 50_000))
    terms = {
        "limited-price": lower,
        "member-price": lower,
        "bundle": {
            "items": [{"sku_id": str(each), "quantity": draw(st.integers(1, 3))} for each in some],
            "price_fen": draw(FEN),
        },
        "amount-off": {
            "steps": [{"from_fen": threshold + 1, "off_fen": draw(FEN)}],
            "is_repeating": draw(st.booleans()),
        },
        "gift": {"from_fen": threshold, "gifts": [{"sku_id": str(each), "quantity": 1} for each in some]},
        "exchange": {
            "from_fen": threshold,
            "offers": [{"sku_id": str(each), "price_fen": draw(FEN), "most": draw(st.integers(1, 3))} for each in some],
        },
        "coupon": {"from_fen": threshold, "off_fen": draw(FEN)},
    }
    kind = draw(st.sampled_from(sorted(terms)))
    return promotion(
        kind,
        number,
        terms=terms[kind],
        scope=Scope(sku_ids=draw(SOME_SKUS)),
        priority=draw(st.integers(1, 3)),
        exclusive_group=draw(GROUPS),
    )


@st.composite
def baskets(draw: st.DrawFn) -> tuple[list[tuple[SaleSku, int]], Offers, list[SaleSku]]:
    shelf = draw(shelves())
    wanted = [(each, draw(st.integers(1, 9))) for each in shelf[: draw(st.integers(1, 6))]]
    offered = tuple(draw(promotions(number)) for number in range(1, draw(st.integers(1, 6)) + 1))
    coupons = tuple(
        Coupon(UUID(int=900 + number), each.promotion_id, NOW + timedelta(days=1))
        for number, each in enumerate(offered)
    )
    tariff = Tariff(None, "", "", True, 1000, draw(st.integers(0, 2000)), 1000, draw(st.integers(0, 500)), 9900)
    balances = {each.promotion_id: draw(st.integers(0, 60_000)) for each in offered[::2]}
    return wanted, Offers(offered, balances, {}, coupons, Carriage((tariff,))), shelf


def price(basket: tuple[list[tuple[SaleSku, int]], Offers, list[SaleSku]], count: int | None = None) -> Priced:
    wanted, offers, shelf = basket
    return priced(*wanted[:count], offers=offers, gifts=tuple(shelf), group="member", county_code="110105")


def payable_by_supplier(basket: Priced) -> dict[UUID, int]:
    sums: dict[UUID, int] = {}
    for line in basket.lines:
        sums[line.sku.supplier_id] = sums.get(line.sku.supplier_id, 0) + line.payable_fen
    return sums


@given(baskets())
def test_every_fen_is_accounted_for(basket: tuple[list[tuple[SaleSku, int]], Offers, list[SaleSku]]):
    found = price(basket)
    for line in found.lines:
        assert line.amount_fen == line.unit_price_fen * line.quantity
        assert 0 <= line.discount_fen <= line.amount_fen
        assert sum(step.fen for step in line.trace) == line.payable_fen
    gifts_fen = {use.promotion.promotion_id: use.discount_fen for use in found.uses if use.promotion.kind == "gift"}
    assert found.discount_fen == sum(use.discount_fen for use in found.uses) - sum(gifts_fen.values())
    assert found.payable_fen == found.goods_fen - found.discount_fen + found.delivery_fen >= 1
    for use in found.uses:
        steps = [step for line in found.lines for step in line.trace if step.promotion_id == use.promotion.promotion_id]
        if use.promotion.kind != "gift":
            assert -sum(step.fen for step in steps) == use.discount_fen > 0
        assert use.discount_fen <= basket[1].balances.get(use.promotion.promotion_id, use.discount_fen)


@given(baskets())
def test_the_same_basket_costs_the_same_in_whatever_order_it_is_offered(
    basket: tuple[list[tuple[SaleSku, int]], Offers, list[SaleSku]],
):
    wanted, offers, shelf = basket
    turned = Offers(offers.promotions[::-1], offers.balances, {}, offers.coupons[::-1], offers.carriage)
    assert price(basket) == price(basket) == price((wanted, turned, shelf))


@given(baskets())
def test_another_line_never_takes_a_supplier_below_zero_nor_an_exclusive_group_twice(
    basket: tuple[list[tuple[SaleSku, int]], Offers, list[SaleSku]],
):
    for count in range(1, len(basket[0]) + 1):
        found = price(basket, count)
        assert min(payable_by_supplier(found).values()) >= 0
        groups = {each.promotion_id: each.exclusive_group for each in basket[1].promotions}
        for line in found.lines:
            met = [groups[step.promotion_id] for step in line.trace if step.promotion_id]
            named = [group for group in met if group]
            assert len(named) == len(set(named))
