"""What closing buys, who gets what nobody chose, and what may become of a parcel."""

from uuid import UUID, uuid4

import pytest

from orders.gift_parcel import rules
from orders.gift_parcel.rules import PackedLine
from shared.errors import Conflict, Invalid

A, B = uuid4(), uuid4()
RICE, OIL = uuid4(), uuid4()


def test_pieces_are_those_of_all_packages_that_were_taken():
    lines = [PackedLine(A, RICE, 2, 1000), PackedLine(A, OIL, 1, 3000), PackedLine(B, OIL, 2, 3000)]
    assert rules.bought(lines, {A: 3, B: 5}) == {RICE: (6, 1000), OIL: (13, 3000)}
    assert rules.bought(lines, {A: 3}) == {RICE: (6, 1000), OIL: (3, 3000)}
    assert rules.bought(lines, {}) == {}


def test_of_two_prices_of_one_product_the_lower_holds():
    lines = [PackedLine(A, OIL, 1, 3000), PackedLine(B, OIL, 1, 2900)]
    assert rules.bought(lines, {A: 1, B: 1}) == {OIL: (2, 2900)}


@pytest.mark.parametrize(
    ("left", "waiting", "given"),
    [
        ([(A, 10), (B, 10)], 4, [(A, 4)]),
        ([(A, 3), (B, 10)], 4, [(A, 3), (B, 1)]),
        ([(A, 0), (B, 10)], 4, [(B, 4)]),
        ([(A, 3), (B, 1)], 4, [(A, 3), (B, 1)]),
        ([(A, 3)], 0, []),
    ],
)
def test_who_chose_nothing_gets_the_default_while_there_is_any(
    left: list[tuple[UUID, int]], waiting: int, given: list[tuple[UUID, int]]
):
    assert rules.rooms(left, waiting) == given


def test_nobody_is_left_out_in_silence():
    with pytest.raises(Conflict) as refused:
        rules.rooms([(A, 3), (B, 1)], 6)
    assert (refused.value.code, refused.value.extra["missing_count"]) == ("gift-packages-short", 2)


def test_what_is_left_of_a_shortened_parcel():
    lines = [{"sku_id": str(RICE), "quantity": 2}, {"sku_id": str(OIL), "quantity": 1}]
    assert rules.without(lines, {RICE: 1}) == [
        {"sku_id": str(RICE), "quantity": 1},
        {"sku_id": str(OIL), "quantity": 1},
    ]
    assert rules.without(lines, {RICE: 2, OIL: 1}) == []


@pytest.mark.parametrize("status", ["DUE", "TOLD", "SHIPPED", "DELIVERED", "LOST", "CANCELLED"])
@pytest.mark.parametrize("verb", sorted(rules.MOVES))
def test_a_verb_leads_on_from_its_statuses_only(verb: str, status: str):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
        return
    with pytest.raises(Conflict) as refused:
        rules.status_after(verb, status)
    assert refused.value.code == "gift-parcel-status"


def test_nothing_is_closed_for_nobody_and_without_an_address():
    with pytest.raises(Conflict) as nothing:
        rules.ensure_something(0)
    assert nothing.value.code == "gift-nothing-claimed"
    with pytest.raises(Invalid) as nowhere:
        rules.ensure_lot_address(has_address=False)
    assert nowhere.value.code == "lot-address-missing"
