"""Which reports speak for a product."""

from datetime import date, timedelta

import pytest

from catalog.inspection.rules import (
    MOVES,
    Report,
    ensure_days,
    ensure_may_take_back,
    ensure_report_number,
    is_passed,
    standing_proofs,
    status_after,
)
from shared.errors import Conflict, Forbidden, Invalid

DAY = date(2026, 11, 1)


def report(number, *, issued=0, is_passed=True):
    issued_on = DAY + timedelta(days=issued)
    return Report(number, "示范中心", issued_on, issued_on + timedelta(days=180), is_passed)


def test_a_passed_report_speaks_from_its_issue_to_its_end():
    (proof,) = standing_proofs([report("A-001")])
    assert (proof.type, proof.number, proof.valid_from, proof.valid_until) == (
        "test_report",
        "A-001",
        DAY,
        DAY + timedelta(days=180),
    )


def test_a_failed_report_silences_those_before_it_and_not_those_after():
    reports = [report("A-001"), report("A-002", issued=5, is_passed=False), report("A-003", issued=6)]
    assert [each.number for each in standing_proofs(reports)] == ["A-003"]
    assert standing_proofs([report("A-001"), report("A-002", is_passed=False)]) == []


def test_a_report_is_passed_when_every_item_is():
    assert is_passed(["passed", "passed"])
    assert not is_passed(["passed", "failed"])
    assert not is_passed([])


@pytest.mark.parametrize("number", ["", "甲-1", "A 1", "abc", "x" * 41])
def test_a_number_of_another_form_is_refused(number):
    with pytest.raises(Invalid) as refused:
        ensure_report_number(number)
    assert refused.value.code == "report-number-invalid"


@pytest.mark.parametrize(
    ("sampled", "issued", "until", "code"),
    [
        (0, -1, 10, "report-days"),
        (0, 3, 10, "report-days"),
        (-5, -4, -4, "report-over"),
        (-5, -4, -6, "report-days"),
    ],
)
def test_days_out_of_order_are_refused(sampled, issued, until, code):
    days = [DAY + timedelta(days=each) for each in (sampled, issued, until)]
    with pytest.raises(Invalid) as refused:
        ensure_days(*days, DAY)
    assert refused.value.code == code


def test_a_report_that_ends_today_is_taken():
    ensure_days(DAY, DAY, DAY, DAY)


@pytest.mark.parametrize("verb", MOVES)
@pytest.mark.parametrize("status", ["SUBMITTED", "ACCEPTED", "REFUSED", "WITHDRAWN", "EXPIRED"])
def test_a_verb_leads_on_only_from_its_own_statuses(verb, status):
    before, after = MOVES[verb]
    if status in before:
        assert status_after(verb, status) == after
        return
    with pytest.raises(Conflict) as refused:
        status_after(verb, status)
    assert (refused.value.code, refused.value.extra["status_now"]) == ("inspection-status", status)


def test_who_failed_does_not_take_the_report_back():
    ensure_may_take_back("ACCEPTED", is_passed=True)
    ensure_may_take_back("SUBMITTED", is_passed=False)
    with pytest.raises(Forbidden):
        ensure_may_take_back("ACCEPTED", is_passed=False)
