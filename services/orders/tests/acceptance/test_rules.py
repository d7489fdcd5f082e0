"""What a goods check may say, and what is owed for it."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.acceptance.rules import CheckedLine, SentLine, owed_lines
from shared.errors import Invalid


def sent(number: int = 1, *, quantity: int = 10, given_up: int = 0, payable_fen: int = 35_000) -> SentLine:
    return SentLine(UUID(int=number), UUID(int=number), UUID(int=number), number, quantity, given_up, payable_fen)


def owed(lines: list[SentLine], checked: list[CheckedLine], *, delivery_fen: int = 0, photo_count: int = 1):
    return owed_lines(lines, checked, delivery_fen=delivery_fen, photo_count=photo_count)


def test_all_accepted_is_owed_whole():
    [found] = owed([sent()], [CheckedLine(UUID(int=1), 10)], delivery_fen=801)
    assert (found.payable_fen, found.delivery_fen, found.refused_fen) == (35_000, 801, 0)


def test_a_part_is_owed_in_proportion_and_exact():
    lines = [sent(1, quantity=3, payable_fen=1000), sent(2, quantity=1, payable_fen=500)]
    first, second = owed(
        lines,
        [CheckedLine(UUID(int=1), 2, refused_count=1, cause="DAMAGED"), CheckedLine(UUID(int=2), 0, missing_count=1)],
        delivery_fen=10,
    )
    assert (first.payable_fen, first.refused_fen) == (667, 333)
    assert first.delivery_fen == 5  # of 7 for the line, 2 of 3 pieces, the odd fen to the first
    assert (second.payable_fen, second.delivery_fen, second.refused_fen) == (0, 0, 500)


def test_what_was_never_sent_is_neither_owed_nor_refused():
    [found] = owed([sent(given_up=4)], [CheckedLine(UUID(int=1), 6)])
    assert (found.payable_fen, found.refused_fen) == (21_000, 0)


@pytest.mark.parametrize(
    ("checked", "photo_count", "code"),
    [
        ([], 1, "check-lines"),
        ([CheckedLine(UUID(int=2), 10)], 1, "check-lines"),
        ([CheckedLine(UUID(int=1), 5), CheckedLine(UUID(int=1), 5)], 1, "check-lines"),
        ([CheckedLine(UUID(int=1), 9)], 1, "check-pieces"),
        ([CheckedLine(UUID(int=1), 11)], 1, "check-pieces"),
        ([CheckedLine(UUID(int=1), 9, refused_count=1)], 1, "refusal-cause"),
        ([CheckedLine(UUID(int=1), 10, cause="QUALITY")], 1, "refusal-cause"),
        ([CheckedLine(UUID(int=1), 9, refused_count=1, cause="QUALITY")], 0, "photos-missing"),
    ],
)
def test_a_check_that_does_not_add_up_is_refused(checked, photo_count, code):
    with pytest.raises(Invalid) as refused:
        owed([sent()], checked, photo_count=photo_count)
    assert refused.value.code == code


def test_missing_pieces_need_no_photo():
    [found] = owed([sent()], [CheckedLine(UUID(int=1), 9, missing_count=1)], photo_count=0)
    assert found.payable_fen == 31_500


@given(
    quantities=st.lists(st.integers(1, 50), min_size=1, max_size=5),
    prices=st.lists(st.integers(0, 10**6), min_size=5, max_size=5),
    delivery_fen=st.integers(0, 10**5),
    taken=st.lists(st.floats(0, 1), min_size=5, max_size=5),
)
def test_what_is_owed_and_what_is_refused_are_the_whole(quantities, prices, delivery_fen, taken):
    lines = [sent(number, quantity=n, payable_fen=prices[number] * n) for number, n in enumerate(quantities)]
    checked = [
        CheckedLine(each.line_id, round(each.quantity * share), each.quantity - round(each.quantity * share))
        for each, share in zip(lines, taken, strict=False)
    ]
    found = owed(lines, checked, delivery_fen=delivery_fen)
    assert sum(each.payable_fen + each.refused_fen for each in found) == sum(each.payable_fen for each in lines)
    assert 0 <= sum(each.delivery_fen for each in found) <= delivery_fen
    if all(not each.missing_count for each in checked):
        assert sum(each.delivery_fen for each in found) == delivery_fen
