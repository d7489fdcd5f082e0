"""What an invoice must say, and how its tax is parted."""

from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.invoice_check import rules
from orders.invoice_check.rules import Entry, Line, Owed, OwedLine
from shared.errors import Conflict, Invalid
from shared.uscc import check_character

TODAY = date(2026, 11, 22)
SCHOOL = "12420525A1234567W"[:17] + check_character("12420525A1234567W"[:17])
UNION = "81420525A1234567W"[:17] + check_character("81420525A1234567W"[:17])
RICE, HAM = uuid4(), uuid4()


def owed(**given: object) -> Owed:
    facts: dict[str, object] = {
        "payable_fen": 30_000,
        "is_union": False,
        "title": "示范第一中学",
        "taxpayer_id": SCHOOL,
        "lines": (
            OwedLine(RICE, ("大米", "房县大米"), 900, 10_000),
            OwedLine(HAM, ("火腿",), 1300, 20_000),
        ),
    }
    return Owed(**{**facts, **given})  # type: ignore[arg-type]


def line(order_line_id: UUID | None, name: str, rate_bp: int | None, gross_fen: int) -> Line:
    return Line(order_line_id, name, rate_bp, gross_fen)


def entry(*lines: Line, **given: object) -> Entry:
    chosen = lines or (line(RICE, "*谷物*大米", 900, 10_000), line(HAM, "火腿", 1300, 20_000))
    facts: dict[str, object] = {
        "kind": "VAT_SPECIAL",
        "code": "",
        "number": "24422000000012345678",
        "issued_on": TODAY,
        "title": "示范第一中学",
        "taxpayer_id": SCHOOL,
        "gross_fen": sum(each.gross_fen for each in chosen),
        "lines": tuple(chosen),
    }
    return Entry(**{**facts, **given})  # type: ignore[arg-type]


def test_an_invoice_that_agrees_has_no_differences():
    assert rules.differences([entry()], owed()) == []


def test_every_difference_is_told_with_what_was_expected_and_found():
    wrong = entry(
        line(RICE, "糯米", 1300, 9_000),
        line(HAM, "火腿", None, 20_000),
        title="示范第二中学",
        taxpayer_id=UNION,
    )
    told = [(each.field, each.line_number, each.expected, each.found) for each in rules.differences([wrong], owed())]
    assert told == [
        ("amount", None, "30000", "29000"),
        ("line-amount", 1, "10000", "9000"),
        ("title", None, "示范第一中学", "示范第二中学"),
        ("taxpayer-id", None, SCHOOL, UNION),
        ("rate", 1, "900", "1300"),
        ("name", 1, "大米", "糯米"),
        ("exempt", 2, "VAT_ORDINARY", "VAT_SPECIAL"),
        ("rate", 2, "1300", "EXEMPT"),
    ]


def test_small_scale_rates_fit_any_line_and_others_only_their_own():
    small = entry(line(RICE, "大米", 100, 10_000), line(HAM, "火腿", 300, 20_000))
    assert rules.differences([small], owed()) == []


def test_exempt_goods_come_on_an_ordinary_invoice():
    exempt = owed(lines=(OwedLine(RICE, ("大米",), 0, 30_000),))
    own = line(RICE, "大米", None, 30_000)
    assert rules.differences([entry(own, kind="E_INVOICE")], exempt) == []
    assert [each.field for each in rules.differences([entry(own)], exempt)] == ["exempt"]
    taxed = entry(line(RICE, "大米", 900, 30_000))
    assert [(each.expected, each.found) for each in rules.differences([taxed], exempt)] == [("EXEMPT", "900")]


def test_a_union_is_named_as_its_committee_and_needs_no_special_invoice():
    union = owed(is_union=True, title="示范第一中学工会委员会", taxpayer_id=UNION)
    good = entry(kind="VAT_ORDINARY", title="示范第一中学工会委员会", taxpayer_id=UNION)
    assert rules.differences([good], union) == []
    school = [each.field for each in rules.differences([entry()], union)]
    assert school == ["title", "taxpayer-id", "kind"]


def test_a_union_whose_code_is_not_known_must_show_one_of_a_trade_union():
    union = owed(is_union=True, title="示范第一中学工会委员会", taxpayer_id="")
    good = entry(kind="VAT_ORDINARY", title="示范第一中学工会委员会", taxpayer_id=UNION)
    assert rules.differences([good], union) == []
    bad = entry(kind="VAT_ORDINARY", title="示范第一中学工会委员会", taxpayer_id=SCHOOL)
    assert [each.field for each in rules.differences([bad], union)] == ["taxpayer-id"]


def test_several_invoices_come_to_the_amount_together():
    first = entry(line(RICE, "大米", 900, 10_000))
    second = entry(line(HAM, "火腿", 1300, 20_000), number="24422000000012345679")
    assert rules.differences([first, second], owed()) == []
    assert [each.field for each in rules.differences([first], owed())] == ["amount", "line-amount"]


def test_delivery_stands_on_its_lines_or_on_one_of_its_own():
    carried = owed(lines=(OwedLine(RICE, ("大米",), 900, 9_000, 1_000), OwedLine(HAM, ("火腿",), 1300, 20_000)))
    within = entry(line(RICE, "大米", 900, 10_000), line(HAM, "火腿", 1300, 20_000))
    apart = entry(line(RICE, "大米", 900, 9_000), line(HAM, "火腿", 1300, 20_000), line(None, "运费", 900, 1_000))
    assert rules.differences([within], carried) == rules.differences([apart], carried) == []


def test_full_width_forms_and_blanks_are_no_difference():
    assert (
        rules.differences(
            [
                entry(title="示范 第一中学"),
            ],
            owed(title="示范第一中学"),
        )
        == []
    )


@pytest.mark.parametrize(
    ("given_facts", "code", "field"),
    [
        ({"number": "123456789"}, "invoice-number-form", "number"),
        ({"number": "１２３４５６７８"}, "invoice-number-form", "number"),
        ({"number": "12345678"}, "invoice-code-form", "code"),
        ({"code": "1234567890"}, "invoice-code-form", "code"),
        ({"number": "12345678", "code": "12345"}, "invoice-code-form", "code"),
        ({"number": "12345678", "code": "042001900211", "kind": "E_INVOICE"}, "invoice-number-form", "number"),
        ({"issued_on": date(2026, 11, 23)}, "invoice-day-future", "issued_on"),
        ({"gross_fen": 30_001}, "invoice-sums-differ", "gross_fen"),
        ({"taxpayer_id": "123"}, "taxpayer-id-invalid", "taxpayer_id"),
        ({"lines": (Line(RICE, "大米", 600, 30_000),)}, "tax-rate-unknown", "lines.0.rate_bp"),
    ],
)
def test_an_entry_out_of_form_is_refused_with_its_field(given_facts: dict[str, object], code: str, field: str):
    with pytest.raises(Invalid) as refused:
        rules.checked_entry(entry(**given_facts), today=TODAY)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_an_old_invoice_has_eight_digits_and_a_code():
    checked = rules.checked_entry(entry(number="12345678", code="042001900211"), today=TODAY)
    assert checked.number == "12345678"


def test_net_is_rounded_once_a_rate_and_the_remainder_is_the_last_lines():
    taxed = rules.part_tax([line(None, "a", 900, 100), line(None, "b", 900, 100), line(None, "c", 900, 100)])
    assert [each.net_fen for each in taxed] == [92, 92, 91]  # 300 / 1.09 is 275.2
    assert [each.tax_fen for each in taxed] == [8, 8, 9]
    assert rules.part_tax([line(None, "a", None, 123)])[0].tax_fen == 0
    assert rules.net_fen(10_900, 900) == 10_000
    assert rules.net_fen(113, 1300) == 100


@given(
    st.lists(st.tuples(st.sampled_from([None, 100, 300, 900, 1300]), st.integers(1, 10**9)), min_size=1, max_size=12)
)
def test_parts_of_a_price_always_come_to_the_price(lines: list[tuple[int | None, int]]):
    taxed = rules.part_tax([line(None, "x", bp, gross) for bp, gross in lines])
    assert all(each.net_fen >= 0 <= each.tax_fen for each in taxed)
    assert [each.net_fen + each.tax_fen for each in taxed] == [gross for _, gross in lines]
    for bp in {bp for bp, _ in lines}:
        together = rules.net_fen(sum(gross for rate, gross in lines if rate == bp), bp)
        net = sum(each.net_fen for each in taxed if each.line.rate_bp == bp)
        assert abs(net - together) <= len(lines)


def test_what_blocks_must_be_put_right_and_the_rest_needs_a_reason():
    blocking = rules.Difference("amount", "", None, "1", "2")
    small = rules.Difference("name", "1", 1, "a", "b")
    with pytest.raises(Conflict) as refused:
        rules.ensure_acceptable([blocking, small], reason="好")
    assert (refused.value.code, refused.value.extra["fields"]) == ("invoices-differ", ["amount"])
    with pytest.raises(Invalid) as unexplained:
        rules.ensure_acceptable([small], reason="")
    assert unexplained.value.code == "reason-missing"
    rules.ensure_acceptable([small], reason="简称")
    rules.ensure_acceptable([], reason="")


def test_a_line_of_another_order_is_refused():
    with pytest.raises(Invalid) as refused:
        rules.ensure_lines_known([line(uuid4(), "大米", 900, 1)], owed())
    assert refused.value.code == "invoice-line-unknown"


def test_only_what_waits_is_decided():
    assert rules.status_after("correct", "REJECTED") == "SUBMITTED"
    for verb, status in (("reject", "ACCEPTED"), ("correct", "ACCEPTED"), ("accept", "WITHDRAWN")):
        with pytest.raises(Conflict) as refused:
            rules.status_after(verb, status)
        assert (refused.value.code, refused.value.extra["status_now"]) == ("invoice-status", status)


def test_every_figure_has_a_source():
    assert {each.bp for each in rules.rates().values()} == {100, 300, 900, 1300}
    assert all(each.source and each.confidence for each in (*rules.rates().values(), *rules.kinds().values()))
