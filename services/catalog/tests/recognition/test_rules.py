"""The way to recognition, by its rules alone."""

from datetime import date
from uuid import uuid4

import pytest

from catalog.policies import policy_for
from catalog.recognition import rules
from shared.errors import Conflict, Forbidden

TODAY = date(2026, 11, 22)
POLICY = rules.Policy(notice_days=7, valid_years=3, renewal_days=90, source="", confidence="")


def test_the_whole_way_and_no_other_leads_to_the_province():
    status = "APPLIED"
    for verb in ("accept", "pass-township", "pass-department", "decide", "conclude", "recommend"):
        for other in set(rules.MOVES) - {each for each, (before, _) in rules.MOVES.items() if status in before}:
            with pytest.raises(Conflict) as refused:
                rules.status_after(other, status)
            assert refused.value.code == "recognition-status"
        status = rules.status_after(verb, status)
    assert status == "RECOMMENDED"


def test_every_verb_of_officials_has_its_role():
    assert set(rules.MOVES) - set(rules.ROLES) == {"reject", "uphold", "resubmit", "expire"}
    assert set(rules.REJECTING) == rules.MOVES["reject"][0] == set(rules.STEPS)


def test_a_notice_begins_the_day_after_and_has_whole_days():
    assert rules.notice_days(POLICY, TODAY) == (date(2026, 11, 23), date(2026, 11, 29))


@pytest.mark.parametrize(("day", "objections", "code"), [(29, 0, "notice-running"), (30, 1, "objection-open")])
def test_nothing_is_recognised_too_early(day, objections, code):
    with pytest.raises(Conflict) as refused:
        rules.ensure_notice_over(date(2026, 11, 29), open_objections=objections, today=date(2026, 11, day))
    assert refused.value.code == code
    rules.ensure_notice_over(date(2026, 11, 29), open_objections=0, today=date(2026, 11, 30))


def test_a_recognition_holds_for_whole_years_and_a_renewal_follows_without_a_gap():
    assert rules.valid_days(POLICY, TODAY, None) == (TODAY, date(2029, 11, 21))
    assert rules.valid_days(POLICY, TODAY, date(2026, 12, 31)) == (date(2027, 1, 1), date(2029, 12, 31))
    assert rules.valid_days(POLICY, TODAY, date(2026, 1, 1)) == (TODAY, date(2029, 11, 21))
    leap = rules.Policy(7, 1, 90, "", "")
    assert rules.valid_days(leap, date(2028, 2, 29), None) == (date(2028, 2, 29), date(2029, 2, 27))


def test_one_may_renew_in_the_last_days_only():
    with pytest.raises(Conflict) as refused:
        rules.ensure_may_renew(date(2027, 2, 21), POLICY, TODAY)
    assert refused.value.code == "recognition-in-force"
    rules.ensure_may_renew(date(2027, 2, 20), POLICY, TODAY)


def test_nobody_decides_twice():
    person = uuid4()
    rules.ensure_decides_first_time(person, {uuid4()})
    with pytest.raises(Forbidden) as refused:
        rules.ensure_decides_first_time(person, {uuid4(), person})
    assert refused.value.code == "decided-before"


def test_the_smallest_region_and_the_latest_day_set_the_figures():
    def days(region, year):
        return policy_for("recognition", rules.Policy, region_code=region, on=date(year, 6, 1)).notice_days

    assert (days("420325", 2026), days("420325", 2025), days("420324", 2026)) == (5, 7, 7)
    with pytest.raises(Conflict) as refused:
        days("420325", 2018)
    assert refused.value.code == "policy-missing"
