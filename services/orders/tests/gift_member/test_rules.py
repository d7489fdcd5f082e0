"""Rows of a roster: what is wrong with one, and who may have a gift."""

from datetime import date
from uuid import uuid4

import pytest

from orders.gift_member.rules import FileRow, Known, Terms, changes_of, check_rows, masked_name, masked_phone, sentence
from services.orders.tests.gift_factories import row

TERMS = Terms(mode="CLAIM_CODE", cutoff_on=date(2026, 11, 1), per_head_fen=20_000, cap_fen=200_000)


def wrong(found, known=None, terms=TERMS):
    taken, errors = check_rows([found], known or Known(), terms)
    assert taken == []
    [error] = errors
    return error.column, error.code


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"member_no": ""}, ("member_no", "member-no-missing")),
        ({"name": ""}, ("name", "name-missing")),
        ({"name": "长" * 41}, ("name", "too-long")),
        ({"phone": "12"}, ("phone", "phone-wrong")),
        ({"joined_on": "去年"}, ("joined_on", "date-unreadable")),
        ({"standing": "神仙"}, ("standing", "standing-unknown")),
        ({"handing_out": "快递"}, ("handing_out", "handing-out-unknown")),
        ({"handing_out": "整批"}, ("handing_out", "handing-out-not-offered")),
    ],
)
def test_what_is_wrong_with_a_row_is_told_by_cell(given, expected):
    assert wrong(row(1, **given)) == expected


def test_of_two_rows_of_a_member_the_first_counts():
    taken, errors = check_rows([row(1), FileRow(9, row(1).cells)], Known(), TERMS)
    assert [each.member_no for each in taken] == ["M00001"]
    assert (errors[0].code, errors[0].facts["row"]) == ("member-repeated", 1)
    assert sentence(errors[0].code, errors[0].facts, "zh") == "会员 M00001 已在第 1 行。"


def test_a_wrong_row_does_not_stand_in_the_way_of_a_right_one_of_the_member():
    taken, errors = check_rows([row(1, phone="12"), FileRow(9, row(1).cells)], Known(), TERMS)
    assert ([each.member_no for each in taken], len(errors)) == (["M00001"], 1)


def test_a_gift_for_the_holiday_elsewhere_and_the_cap_are_told():
    taken = Known(gifts={"M00001": ("中秋节", "第一批")})
    assert wrong(row(1), taken) == ("member_no", "gift-taken")
    assert wrong(row(1), Known(year_fen={"M00001": 180_001})) == ("member_no", "over-yearly-cap")
    counted = Known(members={"M00001": (uuid4(), True)}, year_fen={"M00001": 200_000})
    assert check_rows([row(1)], counted, TERMS)[1] == []


def test_who_may_not_have_a_gift_is_no_wrong_row():
    full = Known(year_fen={"M00001": 200_000})
    taken, errors = check_rows([row(1, standing="退休")], full, TERMS)
    assert (taken[0].reason, errors) == ("RETIRED", [])


def test_dates_are_read_as_people_write_them():
    for text, reason in (
        ("2026/11/1", ""),
        ("2026年11月2日", "JOINED_AFTER_CUTOFF"),
        ("46327", ""),
        ("20261102", "JOINED_AFTER_CUTOFF"),
    ):
        taken, errors = check_rows([row(1, joined_on=text)], Known(), TERMS)
        assert ([each.reason for each in taken], errors) == ([reason], []), text


def test_mixed_campaigns_ask_who_takes_the_whole_lot():
    terms = Terms("MIXED", TERMS.cutoff_on, 20_000, 200_000)
    taken, _ = check_rows([row(1, handing_out="统一领取"), row(2, handing_out="自选"), row(3)], Known(), terms)
    assert [each.takes_whole_lot for each in taken] == [True, False, False]


def test_who_gains_and_who_loses_a_place():
    known = Known(members={"M00001": (uuid4(), True), "M00002": (uuid4(), False)})
    taken, _ = check_rows([row(1, standing="调离"), row(2), row(3)], known, TERMS)
    gains, losses = changes_of(taken, known)
    assert [each.member_no for each in gains] == ["M00002", "M00003"]
    assert losses == [known.members["M00001"][0]]


@pytest.mark.parametrize(
    ("name", "masked"), [("王小梅", "王*梅"), ("王梅", "王*"), ("欧阳小梅", "欧**梅"), ("王", "*"), ("", "*")]
)
def test_nobody_is_named_in_full_in_public(name, masked):
    assert masked_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("13812345678", "138****5678"), ("0717-555 5555", "071****5555"), ("110", "****110"), ("", "")],
)
def test_of_a_phone_only_its_ends_are_kept(phone, masked):
    assert masked_phone(phone) == masked
