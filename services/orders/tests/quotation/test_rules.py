"""How bids compare, and what asks for which reason."""

from uuid import UUID, uuid4

import pytest

from orders.quotation import rules
from shared.errors import Refusal

LINES = [UUID(int=1), UUID(int=2)]


def offers(*amounts: int | None) -> list[rules.Offer]:
    return [
        rules.Offer(line, uuid4(), 1, amount) for line, amount in zip(LINES, amounts, strict=True) if amount is not None
    ]


def test_the_sheet_marks_the_cheapest_and_tells_the_others_distance():
    one, two, part = uuid4(), uuid4(), uuid4()
    sheet = rules.compare(LINES, {one: offers(1000, 2000), two: offers(1100, 1800), part: offers(900, None)})
    assert [(each.bid_id, each.total_fen, each.is_whole, each.is_cheapest, each.above_bp) for each in sheet.bids] == [
        (two, 2900, True, True, 0),
        (one, 3000, True, False, 345),  # 100 / 2900 = 3.448 %
        (part, 900, False, False, None),
    ]
    found = {(each.bid_id, each.line_id): (each.is_cheapest, each.above_bp) for each in sheet.lines}
    assert found == {
        (one, LINES[0]): (False, 1111),
        (two, LINES[0]): (False, 2222),
        (part, LINES[0]): (True, 0),
        (one, LINES[1]): (False, 1111),
        (two, LINES[1]): (True, 0),
    }


def test_equals_are_cheapest_together_and_nobody_is_when_nobody_offers_all():
    one, two = uuid4(), uuid4()
    assert [each.is_cheapest for each in rules.compare(LINES, {one: offers(5, 5), two: offers(4, 6)}).bids] == [
        True,
        True,
    ]
    sheet = rules.compare(LINES, {one: offers(5, None)})
    assert [(each.is_cheapest, each.above_bp) for each in sheet.bids] == [(False, None)]


def test_cheapest_is_line_by_line_or_the_cheapest_whole():
    one, two = uuid4(), uuid4()
    sheet = rules.compare(LINES, {one: offers(1000, 2000), two: offers(1100, 1800)})
    best = [rules.Pick(LINES[0], one), rules.Pick(LINES[1], two)]
    assert rules.is_cheapest_choice(best, sheet, LINES)
    assert rules.awarded_fen(best, sheet) == 2800
    assert rules.is_cheapest_choice([rules.Pick(each, two) for each in LINES], sheet, LINES)
    assert not rules.is_cheapest_choice([rules.Pick(each, one) for each in LINES], sheet, LINES)
    assert not rules.is_cheapest_choice([rules.Pick(LINES[0], two)], sheet, LINES)


def test_a_reason_is_always_asked_for_and_a_longer_one_for_the_dearer():
    short, longer = "价格最低", "交货更快，质量报告齐全，去年履约良好，综合考虑后确定"
    rules.ensure_award_reason(short, is_cheapest=True)
    rules.ensure_award_reason(longer, is_cheapest=False)
    for reason, is_cheapest in (("", True), (short, False)):
        with pytest.raises(Refusal) as refused:
            rules.ensure_award_reason(reason, is_cheapest=is_cheapest)
        assert refused.value.code == "award-reason-too-short"


def test_above_the_limit_whoever_opened_does_not_award():
    me, limit = uuid4(), rules.figures().other_person_from_fen
    rules.ensure_other_person(opened_by=me, awarded_by=me, amount_fen=limit - 1)
    rules.ensure_other_person(opened_by=me, awarded_by=uuid4(), amount_fen=limit)
    with pytest.raises(Refusal) as refused:
        rules.ensure_other_person(opened_by=me, awarded_by=me, amount_fen=limit)
    assert refused.value.code == "own-opening"


@pytest.mark.parametrize(
    ("picks", "code"),
    [((LINES[0], LINES[0]), "line-picked-twice"), ((UUID(int=9),), "pick-unknown")],
)
def test_what_nobody_offers_is_not_picked(picks: tuple[UUID, ...], code: str):
    one = uuid4()
    sheet = rules.compare(LINES, {one: offers(1, 1)})
    with pytest.raises(Refusal) as refused:
        rules.awarded_fen([rules.Pick(each, one) for each in picks], sheet)
    assert refused.value.code == code
