"""Which order a transfer pays for."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.settlement import rules
from orders.settlement.rules import OpenOrder, Share
from shared.errors import Conflict, Invalid

CODE, OTHER = "ZN7K3M9Q2XB4F", "ZNAAAABBBBCC1"
FIRST, SECOND = UUID(int=1), UUID(int=2)


def open_order(order_id: UUID = FIRST, code: str = CODE, open_fen: int = 5_000, payer: str = "示范中学") -> OpenOrder:
    return OpenOrder(order_id, code, open_fen, (payer, "示范中学工会委员会"))


@pytest.mark.parametrize(
    "remark",
    [
        CODE,
        f"货款{CODE}十一月",
        "zn7k 3m9q-2xb4f",
        "ＺＮ７Ｋ３Ｍ９Ｑ２ＸＢ４Ｆ",
        f"20261122{CODE}99",
        "识别码：ZN7K3M9Q2XB4F。",
    ],
)
def test_a_code_is_found_however_it_was_typed(remark: str):
    assert rules.codes_in(remark, {CODE, OTHER}) == [CODE]
    assert CODE in rules.windows(remark)


def test_letters_that_no_code_has_are_read_as_the_digits_that_were_meant():
    assert rules.codes_in("ZNAAAABBBBCCl", {OTHER}) == [OTHER]


def test_several_codes_come_in_their_order_and_once():
    assert rules.codes_in(f"{OTHER}, {CODE} {OTHER}", {CODE, OTHER}) == [OTHER, CODE]
    assert rules.codes_in("货款", {CODE}) == []


def test_one_order_takes_what_it_needs_and_a_part_is_a_part():
    assert rules.shares_of(5_000, [open_order()]) == [Share(FIRST, 5_000)]
    assert rules.shares_of(2_000, [open_order()]) == [Share(FIRST, 2_000)]
    assert rules.shares_of(7_000, [open_order()]) == [Share(FIRST, 5_000)]
    assert rules.shares_of(7_000, [open_order(open_fen=0)]) == []


def test_several_orders_are_paid_together_or_a_person_decides():
    both = [open_order(), open_order(SECOND, OTHER, 3_000)]
    assert rules.shares_of(8_000, both) == [Share(FIRST, 5_000), Share(SECOND, 3_000)]
    assert rules.shares_of(9_000, both) == [Share(FIRST, 5_000), Share(SECOND, 3_000)]
    assert rules.shares_of(7_999, both) == []


@given(st.integers(1, 10**6), st.lists(st.integers(0, 10**6), max_size=6))
def test_shares_are_never_more_than_the_transfer_or_the_order(left_fen: int, opens: list[int]):
    orders = [open_order(UUID(int=place), f"ZN{place:011d}", fen) for place, fen in enumerate(opens)]
    shares = rules.shares_of(left_fen, orders)
    assert sum(each.amount_fen for each in shares) <= left_fen
    assert all(0 < each.amount_fen <= opens[each.order_id.int] for each in shares)


@pytest.mark.parametrize(
    "typed",
    ["ZN7K3M9Q2XB4G", "ZN7K3M9Q2XBF4", "ZN7K39Q2XB4F", "ZN7K3MM9Q2XB4F", "货款 ZN7K3M9Q2X84E 谢谢"],
)
def test_a_misspelt_code_is_proposed(typed: str):
    [proposal] = rules.proposals(typed, "", 1, [open_order(), open_order(SECOND, OTHER)])
    assert (proposal.order_id, proposal.hints) == (FIRST, ("code-near",))


def test_a_nearly_right_code_comes_before_amount_and_payer():
    near = open_order(open_fen=9_999, payer="别的学校")
    other = open_order(SECOND, OTHER, 5_000)
    found = rules.proposals("ZN7K3M9Q2XB4G", "示范中学", 5_000, [other, near])
    assert [(each.order_id, each.hints) for each in found] == [
        (FIRST, ("code-near",)),
        (SECOND, ("amount", "payer")),
    ] or [(each.order_id, each.hints) for each in found] == [
        (SECOND, ("amount", "payer")),
        (FIRST, ("code-near",)),
    ]


def test_nothing_in_common_is_no_proposal():
    assert rules.proposals("备用金", "张三", 77, [open_order()]) == []
    assert rules.proposals("", "示范中学", 77, [open_order()])[0].hints == ("payer",)


def test_only_what_was_accepted_and_is_not_settled_can_be_paid():
    rules.ensure_payable("ACCEPTED", is_disputed=False)
    for stage in ("DELIVERED", "SETTLED", "COMPLETED", "CANCELLED"):
        with pytest.raises(Conflict) as refused:
            rules.ensure_payable(stage, is_disputed=False)
        assert (refused.value.code, refused.value.extra["stage_now"]) == ("settlement-stage", stage)
    with pytest.raises(Conflict) as paused:
        rules.ensure_payable("INVOICE_CHECKED", is_disputed=True)
    assert paused.value.code == "settlement-disputed"
    rules.ensure_undoable("SETTLED")
    with pytest.raises(Conflict):
        rules.ensure_undoable("COMPLETED")


def test_nobody_books_more_than_there_is():
    rules.ensure_amount(5, line_left_fen=5, order_open_fen=9)
    with pytest.raises(Invalid) as refused:
        rules.ensure_amount(6, line_left_fen=5, order_open_fen=9)
    assert (refused.value.code, refused.value.extra["most_fen"]) == ("match-too-much", 5)


def test_a_payment_is_decided_once():
    assert rules.payment_status_after("confirm", "TOLD") == "RECEIVED"
    with pytest.raises(Conflict) as refused:
        rules.payment_status_after("withdraw", "RECEIVED")
    assert refused.value.code == "payment-status"
