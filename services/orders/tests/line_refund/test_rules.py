from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.line_refund import rules
from shared.errors import Conflict
from shared.money import share_by_largest_remainder


def balance(payable_fen: int, quantity: int, *, delivery_fen: int = 0, refunded: int = 0) -> rules.LineBalance:
    return rules.LineBalance(uuid4(), quantity, payable_fen, delivery_fen, refunded, refunded)


def share_of(of: rules.LineBalance, count: int, **given_facts: Any) -> rules.RefundShare:
    facts: dict[str, Any] = {
        "weight_g": None,
        "net_weight_g": 500,
        "with_delivery": True,
        "carrier_bp": 0,
        **given_facts,
    }
    return rules.refund_share(of, count=count, **facts)


def test_ten_yuan_over_three_pieces_go_back_exactly():
    assert [rules.pieces_fen(1000, quantity=3, before=n, count=1) for n in range(3)] == [334, 333, 333]


@given(st.integers(0, 10**9), st.integers(1, 50), st.data())
def test_pieces_in_any_portions_are_together_the_whole_share(share_fen: int, quantity: int, data: st.DataObject):
    shares, before = [], 0
    while before < quantity:
        count = data.draw(st.integers(1, quantity - before))
        shares.append(rules.pieces_fen(share_fen, quantity=quantity, before=before, count=count))
        before += count
    assert sum(shares) == share_fen
    assert min(shares) >= 0


@given(st.integers(0, 10**7), st.integers(1, 60))
def test_a_piece_is_what_the_largest_remainder_gives_it(share_fen: int, quantity: int):
    each = [rules.pieces_fen(share_fen, quantity=quantity, before=n, count=1) for n in range(quantity)]
    assert each == share_by_largest_remainder(share_fen, [1] * quantity)


def test_of_a_weight_only_its_part_goes_back_rounded_down():
    share = share_of(balance(1999, 1), 1, weight_g=167, net_weight_g=500)
    assert (share.goods_fen, share.delivery_fen, share.supplier_fen) == (667, 0, 667)


def test_the_delivery_goes_back_with_the_pieces_where_the_rule_says_so():
    assert share_of(balance(1000, 4, delivery_fen=600), 2).delivery_fen == 300
    assert share_of(balance(1000, 4, delivery_fen=600), 2, with_delivery=False).delivery_fen == 0


def test_supplier_and_carrier_bear_all_of_it_between_them():
    share = share_of(balance(1001, 1), 1, carrier_bp=5000)
    assert (share.supplier_fen, share.carrier_fen) == (501, 500)
    assert share_of(balance(1001, 1), 1, carrier_bp=10_000).supplier_fen == 0


def test_a_lines_share_of_the_delivery_is_exact_in_sum():
    assert [rules.delivery_share_fen(1000, [100, 100, 100], n) for n in range(3)] == [334, 333, 333]
    assert [rules.delivery_share_fen(7, [0, 300], n) for n in range(2)] == [0, 7]


def test_no_piece_is_claimed_twice():
    rules.ensure_left(balance(1000, 4, refunded=2), 2)
    with pytest.raises(Conflict) as refusal:
        rules.ensure_left(balance(1000, 4, refunded=2), 3)
    assert (refusal.value.code, refusal.value.extra["left_count"]) == ("pieces-claimed-already", 2)
