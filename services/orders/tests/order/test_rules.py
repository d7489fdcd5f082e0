"""What an order is made of: decisions without a database."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.order import moving, naming, rules
from orders.price.rules import Offers, Promotion
from orders.sku.rules import SaleSku
from shared.errors import Conflict

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
BUYER = rules.Buyer(UUID(int=7), "consumer")
ADDRESS = rules.Address("王小梅", "13800000000", "110105", "望京街道1号")


def sale_sku(**given_facts: object) -> SaleSku:
    facts: dict[str, object] = {
        "sku_id": uuid4(),
        "revision": 1,
        "is_listed": True,
        "product_id": uuid4(),
        "supplier_id": uuid4(),
        "supplier_name": "大山合作社",
        "supplier_county_code": "420325",
        "product_title": "房县香菇",
        "product_title_en": "",
        "specification": "500克",
        "specification_en": "",
        "picture": "shiitake",
        "price_fen": 500,
        "price_valid_from": NOW - timedelta(days=1),
        "price_valid_until": None,
        "available": 100,
    }
    return SaleSku(**{**facts, **given_facts})


def draft(*wanted: tuple[SaleSku, int], discount_fen: int = 0) -> rules.OrderDraft:
    numbers = count(1)
    return rules.draft_order(
        [rules.WantedLine(sku.sku_id, quantity) for sku, quantity in wanted],
        {sku.sku_id: sku for sku, _ in wanted},
        order_id=UUID(int=99),
        next_id=lambda: UUID(int=next(numbers)),
        buyer=BUYER,
        address=ADDRESS,
        note="",
        placed_on=date(2026, 11, 22),
        now=NOW,
        payment_window=timedelta(minutes=30),
        offers=Offers(promotions=(off(discount_fen),)),
    )


def off(discount_fen: int) -> Promotion:
    """So many fen off whatever is bought."""
    return Promotion(
        promotion_id=UUID(int=8),
        revision=1,
        kind="amount-off",
        name="满减",
        name_en="",
        starts_at=NOW,
        ends_at=NOW + timedelta(days=1),
        terms={"steps": [{"from_fen": 1, "off_fen": discount_fen}]},
    )


def test_lines_of_one_supplier_make_one_part():
    supplier_id = uuid4()
    shiitake = sale_sku(supplier_id=supplier_id, price_fen=3980)
    tea = sale_sku(price_fen=12800)
    honey = sale_sku(supplier_id=supplier_id, price_fen=6600)
    order = draft((shiitake, 2), (tea, 1), (honey, 1))
    assert [[line.sku for line in part.lines] for part in order.parts] == [[shiitake, honey], [tea]]
    assert [part.payable_fen for part in order.parts] == [2 * 3980 + 6600, 12800]
    assert order.payable_fen == 2 * 3980 + 6600 + 12800
    assert order.payment_due_at == NOW + timedelta(minutes=30)


def test_one_sku_on_two_lines_is_summed_before_the_stock_is_asked():
    sku = sale_sku(available=5)
    assert draft((sku, 2), (sku, 3)).lines[0].quantity == 5
    with pytest.raises(Conflict) as refusal:
        draft((sku, 3), (sku, 3))
    assert refusal.value.code == "stock-short"
    assert refusal.value.extra["shortages"] == [{"sku_id": str(sku.sku_id), "wanted": 6, "available": 5}]


def test_two_yuan_off_three_lines_of_five_yuan():
    order = draft((sale_sku(), 1), (sale_sku(), 1), (sale_sku(), 1), discount_fen=200)
    assert [line.discount_fen for line in order.lines] == [67, 67, 66]
    assert [line.payable_fen for line in order.lines] == [433, 433, 434]
    assert order.payable_fen == 1300


def test_ten_yuan_off_three_lines_of_a_hundred_yuan():
    order = draft(*[(sale_sku(price_fen=10_000), 1) for _ in range(3)], discount_fen=1000)
    assert [line.discount_fen for line in order.lines] == [334, 333, 333]
    assert all(line.payable_fen == line.amount_fen - line.discount_fen for line in order.lines)
    assert sum(part.payable_fen for part in order.parts) == order.payable_fen == 29_000


@given(
    prices=st.lists(st.integers(1, 1_000_000), min_size=1, max_size=12),
    quantities=st.lists(st.integers(1, 99), min_size=12, max_size=12),
    suppliers=st.lists(st.integers(1, 4), min_size=12, max_size=12),
    share=st.integers(0, 1000),
)
def test_parts_and_lines_always_sum_to_the_order(
    prices: list[int], quantities: list[int], suppliers: list[int], share: int
):
    skus = [
        sale_sku(sku_id=UUID(int=index + 1), price_fen=price, supplier_id=UUID(int=suppliers[index]))
        for index, price in enumerate(prices)
    ]
    wanted = list(zip(skus, quantities, strict=False))
    goods_fen = sum(sku.price_fen * quantity for sku, quantity in wanted)
    order = draft(*wanted, discount_fen=goods_fen * share // 1000)
    assert order.discount_fen == min(goods_fen * share // 1000, goods_fen - 1)
    assert order.payable_fen == sum(part.payable_fen for part in order.parts) == goods_fen - order.discount_fen
    for part in order.parts:
        assert part.goods_fen == sum(line.amount_fen for line in part.lines)
        assert part.discount_fen == sum(line.discount_fen for line in part.lines)
    assert all(0 <= line.discount_fen <= line.amount_fen for line in order.lines)
    assert len({part.lines[0].sku.supplier_id for part in order.parts}) == len(order.parts)


def test_a_discount_leaves_a_fen_to_pay_for_an_order_of_nothing_cannot_be_paid():
    assert draft((sale_sku(price_fen=100), 1), discount_fen=101).payable_fen == 1


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"is_listed": False}, "delisted"),
        ({"price_valid_from": NOW + timedelta(seconds=1)}, "price-not-valid"),
        ({"price_valid_until": NOW}, "price-not-valid"),
    ],
)
def test_what_is_not_on_sale_is_refused_by_name(facts: dict[str, object], reason: str):
    sku = sale_sku(**facts)
    with pytest.raises(Conflict) as refusal:
        draft((sale_sku(), 1), (sku, 1))
    assert refusal.value.code == "sku-not-listed"
    assert refusal.value.extra["skus"] == [{"sku_id": str(sku.sku_id), "reason": reason}]


def test_a_changed_price_names_the_lines_that_differ():
    dearer, same = sale_sku(price_fen=900), sale_sku(price_fen=500)
    order = draft((dearer, 2), (same, 1))
    refusal = rules.price_changed(
        order, seen_payable_fen=2100, seen=None, seen_prices={dearer.sku_id: 800, same.sku_id: 500}
    )
    assert (refusal.code, refusal.extra["seen_payable_fen"], refusal.extra["payable_fen"]) == (
        "price-changed",
        2100,
        2300,
    )
    assert [each["sku_id"] for each in refusal.extra["differences"]] == [str(dearer.sku_id)]
    assert refusal.extra["differences"][0]["seen_price_fen"] == 800
    assert refusal.extra["differences"][0]["unit_price_fen"] == 900


def test_order_numbers_begin_with_the_day_and_give_no_sequence_away():
    numbers = [naming.order_number(UUID(int=index), date(2026, 11, 22)) for index in range(1000)]
    assert len(set(numbers)) == 1000
    assert all(number.startswith("261122-") and len(number) == 18 for number in numbers)
    assert numbers != sorted(numbers)
    assert naming.order_number(UUID(int=5), date(2026, 11, 22)) == numbers[5]


def test_a_payer_reads_the_first_product_and_the_count():
    assert naming.describe(["房县香菇", "恩施玉露"], 3) == "房县香菇等3件"
    assert naming.describe(["房县香菇"], 1) == "房县香菇"
    assert len(naming.describe(["很" * 60], 12)) == 40


PAYMENT, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("status", "settled_by", "paid_fen", "outcome", "reason"),
    [
        ("PENDING_PAYMENT", None, 100, "paid", ""),
        ("PENDING_PAYMENT", None, 99, "refund-due", "amount-differs"),
        ("PENDING_PAYMENT", None, 101, "refund-due", "amount-differs"),
        ("PAID", PAYMENT, 100, "already-paid", ""),
        ("COMPLETED", PAYMENT, 100, "already-paid", ""),
        ("PAID", OTHER, 100, "refund-due", "paid-by-another-payment"),
        ("CANCELLED", None, 100, "refund-due", "order-cancelled"),
        ("CANCELLED", OTHER, 100, "refund-due", "order-cancelled"),
        ("CANCELLED", PAYMENT, 100, "already-paid", ""),
    ],
)
def test_money_that_the_order_cannot_take_goes_back(
    status: str, settled_by: UUID | None, paid_fen: int, outcome: str, reason: str
):
    effect = rules.payment_effect(
        status=status, due_fen=100, settled_by=settled_by, payment_id=PAYMENT, paid_fen=paid_fen
    )
    assert (effect.outcome, effect.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("status", "fulfilments", "code"),
    [
        ("CANCELLED", ["CANCELLED"], "order-already-cancelled"),
        ("COMPLETED", ["DELIVERED"], "order-shipped"),
        ("PAID", ["PENDING_SHIPMENT", "SHIPPED"], "order-shipped"),
        ("PAID", ["DELIVERED", "PENDING_SHIPMENT"], "order-shipped"),
    ],
)
def test_what_left_the_supplier_cannot_be_cancelled(status: str, fulfilments: list[str], code: str):
    with pytest.raises(Conflict) as refusal:
        moving.ensure_cancellable(status, fulfilments)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("status", "fulfilments"), [("PENDING_PAYMENT", ["PENDING_PAYMENT"]), ("PAID", ["PENDING_SHIPMENT"] * 2)]
)
def test_what_is_still_at_the_supplier_can_be_cancelled(status: str, fulfilments: list[str]):
    moving.ensure_cancellable(status, fulfilments)
